-- What sessions have used up, by day. A day's row outlives its session: the day was that expensive all the same.
CREATE TABLE spending (
  day           INTEGER NOT NULL, -- days since the Unix epoch, UTC
  session       TEXT    NOT NULL,
  tokens        INTEGER NOT NULL,
  micro_dollars INTEGER NOT NULL,
  steps         INTEGER NOT NULL, -- model calls
  millis        INTEGER NOT NULL, -- time of turns
  PRIMARY KEY (day, session)
) STRICT, WITHOUT ROWID;

CREATE INDEX spending_of_session ON spending (session);
