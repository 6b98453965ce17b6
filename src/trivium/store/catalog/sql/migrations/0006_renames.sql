-- The names that columns had are asked for at every commit, and few commits change them.

CREATE INDEX commits_renaming ON commits ("table", version) WHERE renamed <> '{}';
