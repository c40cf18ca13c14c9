-- Where SSH answers at a real machine's address.
ALTER TABLE vms ADD COLUMN ssh_port INTEGER;
