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
    cap       INTEGER NOT NULL,            -- rho, units of 1e-12; never raised
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
    id         TEXT PRIMARY KEY,
    question   TEXT NOT NULL UNIQUE,       -- the same question is paid for once
    grant_id   TEXT NOT NULL REFERENCES authorisation (id),
    dataset    TEXT NOT NULL,
    version    INTEGER NOT NULL,
    lineage    TEXT NOT NULL REFERENCES lineage (name),
    module     TEXT NOT NULL REFERENCES module (digest),
    parameters TEXT NOT NULL,              -- JSON
    epsilon    REAL NOT NULL,              -- as asked for
    price      TEXT NOT NULL,              -- JSON: mechanism and parameters of each charge
    rho        INTEGER NOT NULL,
    delta      INTEGER NOT NULL,           -- taken from the account of delta, units of 1e-18
    slot       TEXT NOT NULL,
    at         TEXT NOT NULL,
    released   INTEGER REFERENCES log_entry (position),
    release    TEXT                        -- JSON, once released
) STRICT;

CREATE INDEX run_lineage ON run (lineage);
CREATE INDEX run_grant ON run (grant_id);
