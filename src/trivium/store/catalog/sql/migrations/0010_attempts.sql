-- The attempts of a task that failed before the last one, with their reasons.

ALTER TABLE task_runs ADD COLUMN attempts TEXT NOT NULL DEFAULT '[]';
