-- Names of columns are the field names of the structs in trivium.values; nested fields are JSON text; times are ISO 8601 in UTC.

CREATE TABLE events (
    seq BIGINT PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    detail TEXT NOT NULL, hash TEXT NOT NULL
);
CREATE INDEX events_by_subject ON events (subject, seq);
CREATE INDEX events_by_kind ON events (kind, seq);

CREATE TABLE table_specs (
    name TEXT PRIMARY KEY, key TEXT NOT NULL, time TEXT, every TEXT NOT NULL, checks TEXT NOT NULL, watch TEXT NOT NULL,
    owner TEXT, description TEXT NOT NULL
);
CREATE TABLE commits (
    id TEXT PRIMARY KEY, "table" TEXT NOT NULL, version BIGINT, state TEXT NOT NULL, operation TEXT NOT NULL,
    partitions TEXT NOT NULL, rows BIGINT NOT NULL, columns TEXT NOT NULL, added TEXT NOT NULL, removed TEXT NOT NULL,
    idempotency_key TEXT, actor TEXT NOT NULL, run TEXT, committed_at TEXT NOT NULL,
    UNIQUE ("table", version), UNIQUE ("table", idempotency_key)
);
CREATE INDEX commits_by_table ON commits ("table", id);
CREATE TABLE files (
    path TEXT PRIMARY KEY, "table" TEXT NOT NULL, partition TEXT NOT NULL, rows BIGINT NOT NULL, bytes BIGINT NOT NULL,
    digest TEXT NOT NULL, added_version BIGINT NOT NULL, removed_version BIGINT
);
CREATE INDEX files_by_table ON files ("table", added_version);
CREATE TABLE judgements (
    commit_id TEXT NOT NULL, "table" TEXT NOT NULL, partition TEXT NOT NULL, state TEXT NOT NULL, profile TEXT NOT NULL,
    results TEXT NOT NULL, PRIMARY KEY (commit_id, partition)
);
CREATE INDEX judgements_by_partition ON judgements ("table", partition);

CREATE TABLE alerts (
    id TEXT PRIMARY KEY, "table" TEXT NOT NULL, "column" TEXT, partition TEXT NOT NULL, "check" TEXT NOT NULL,
    kind TEXT NOT NULL, severity TEXT NOT NULL, state TEXT NOT NULL, message TEXT NOT NULL, evidence TEXT NOT NULL,
    "commit" TEXT, opened_at TEXT NOT NULL, resolved_at TEXT, resolved_because TEXT, verdict TEXT, verdict_by TEXT,
    verdict_because TEXT
);
CREATE INDEX alerts_by_table ON alerts ("table", state, partition);

CREATE TABLE runs (
    id TEXT PRIMARY KEY, pipeline TEXT NOT NULL, status TEXT NOT NULL, parameters TEXT NOT NULL, inputs TEXT NOT NULL,
    code TEXT NOT NULL, environment TEXT NOT NULL, actor TEXT NOT NULL, started_at TEXT NOT NULL, key TEXT UNIQUE,
    "trigger" TEXT, ended_at TEXT, executed BIGINT NOT NULL, cached BIGINT NOT NULL, metrics TEXT NOT NULL,
    tags TEXT NOT NULL, error TEXT
);
CREATE INDEX runs_by_pipeline ON runs (pipeline, id);
CREATE TABLE task_runs (
    run TEXT NOT NULL, node TEXT NOT NULL, task TEXT NOT NULL, key TEXT NOT NULL, status TEXT NOT NULL,
    started_at TEXT NOT NULL, ended_at TEXT, outputs TEXT NOT NULL, upstream TEXT NOT NULL, reason TEXT NOT NULL,
    error TEXT, log TEXT NOT NULL, parts TEXT NOT NULL, PRIMARY KEY (run, node)
);
CREATE INDEX task_runs_by_key ON task_runs (key, status);
CREATE INDEX task_runs_by_task ON task_runs (task, started_at);
CREATE TABLE task_outputs (digest TEXT NOT NULL, run TEXT NOT NULL, node TEXT NOT NULL, PRIMARY KEY (digest, run, node));
CREATE TABLE environments (digest TEXT PRIMARY KEY, python TEXT NOT NULL, packages TEXT NOT NULL, platform TEXT NOT NULL);
CREATE TABLE metric_points (
    run TEXT NOT NULL, name TEXT NOT NULL, value DOUBLE PRECISION, step BIGINT NOT NULL, at TEXT NOT NULL,
    PRIMARY KEY (run, name, step, at)
);

