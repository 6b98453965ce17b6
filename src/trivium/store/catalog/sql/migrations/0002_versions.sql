-- A file can belong to several spans of versions (restore), and a compaction changes files without a version.

ALTER TABLE commits ADD COLUMN base BIGINT;
ALTER TABLE commits ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE commits ADD COLUMN renamed TEXT NOT NULL DEFAULT '{}';
ALTER TABLE commits ADD COLUMN collected_at TEXT;
CREATE INDEX commits_reshaping ON commits ("table", version) WHERE operation IN ('rename', 'widen');

ALTER TABLE files RENAME TO files_before;
DROP INDEX files_by_table;
CREATE TABLE files (
    path TEXT NOT NULL, "table" TEXT NOT NULL, partition TEXT NOT NULL, rows BIGINT NOT NULL, bytes BIGINT NOT NULL,
    digest TEXT NOT NULL, stamp TEXT NOT NULL, content TEXT NOT NULL, rank BIGINT NOT NULL,
    added_version BIGINT NOT NULL, added_by TEXT NOT NULL, removed_version BIGINT, removed_by TEXT,
    PRIMARY KEY (path, added_version)
);
INSERT INTO files
    SELECT path, "table", partition, rows, bytes, digest, '', '', added_version, added_version, 'commit',
        removed_version, CASE WHEN removed_version IS NULL THEN NULL ELSE 'commit' END
    FROM files_before;
DROP TABLE files_before;
CREATE INDEX files_by_version ON files ("table", added_version);
CREATE INDEX files_by_removal ON files ("table", removed_version) WHERE removed_version IS NOT NULL;
CREATE INDEX files_live ON files ("table", partition) WHERE removed_version IS NULL;

CREATE TABLE snapshots (
    name TEXT PRIMARY KEY, versions TEXT NOT NULL, actor TEXT NOT NULL, created_at TEXT NOT NULL, because TEXT NOT NULL
);
