-- Splits and the models examined on them; questions about tables, and who has which row before them.

CREATE TABLE splits (
    name TEXT NOT NULL, version BIGINT NOT NULL, rule TEXT NOT NULL, inputs TEXT NOT NULL,
    past_rows BIGINT NOT NULL, past_digest TEXT NOT NULL, past_blob TEXT NOT NULL, past_window TEXT NOT NULL,
    exam_rows BIGINT NOT NULL, exam_digest TEXT NOT NULL, exam_blob TEXT NOT NULL, exam_window TEXT NOT NULL,
    run TEXT, actor TEXT NOT NULL, created_at TEXT NOT NULL, fresh TEXT, PRIMARY KEY (name, version)
);
CREATE INDEX splits_by_exam ON splits (exam_digest);
CREATE INDEX splits_by_age ON splits (created_at, name, version);

CREATE TABLE split_uses (
    run TEXT NOT NULL, node TEXT NOT NULL, name TEXT NOT NULL, version BIGINT NOT NULL, PRIMARY KEY (run, node, name)
);
CREATE INDEX split_uses_by_split ON split_uses (name, version, run);

CREATE TABLE examined (
    exam_digest TEXT NOT NULL, model TEXT NOT NULL, version BIGINT NOT NULL, registered_at TEXT NOT NULL,
    PRIMARY KEY (exam_digest, model, version)
);

CREATE TABLE label_specs (
    name TEXT PRIMARY KEY, "of" TEXT NOT NULL, key TEXT NOT NULL, question TEXT NOT NULL, options TEXT NOT NULL,
    per_row BIGINT NOT NULL, "order" TEXT NOT NULL, score TEXT NOT NULL, show TEXT NOT NULL, lease TEXT NOT NULL,
    owner TEXT, description TEXT NOT NULL
);
CREATE TABLE label_claims (
    "table" TEXT NOT NULL, "row" TEXT NOT NULL, annotator TEXT NOT NULL, id TEXT NOT NULL, claimed_at TEXT NOT NULL,
    until TEXT NOT NULL, PRIMARY KEY ("table", "row", annotator)
);
