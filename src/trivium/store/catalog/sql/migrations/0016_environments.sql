-- Environments of single tasks: their locks and images, and which task ran in which.

ALTER TABLE environments ADD COLUMN lock TEXT NOT NULL DEFAULT '';
ALTER TABLE environments ADD COLUMN image TEXT NOT NULL DEFAULT '';
ALTER TABLE task_runs ADD COLUMN environment TEXT NOT NULL DEFAULT '';
