-- How user_data is kept: as text if NULL, else 'base64'.
ALTER TABLE vms ADD COLUMN user_data_encoding TEXT;
-- The SHA-256 of the user data as the VM got them, in hex. It stays when the data go.
ALTER TABLE vms ADD COLUMN user_data_sha256 TEXT;
-- Events are numbered by account, without gaps: an account's cursor tells nothing of what
-- others do. Counters begin where the numbers of the whole journal ended, so that no number
-- means two events.
ALTER TABLE accounts ADD COLUMN last_event INTEGER NOT NULL DEFAULT 0;
UPDATE accounts SET last_event =
    coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0);
ALTER TABLE events ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
UPDATE events SET number = id;
DROP INDEX events_of_account;
CREATE UNIQUE INDEX events_of_account ON events (account_id, number);
-- What a copy of the store is, for its reader: empty in a store that is in use.
CREATE TABLE backup_note (text TEXT NOT NULL) STRICT;
