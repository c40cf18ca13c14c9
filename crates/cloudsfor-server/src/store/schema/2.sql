-- An account that is disabled keeps all it has; nobody can log in to it.
ALTER TABLE accounts ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0;

-- Who changed what, when, from where.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    -- The name of the password that was used, 'owner' for whoever can read the
    -- data directory, 'operator' for a command about accounts.
    login TEXT NOT NULL,
    -- The address that it came from; null on this machine.
    address TEXT,
    operation TEXT NOT NULL,
    target TEXT NOT NULL,
    request_id TEXT
) STRICT;

CREATE INDEX audit_of_account ON audit (account_id, id);
CREATE INDEX audit_by_age ON audit (at_ms);

-- What is accounted for: intervals in which a VM existed with the same sizes and
-- did or did not run. They follow one another without gap or overlap, and each
-- VM that exists has one that is open. Kept after the VM is deleted.
CREATE TABLE usage (
    id INTEGER PRIMARY KEY,
    vm_id TEXT NOT NULL REFERENCES vms (id),
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    plan TEXT NOT NULL,
    memory REAL NOT NULL,
    vcpus INTEGER NOT NULL,
    disk INTEGER NOT NULL,
    running INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;

CREATE UNIQUE INDEX usage_open ON usage (vm_id) WHERE ended_at IS NULL;
CREATE INDEX usage_by_time ON usage (ended_at, started_at);

INSERT INTO usage (vm_id, account_id, plan, memory, vcpus, disk, running, started_at, ended_at)
    SELECT id, account_id, plan, memory, vcpus, disk, status = 'running', created_at,
        max(deleted_at, created_at)
    FROM vms;
