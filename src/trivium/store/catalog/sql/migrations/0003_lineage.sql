-- Lineage: what runs read, found from both sides. What they wrote is in commits, task_outputs and model_versions.

CREATE TABLE lineage_reads (
    run TEXT NOT NULL, node TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, version BIGINT NOT NULL,
    columns TEXT NOT NULL, PRIMARY KEY (run, node, kind, name, version)
);
CREATE INDEX lineage_reads_by_name ON lineage_reads (kind, name, version, run, node);
-- only: sqlite (a catalog of another kind has no runs when it comes here)
INSERT INTO lineage_reads
    SELECT runs.id, '', 'table', json_extract(input.value, '$.table'), json_extract(input.value, '$.version'), 'null'
    FROM runs, json_each(runs.inputs) AS input;

ALTER TABLE commits ADD COLUMN carried_until BIGINT;
CREATE INDEX commits_by_run ON commits (run) WHERE run IS NOT NULL;
CREATE INDEX task_outputs_by_run ON task_outputs (run);
CREATE INDEX model_versions_by_run ON model_versions (run);
CREATE INDEX model_versions_by_artifact ON model_versions (artifact);
CREATE INDEX model_versions_by_report ON model_versions (report);

CREATE TABLE positions (name TEXT PRIMARY KEY, seq BIGINT NOT NULL);
