-- Audit: which project this is, and the last checkpoint of each file that keeps some, so that a missing one is noticed.

CREATE TABLE projects (id TEXT PRIMARY KEY);
CREATE TABLE witnesses (
    file TEXT NOT NULL, host TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, seq BIGINT NOT NULL,
    at TEXT NOT NULL, PRIMARY KEY (host, file)
);
