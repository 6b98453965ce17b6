-- What is stale: which task made a commit, which partitions a read was narrowed to, which tables runs made.

ALTER TABLE commits ADD COLUMN node TEXT NOT NULL DEFAULT '';
ALTER TABLE lineage_reads ADD COLUMN partitions TEXT NOT NULL DEFAULT 'null';
CREATE INDEX commits_derived ON commits ("table", version) WHERE run IS NOT NULL;
