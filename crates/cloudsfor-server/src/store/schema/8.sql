-- Names by their labels from the last to the first, in lower case, each followed by a dot:
-- `com.example.www.`. What is below a name is one range of an index then, from the name's own
-- path to the same with '/' (the character after '.') at its end.
ALTER TABLE domains ADD COLUMN path TEXT NOT NULL DEFAULT '';
ALTER TABLE vms ADD COLUMN path TEXT NOT NULL DEFAULT '';
-- Within its domain, whose own path is empty; null for the name of an address, which is in
-- another zone.
ALTER TABLE records ADD COLUMN path TEXT;

UPDATE domains SET path = reversed.path
FROM (
    WITH RECURSIVE step (id, rest, path) AS (
        SELECT id, lower(name) || '.', '' FROM domains
        UNION ALL
        SELECT id, substr(rest, instr(rest, '.') + 1), substr(rest, 1, instr(rest, '.')) || path
        FROM step WHERE rest != ''
    )
    SELECT id, path FROM step WHERE rest = ''
) AS reversed
WHERE reversed.id = domains.id;

UPDATE vms SET path = reversed.path
FROM (
    WITH RECURSIVE step (id, rest, path) AS (
        SELECT id, lower(name) || '.', '' FROM vms
        UNION ALL
        SELECT id, substr(rest, instr(rest, '.') + 1), substr(rest, 1, instr(rest, '.')) || path
        FROM step WHERE rest != ''
    )
    SELECT id, path FROM step WHERE rest = ''
) AS reversed
WHERE reversed.id = vms.id;

UPDATE records SET path = reversed.path
FROM (
    WITH RECURSIVE step (id, rest, path) AS (
        SELECT id, CASE name WHEN '@' THEN '' ELSE lower(name) || '.' END, '' FROM records
        WHERE NOT (type = 'PTR' AND vm_id IS NOT NULL)
        UNION ALL
        SELECT id, substr(rest, instr(rest, '.') + 1), substr(rest, 1, instr(rest, '.')) || path
        FROM step WHERE rest != ''
    )
    SELECT id, path FROM step WHERE rest = ''
) AS reversed
WHERE reversed.id = records.id;

-- Targets in full, as they were answered: until now each without a final dot was relative.
UPDATE records
SET data = CASE
    WHEN data = '@' THEN domains.name || '.'
    WHEN data LIKE '%.' THEN data
    ELSE data || '.' || domains.name || '.'
END
FROM domains
WHERE domains.id = records.domain_id
    AND records.type IN ('CNAME', 'MX', 'NS', 'PTR', 'SRV') AND records.vm_id IS NULL;

-- A relative name that would be read as a full one from now on is written in full.
UPDATE records
SET name = records.name || '.' || domains.name || '.'
FROM domains
WHERE domains.id = records.domain_id AND records.path IS NOT NULL
    AND ('.' || records.name) LIKE '%.' || domains.name;

CREATE INDEX domains_by_path ON domains (path, account_id);
CREATE INDEX vms_by_path ON vms (account_id, path) WHERE deleted_at IS NULL;
CREATE INDEX records_by_path ON records (domain_id, path, type) WHERE path IS NOT NULL;

-- The names of VMs' addresses, as DNS answers them; null for a VM whose name can be in no
-- domain, as it has no dot: DNS names its address by the service's own name.
CREATE TABLE address_names (
    path TEXT NOT NULL,
    vm_id TEXT NOT NULL REFERENCES vms (id) DEFERRABLE INITIALLY DEFERRED,
    name TEXT,
    PRIMARY KEY (path, vm_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX address_names_of_vm ON address_names (vm_id);

DROP INDEX names_of_addresses;

INSERT OR IGNORE INTO address_names (path, vm_id, name)
WITH RECURSIVE step (id, rest, path) AS (
    SELECT id, name, '' FROM records WHERE type = 'PTR' AND vm_id IS NOT NULL
    UNION ALL
    SELECT id, substr(rest, instr(rest, '.') + 1), substr(rest, 1, instr(rest, '.')) || path
    FROM step WHERE rest != ''
)
SELECT step.path, records.vm_id, records.data
FROM step JOIN records ON records.id = step.id
WHERE step.rest = '';

-- Addresses as cloud/addressing.rs computes them: on a bridge the host itself, else of
-- 100.64.0.0/10 (simulated) or 127.64.0.0/10, behind network and gateway.
INSERT OR IGNORE INTO address_names (path, vm_id)
SELECT 'arpa.in-addr.' || (address >> 24) || '.' || ((address >> 16) & 255) || '.'
    || ((address >> 8) & 255) || '.' || (address & 255) || '.', id
FROM (
    SELECT id, CASE
        WHEN bridge IS NOT NULL THEN public_host
        WHEN features LIKE '%"simulated"%' THEN 1681915904 + public_host + 2
        ELSE 2134900736 + public_host + 2
    END AS address
    FROM vms WHERE deleted_at IS NULL AND instr(name, '.') = 0
);

INSERT OR IGNORE INTO address_names (path, vm_id)
WITH RECURSIVE step (id, rest, path) AS (
    SELECT id, 'fd636c6f75640000' || printf('%016x', public_host + 2), 'arpa.ip6.'
    FROM vms
    WHERE deleted_at IS NULL AND instr(name, '.') = 0
        AND features LIKE '%"simulated"%' AND features LIKE '%"ipv6"%'
    UNION ALL
    SELECT id, substr(rest, 2), path || substr(rest, 1, 1) || '.'
    FROM step WHERE rest != ''
)
SELECT path, id FROM step WHERE rest = '';

-- How the operator set the name service up, for every process that has the store open: one
-- row, written when a service starts.
CREATE TABLE name_service (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    name TEXT NOT NULL,
    -- JSON arrays of strings.
    addresses TEXT NOT NULL,
    reserved TEXT NOT NULL
) STRICT;
