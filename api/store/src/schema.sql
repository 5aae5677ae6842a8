-- The state of a domain. Every change and its log entry commit in one transaction (design, section 12).
CREATE TABLE log_entry (
    position INTEGER PRIMARY KEY,          -- the entry's index in the log
    bytes    BLOB NOT NULL
) STRICT;

-- Salts and contents of commitments in the log; opened by role, guarded like raw data.
CREATE TABLE opening (
    position INTEGER NOT NULL REFERENCES log_entry (position),
    field    TEXT NOT NULL,
    salt     BLOB NOT NULL,
    content  BLOB,                         -- absent where the content is not kept (totals)
    PRIMARY KEY (position, field)
) STRICT;

CREATE TABLE lineage (
    name      TEXT PRIMARY KEY,
    rho_cap   INTEGER NOT NULL,            -- units of 1e-12; never raised
    delta_cap INTEGER NOT NULL,            -- the account of delta, units of 1e-18; never raised
    delta     REAL NOT NULL
) STRICT;

CREATE TABLE mount (
    dataset   TEXT NOT NULL,
    version   INTEGER NOT NULL,
    lineage   TEXT NOT NULL REFERENCES lineage (name),
    schema    TEXT NOT NULL,               -- TOML, as the provider wrote it
    policy    TEXT NOT NULL,               -- TOML, as the authority wrote it
    shards    TEXT NOT NULL,               -- JSON manifest of the shards
    salt      BLOB NOT NULL,               -- of the shards' digests
    directory TEXT NOT NULL,               -- below the domain's data directory
    at        TEXT NOT NULL,
    PRIMARY KEY (dataset, version)
) STRICT;

CREATE TABLE authorisation (
    id       TEXT PRIMARY KEY,
    dataset  TEXT NOT NULL,
    operator TEXT NOT NULL,
    record   TEXT NOT NULL                 -- JSON
) STRICT;

CREATE TABLE module (
    digest    TEXT PRIMARY KEY,            -- of the seal
    name      TEXT NOT NULL,
    operator  TEXT NOT NULL,
    signer    TEXT NOT NULL,               -- Ed25519 public key of the seal, base64
    component BLOB NOT NULL,
    manifest  TEXT NOT NULL,
    at        TEXT NOT NULL
) STRICT;

CREATE TABLE run (
    id           TEXT PRIMARY KEY,
    question     TEXT NOT NULL UNIQUE,     -- the same question is paid for once
    module       TEXT NOT NULL REFERENCES module (digest),
    parameters   TEXT NOT NULL,            -- JSON
    epsilon      REAL NOT NULL,            -- as asked for
    price        TEXT NOT NULL,            -- JSON: mechanism and parameters of each charge, for all rounds reserved
    slot         TEXT NOT NULL,            -- of the first round
    slot_seconds INTEGER NOT NULL,         -- length of one round's slot
    at           TEXT NOT NULL,
    finished     INTEGER                   -- how many rounds were opened, once no more will be
) STRICT;

-- What a run draws on: one dataset, or two that it joins. A second dataset of the same lineage pays nothing more.
CREATE TABLE charge (
    run      TEXT NOT NULL REFERENCES run (id),
    place    INTEGER NOT NULL,
    dataset  TEXT NOT NULL,
    version  INTEGER NOT NULL,
    lineage  TEXT NOT NULL REFERENCES lineage (name),
    grant_id TEXT NOT NULL REFERENCES authorisation (id),
    rho      INTEGER NOT NULL,             -- from the lineage: reserved; once the run has finished, what its opened rounds cost
    delta    INTEGER NOT NULL,
    grant_rho   INTEGER NOT NULL,          -- from the grant's share: the same, also where the lineage has paid already
    grant_delta INTEGER NOT NULL,
    at       TEXT NOT NULL,
    PRIMARY KEY (run, place)
) STRICT;

CREATE INDEX charge_lineage ON charge (lineage);
CREATE INDEX charge_grant ON charge (grant_id);

-- Public tables that an operator gave with a run.
CREATE TABLE side_table (
    run     TEXT NOT NULL REFERENCES run (id),
    place   INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (run, place)
) STRICT;

CREATE TABLE round (
    run        TEXT NOT NULL REFERENCES run (id),
    number     INTEGER NOT NULL,
    position   INTEGER NOT NULL REFERENCES log_entry (position),
    release    TEXT NOT NULL,              -- JSON, as people read it
    conclusion TEXT NOT NULL,              -- JSON: what the clean half decided on it
    PRIMARY KEY (run, number)
) STRICT;

