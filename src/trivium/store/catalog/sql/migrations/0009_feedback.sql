-- What people said of alerts, and how many alerts there were: found without reading the evidence of each.

CREATE INDEX alerts_judged ON alerts ("table", kind, id, verdict) WHERE verdict IS NOT NULL;
-- only: sqlite
CREATE INDEX alerts_by_time ON alerts (opened_at, "table", "column", kind, verdict);
-- only: postgresql
CREATE INDEX alerts_by_time ON alerts (opened_at);
