-- What happens around a failed check: rows diverted from a commit, alerts that are muted until a moment.

ALTER TABLE commits ADD COLUMN diverted_from TEXT;
CREATE INDEX commits_aside ON commits ("table", id) WHERE state = 'quarantined';
ALTER TABLE alerts ADD COLUMN muted_until TEXT;
