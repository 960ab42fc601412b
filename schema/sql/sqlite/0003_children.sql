-- How deep beneath a session that a person opened: 0 for such a one, more for those of sub-agents.
ALTER TABLE sessions ADD COLUMN depth INTEGER NOT NULL DEFAULT 0 CHECK (depth >= 0);

DROP INDEX sessions_newest;
DROP INDEX sessions_newest_of_cwd;
CREATE INDEX sessions_newest ON sessions (updated_at DESC, id DESC) WHERE depth = 0;
CREATE INDEX sessions_newest_of_cwd ON sessions (cwd, updated_at DESC, id DESC) WHERE depth = 0;
CREATE INDEX sessions_beneath ON sessions (parent) WHERE depth > 0;
