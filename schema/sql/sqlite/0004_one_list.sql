-- One index for both lists, for every commit moves its session to the end of it: a list of one folder reads past the
-- others there.
DROP INDEX sessions_newest;
DROP INDEX sessions_newest_of_cwd;
CREATE INDEX sessions_newest ON sessions (updated_at, id, cwd) WHERE depth = 0;