CREATE TABLE model_versions (
    name TEXT NOT NULL, version BIGINT NOT NULL, artifact TEXT NOT NULL, report TEXT NOT NULL, run TEXT,
    author TEXT NOT NULL, registered_at TEXT NOT NULL, signature TEXT NOT NULL, metrics TEXT NOT NULL,
    aliases TEXT NOT NULL, score DOUBLE PRECISION, description TEXT NOT NULL, PRIMARY KEY (name, version),
    UNIQUE (name, artifact, report)
);
CREATE TABLE gates (
    id TEXT PRIMARY KEY, model TEXT NOT NULL, version BIGINT NOT NULL, passed BIGINT NOT NULL, results TEXT NOT NULL,
    against BIGINT, judged_at TEXT NOT NULL
);
CREATE INDEX gates_by_model ON gates (model, version, id);
CREATE TABLE approvals (
    id TEXT PRIMARY KEY, model TEXT NOT NULL, version BIGINT NOT NULL, decision TEXT NOT NULL, actor TEXT NOT NULL,
    because TEXT NOT NULL, decided_at TEXT NOT NULL
);
CREATE INDEX approvals_by_model ON approvals (model, version, id);
CREATE TABLE alias_changes (
    id TEXT PRIMARY KEY, model TEXT NOT NULL, alias TEXT NOT NULL, version BIGINT, actor TEXT NOT NULL,
    because TEXT NOT NULL, changed_at TEXT NOT NULL
);
CREATE INDEX alias_changes_by_model ON alias_changes (model, alias, id);
CREATE TABLE evidence (
    id TEXT PRIMARY KEY, model TEXT NOT NULL, test TEXT NOT NULL, automated BIGINT NOT NULL, statement TEXT NOT NULL,
    actor TEXT NOT NULL, recorded_at TEXT NOT NULL, link TEXT NOT NULL
);
CREATE INDEX evidence_by_model ON evidence (model, id);

CREATE TABLE endpoints (
    name TEXT PRIMARY KEY, spec TEXT NOT NULL, routes TEXT NOT NULL, routes_seq BIGINT NOT NULL, state TEXT NOT NULL,
    deployed_at TEXT NOT NULL, url TEXT, pid BIGINT
);
CREATE TABLE verdicts (
    id TEXT PRIMARY KEY, endpoint TEXT NOT NULL, candidate BIGINT NOT NULL, champion BIGINT NOT NULL,
    decision TEXT NOT NULL, because TEXT NOT NULL, evidence TEXT NOT NULL, decided_at TEXT NOT NULL
);
CREATE INDEX verdicts_by_endpoint ON verdicts (endpoint, id);

CREATE TABLE triggers (
    name TEXT PRIMARY KEY, event TEXT NOT NULL, subject TEXT NOT NULL, action TEXT NOT NULL, target TEXT NOT NULL,
    every TEXT, arguments TEXT NOT NULL, paused BIGINT NOT NULL, "cursor" BIGINT NOT NULL
);
CREATE TABLE firings (
    id TEXT PRIMARY KEY, "trigger" TEXT NOT NULL, event BIGINT NOT NULL, state TEXT NOT NULL, created_at TEXT NOT NULL,
    partition TEXT NOT NULL, reason TEXT NOT NULL, run TEXT, attempts BIGINT NOT NULL, ended_at TEXT,
    UNIQUE ("trigger", event)
);
CREATE INDEX firings_by_state ON firings (state, id);
