-- Columns whose values are masked wherever checks show them.

ALTER TABLE table_specs ADD COLUMN pii TEXT NOT NULL DEFAULT '[]';
