-- The bridge of the host that a real machine is on, as JSON; null if it is on none. Then
-- its public host is its address itself.
ALTER TABLE vms ADD COLUMN bridge TEXT;
