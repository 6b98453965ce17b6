-- Pipelines that are published for others, by name and version.

CREATE TABLE published (
    name TEXT NOT NULL, version BIGINT NOT NULL, kept TEXT NOT NULL, parameters TEXT NOT NULL, result TEXT NOT NULL,
    tables TEXT NOT NULL, environment TEXT NOT NULL, actor TEXT NOT NULL, created_at TEXT NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (name, version)
);
