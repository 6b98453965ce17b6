-- How many tasks of a run were in branches that were not taken.

ALTER TABLE runs ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
