-- How much of each kind an account may have; null is the default.
ALTER TABLE accounts ADD COLUMN key_limit INTEGER;
ALTER TABLE accounts ADD COLUMN network_limit INTEGER;
ALTER TABLE accounts ADD COLUMN domain_limit INTEGER;
ALTER TABLE accounts ADD COLUMN record_limit INTEGER;
ALTER TABLE accounts ADD COLUMN snapshot_limit INTEGER;
ALTER TABLE accounts ADD COLUMN snapshot_gigabytes REAL;
ALTER TABLE accounts ADD COLUMN backup_gigabytes REAL;

-- Kept by the statements that add and delete records, so that no limit counts rows.
ALTER TABLE domains ADD COLUMN record_count INTEGER NOT NULL DEFAULT 0;
UPDATE domains SET record_count = (
    SELECT count(*) FROM records WHERE records.domain_id = domains.id
);
