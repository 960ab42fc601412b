CREATE TABLE sessions (
  key        INTEGER PRIMARY KEY,
  id         TEXT    NOT NULL UNIQUE,
  parent     TEXT,
  cwd        TEXT    NOT NULL,
  additional TEXT    NOT NULL, -- JSON array of paths
  title      TEXT,
  mode       TEXT    NOT NULL,
  options    TEXT    NOT NULL, -- JSON array of [id, value]
  created_at INTEGER NOT NULL, -- milliseconds since the Unix epoch
  updated_at INTEGER NOT NULL,
  head       INTEGER NOT NULL CHECK (head >= 0),
  running    INTEGER NOT NULL CHECK (running IN (0, 1)),
  epoch      INTEGER NOT NULL CHECK (epoch >= 1),
  owner      TEXT    NOT NULL  -- pid:start-time:boot-id of the process that claimed it last
) STRICT;

CREATE INDEX sessions_newest ON sessions (updated_at DESC, id DESC);
CREATE INDEX sessions_newest_of_cwd ON sessions (cwd, updated_at DESC, id DESC);

-- One row holds one event, or a run of consecutive text pieces of one message.
CREATE TABLE events (
  session INTEGER NOT NULL REFERENCES sessions (key) ON DELETE CASCADE,
  seq     INTEGER NOT NULL CHECK (seq >= 1), -- number of the row's first event
  count   INTEGER NOT NULL CHECK (count BETWEEN 1 AND 65536),
  at      INTEGER NOT NULL, -- of the first event, milliseconds since the Unix epoch
  form    INTEGER NOT NULL CHECK (form IN (0, 1, 2)), -- 0 an event as JSON, 1 text, 2 thought
  message TEXT,
  pieces  BLOB, -- boundaries and times of a run of more than one piece
  body    TEXT NOT NULL,
  PRIMARY KEY (session, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  workspace  TEXT    NOT NULL,
  text       TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (workspace, text)
) STRICT;
