-- Where each parameter of a run came from, and which secrets a task was given, by name.

ALTER TABLE runs ADD COLUMN sources TEXT NOT NULL DEFAULT '{}';
ALTER TABLE task_runs ADD COLUMN secrets TEXT NOT NULL DEFAULT '[]';
