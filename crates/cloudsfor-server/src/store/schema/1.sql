-- Times are UTC: whole seconds where the API shows them (so that the order of a
-- list is the order that its reader can see), milliseconds (_ms) elsewhere.

CREATE TABLE accounts (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE COLLATE NOCASE,
    uuid TEXT NOT NULL UNIQUE,
    vm_limit INTEGER NOT NULL,
    -- Kept by the statements that add and delete VMs, so that neither a quota
    -- nor a total ever counts rows.
    vm_count INTEGER NOT NULL DEFAULT 0,
    -- Grows when a password changes; whoever remembers an older one forgets it.
    password_version INTEGER NOT NULL DEFAULT 1,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE passwords (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, name)
) STRICT;

CREATE TABLE vms (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL COLLATE NOCASE,
    region TEXT NOT NULL,
    -- The image's identifier as sent, and what it was then.
    distro TEXT NOT NULL,
    image_id TEXT NOT NULL,
    image_name TEXT NOT NULL,
    memory REAL NOT NULL,
    vcpus INTEGER NOT NULL,
    disk INTEGER NOT NULL,
    plan TEXT NOT NULL,
    status TEXT NOT NULL,
    locked INTEGER NOT NULL,
    -- A JSON array of the wire's feature names.
    features TEXT NOT NULL,
    -- JSON objects and arrays as in the create request.
    labels TEXT NOT NULL,
    ssh_keys TEXT NOT NULL,
    user_data TEXT,
    protected INTEGER NOT NULL,
    -- Its number in the public pool; the network says what address that is.
    public_host INTEGER NOT NULL,
    -- Its places in private networks: a JSON array of subnets and hosts.
    private_places TEXT NOT NULL DEFAULT '[]',
    -- When its next backup is due; null if none are made.
    next_backup_at INTEGER,
    snapshot_count INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    -- A deleted VM is kept for accounting and is invisible to everything else.
    deleted_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX vms_in_order ON vms (account_id, created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX vms_by_name ON vms (account_id, name) WHERE deleted_at IS NULL;

CREATE INDEX vms_to_back_up ON vms (next_backup_at)
    WHERE next_backup_at IS NOT NULL AND deleted_at IS NULL;

CREATE TABLE snapshots (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    vm_id TEXT NOT NULL REFERENCES vms (id),
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    distro TEXT NOT NULL,
    memory REAL NOT NULL,
    vcpus INTEGER NOT NULL,
    disk INTEGER NOT NULL,
    size_gigabytes REAL NOT NULL,
    status TEXT NOT NULL,
    is_backup INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX snapshots_of_vm ON snapshots (vm_id, created_at, id);
CREATE INDEX snapshots_in_order ON snapshots (account_id, created_at, id);

CREATE TABLE ssh_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    public_key TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    md5 TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, sha256)
) STRICT;

CREATE TABLE networks (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL,
    -- Which of the account's subnets it has: none is in two networks at once.
    subnet INTEGER NOT NULL,
    -- The account's network for VMs that only ask for private networking.
    is_default INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (account_id, subnet)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX default_network ON networks (account_id) WHERE is_default;

CREATE TABLE network_members (
    network_id TEXT NOT NULL REFERENCES networks (id),
    vm_id TEXT NOT NULL REFERENCES vms (id) DEFERRABLE INITIALLY DEFERRED,
    host INTEGER NOT NULL,
    PRIMARY KEY (network_id, vm_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX networks_of_vm ON network_members (vm_id);

-- Names are unique over all accounts.
CREATE TABLE domains (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    name TEXT NOT NULL UNIQUE COLLATE NOCASE,
    ttl INTEGER NOT NULL,
    serial INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX domains_of_account ON domains (account_id, created_at, name);

CREATE TABLE records (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    domain_id INTEGER NOT NULL REFERENCES domains (id),
    type TEXT NOT NULL,
    name TEXT NOT NULL COLLATE NOCASE,
    data TEXT NOT NULL,
    priority INTEGER,
    port INTEGER,
    weight INTEGER,
    -- The VM that it was made for and that it follows; read-only then.
    vm_id TEXT REFERENCES vms (id),
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX records_of_domain ON records (domain_id, created_at, id);
CREATE INDEX records_of_vm ON records (vm_id) WHERE vm_id IS NOT NULL;

-- What happened to VMs and actions, for those who watch. Kept for a day.
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX events_of_account ON events (account_id, id);
CREATE INDEX events_by_age ON events (created_at);

-- What is still to be carried out, and what was: one row for each action.
CREATE TABLE operations (
    id TEXT PRIMARY KEY,
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    vm_id TEXT NOT NULL REFERENCES vms (id),
    kind TEXT NOT NULL,
    -- What the operation needs to know, as JSON.
    arguments TEXT NOT NULL,
    region TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    started_at INTEGER NOT NULL,
    started_at_ms INTEGER NOT NULL,
    completed_at INTEGER,
    -- When a worker is to look at it, which for a claimed one is when its lease
    -- ends; null once it has ended.
    due_at_ms INTEGER,
    -- The worker that claimed it has it until then; null if none has. The fence
    -- grows with each claim, and a result under an older fence is ignored.
    leased_until_ms INTEGER,
    fence INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE INDEX operations_due ON operations (due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX operations_of_vm ON operations (vm_id, started_at, id);
CREATE INDEX operations_of_account ON operations (account_id, started_at, id);

-- An address is taken before its VM is written down, in the same transaction.
CREATE TABLE addresses (
    pool TEXT NOT NULL,
    host INTEGER NOT NULL,
    vm_id TEXT NOT NULL REFERENCES vms (id) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (pool, host)
) STRICT, WITHOUT ROWID;

CREATE INDEX addresses_of_vm ON addresses (vm_id);

-- The last host that was given out of each pool, so that an address that
-- becomes free is not given to the next VM at once.
CREATE TABLE address_pools (
    pool TEXT PRIMARY KEY,
    last_host INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Answers to requests that carried an Idempotency-Key, kept verbatim.
CREATE TABLE idempotency (
    account_id INTEGER NOT NULL REFERENCES accounts (id),
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    answer BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);
