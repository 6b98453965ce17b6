-- How many seconds a run saved by results that it reused; of older runs as far as the executions are known.

ALTER TABLE runs ADD COLUMN saved DOUBLE PRECISION NOT NULL DEFAULT 0;
-- only: sqlite
UPDATE runs SET saved = COALESCE((
    SELECT SUM((
        SELECT (julianday(e.ended_at) - julianday(e.started_at)) * 86400 FROM task_runs e
        WHERE e.key = t.key AND e.status = 'executed' ORDER BY e.started_at DESC LIMIT 1
    )) FROM task_runs t WHERE t.run = runs.id AND t.status = 'cached'
), 0) WHERE cached > 0;
-- only: postgresql
UPDATE runs SET saved = COALESCE((
    SELECT SUM((
        SELECT EXTRACT(EPOCH FROM CAST(e.ended_at AS timestamptz) - CAST(e.started_at AS timestamptz)) FROM task_runs e
        WHERE e.key = t.key AND e.status = 'executed' ORDER BY e.started_at DESC LIMIT 1
    )) FROM task_runs t WHERE t.run = runs.id AND t.status = 'cached'
), 0) WHERE cached > 0;