-- Approvals of modules for exact tables; each approver counts once.
CREATE TABLE approval (
    module   TEXT NOT NULL REFERENCES module (digest),
    dataset  TEXT NOT NULL,
    approver TEXT NOT NULL,                -- Ed25519 public key, base64
    record   TEXT NOT NULL,                -- JSON
    PRIMARY KEY (module, dataset, approver)
) STRICT;

-- Runs of the reviewed aggregate mode. They cost no budget.
CREATE TABLE reviewed_run (
    id           TEXT PRIMARY KEY,
    question     TEXT NOT NULL UNIQUE,
    module       TEXT NOT NULL REFERENCES module (digest),
    dataset      TEXT NOT NULL,
    version      INTEGER NOT NULL,
    lineage      TEXT NOT NULL REFERENCES lineage (name),
    grant_id     TEXT NOT NULL REFERENCES authorisation (id),
    slot         TEXT NOT NULL,
    slot_seconds INTEGER NOT NULL,
    at           TEXT NOT NULL,
    position     INTEGER REFERENCES log_entry (position), -- of its tables, once they are there
    tables       TEXT                      -- JSON, as people read them
) STRICT;

-- What later tables of a lineage are checked against. Data: guarded like shards, never shown.
CREATE TABLE remembered_table (
    lineage  TEXT NOT NULL REFERENCES lineage (name),
    run      TEXT NOT NULL REFERENCES reviewed_run (id),
    name     TEXT NOT NULL,
    measure  TEXT NOT NULL,                -- JSON: as the manifest declares it
    content  TEXT NOT NULL,                -- JSON: exact cells
    PRIMARY KEY (lineage, run, name)
) STRICT;

-- The keys that the log was given after its first.
CREATE TABLE log_key (
    position INTEGER PRIMARY KEY REFERENCES log_entry (position),
    key      TEXT NOT NULL UNIQUE,         -- verifier key
    until    TEXT NOT NULL                 -- when the key before stops signing
) STRICT;

-- Witnesses to which the domain sends its checkpoints.
CREATE TABLE witness (
    vkey  TEXT PRIMARY KEY,                -- verifier key: name+hash+base64
    name  TEXT NOT NULL UNIQUE,
    url   TEXT NOT NULL,                   -- prefix of its address
    known INTEGER NOT NULL,                -- the size that it cosigned last, as far as it is known here
    at    TEXT NOT NULL
) STRICT;

-- Products: the registration as a whole, in one record.
CREATE TABLE product (
    id       TEXT PRIMARY KEY,
    operator TEXT NOT NULL,
    record   TEXT NOT NULL                 -- JSON; opinions and names of persons stand in it: opened by role
) STRICT;

-- Deliveries of products.
CREATE TABLE product_delivery (
    id      TEXT PRIMARY KEY,
    product TEXT NOT NULL REFERENCES product (id),
    record  TEXT NOT NULL                  -- JSON
) STRICT;

-- Which delivery a file left with; from a file's digest back to its origin.
CREATE TABLE product_file (
    digest   TEXT NOT NULL,
    delivery TEXT NOT NULL REFERENCES product_delivery (id),
    path     TEXT NOT NULL,
    PRIMARY KEY (digest, delivery, path)
) STRICT;

-- The public keys of packages that stand in the log; the newest signs.
CREATE TABLE product_keys (
    position INTEGER PRIMARY KEY REFERENCES log_entry (position),
    ed25519  TEXT NOT NULL,
    p256     TEXT NOT NULL
) STRICT;

-- What the authority demands of products; the newest counts.
CREATE TABLE product_policy (
    position INTEGER PRIMARY KEY REFERENCES log_entry (position),
    record   TEXT NOT NULL                 -- JSON
) STRICT;

-- What the noise process answered in a released round, of what left: for replay. As public as the release.
CREATE TABLE noised (
    run     TEXT NOT NULL REFERENCES run (id),
    number  INTEGER NOT NULL,
    salt    BLOB NOT NULL,                 -- of the commitment in the release
    content BLOB NOT NULL,
    PRIMARY KEY (run, number)
) STRICT;

-- Versions that are sealed, being destroyed, or destroyed.
CREATE TABLE custody (
    dataset     TEXT NOT NULL,
    version     INTEGER NOT NULL,
    state       TEXT NOT NULL,             -- sealed, destroying, destroyed
    position    INTEGER REFERENCES log_entry (position), -- of the entry that says so
    record      TEXT NOT NULL,             -- JSON: the intention to destroy, or the certificate
    PRIMARY KEY (dataset, version),
    FOREIGN KEY (dataset, version) REFERENCES mount (dataset, version)
) STRICT;

