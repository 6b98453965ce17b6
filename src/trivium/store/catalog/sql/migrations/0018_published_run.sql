-- The run whose kept code a published pipeline is.

ALTER TABLE published ADD COLUMN run TEXT NOT NULL DEFAULT '';
