-- How user_data is kept: as text if NULL, else 'base64'.
ALTER TABLE vms ADD COLUMN user_data_encoding TEXT;
-- The SHA-256 of the user data as the VM got them, in hex. It stays when the data go.
ALTER TABLE vms ADD COLUMN user_data_sha256 TEXT;