-- What froze lineages: a run or replay that missed its slot, or a worker that was taken over. For the authority; causes
-- never leave the domain.
CREATE TABLE incident (
    id       TEXT PRIMARY KEY,
    run      TEXT NOT NULL,
    replay   TEXT,                         -- of that run, where it was one
    slot     TEXT NOT NULL,
    cause    TEXT NOT NULL,
    position INTEGER NOT NULL REFERENCES log_entry (position),
    closed   INTEGER REFERENCES log_entry (position), -- of the entry that closes it
    decision TEXT                          -- JSON: by whom, why, when
) STRICT;

CREATE TABLE incident_lineage (
    incident TEXT NOT NULL REFERENCES incident (id),
    lineage  TEXT NOT NULL REFERENCES lineage (name),
    PRIMARY KEY (incident, lineage)
) STRICT;

-- How long records are kept; absent where it is the least that the rules allow.
CREATE TABLE retention (
    years INTEGER NOT NULL
) STRICT;

-- Runs whose records were forgotten under retention.
CREATE TABLE purged (
    run      TEXT PRIMARY KEY,
    at       TEXT NOT NULL,
    position INTEGER NOT NULL REFERENCES log_entry (position)
) STRICT;

-- Entries that are calibrations of machines; the newest counts.
CREATE TABLE calibration (
    position INTEGER PRIMARY KEY REFERENCES log_entry (position)
) STRICT;

-- Records of governance: every version of every thing; the newest has `newest` = 1.
CREATE TABLE record (
    kind        TEXT NOT NULL,
    id          TEXT NOT NULL,
    version     INTEGER NOT NULL,          -- from 1
    state       TEXT NOT NULL,
    owner       TEXT NOT NULL,             -- the organisation whose it is
    counterpart TEXT NOT NULL,             -- the other party, or empty
    content     TEXT NOT NULL,             -- JSON; names of persons stand in it: shown by role
    by          TEXT NOT NULL,             -- the account
    at          TEXT NOT NULL,
    position    INTEGER REFERENCES log_entry (position), -- of the decision; absent for what the keeper notes by itself
    newest      INTEGER NOT NULL,
    PRIMARY KEY (kind, id, version)
) STRICT;

CREATE UNIQUE INDEX record_newest ON record (kind, id) WHERE newest = 1;
CREATE INDEX record_state ON record (kind, state) WHERE newest = 1;

-- By what accounts prove who they are. No secret stands here: hashes of random ones, argon2 of passwords, and what makes
-- the codes of second factors, encrypted under a key of the domain.
CREATE TABLE credential (
    id      TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    kind    TEXT NOT NULL,                 -- token, session, password, certificate, key
    hash    BLOB UNIQUE,                   -- SHA-256 of the secret; absent for passwords
    content TEXT NOT NULL,                 -- JSON: scope, or what a password is held against
    at      TEXT NOT NULL,
    expires TEXT,
    revoked TEXT                           -- when
) STRICT;

CREATE INDEX credential_account ON credential (account, kind);

-- Failed proofs since the last good one.
CREATE TABLE failure (
    account TEXT PRIMARY KEY,
    count   INTEGER NOT NULL,
    last    TEXT NOT NULL
) STRICT;

-- Requests that changed something, by their idempotency key.
CREATE TABLE idempotency (
    scope    TEXT NOT NULL,                -- account and operation
    key      TEXT NOT NULL,
    digest   TEXT NOT NULL,                -- of the request
    position INTEGER REFERENCES log_entry (position), -- of its first entry
    answer   TEXT,                         -- JSON; absent where it is not kept, or not there yet
    at       TEXT NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;

CREATE INDEX idempotency_at ON idempotency (at);

-- What rests, and which stop holds it: a thing is in use again when no row of it is left.
CREATE TABLE suspension (
    kind    TEXT NOT NULL,                 -- grant, dataset, organisation, everything
    subject TEXT NOT NULL,                 -- its name; empty for everything
    stop    TEXT NOT NULL,                 -- what suspends it
    since   TEXT NOT NULL,
    PRIMARY KEY (kind, subject, stop)
) STRICT;

-- As what a run was asked for: the name of a request that waited in a queue, written in the transaction that admits the run.
CREATE TABLE run_of_request (
    request TEXT PRIMARY KEY,
    run     TEXT NOT NULL
) STRICT;

-- Runs that somebody stopped for good: nothing of them is published any more, what they paid stays paid.
CREATE TABLE stopped_run (
    run  TEXT PRIMARY KEY,
    stop TEXT NOT NULL,
    at   TEXT NOT NULL
) STRICT;
