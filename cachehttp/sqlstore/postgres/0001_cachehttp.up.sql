CREATE TABLE cachehttp_version (
    id smallint PRIMARY KEY CHECK (id = 1),
    n  bigint NOT NULL
);

INSERT INTO cachehttp_version (id, n) VALUES (1, 1);

CREATE TABLE cachehttp_purge (
    tag    text PRIMARY KEY,
    hard   bigint NOT NULL,
    soft   bigint NOT NULL,
    latest bigint NOT NULL,
    at     bigint NOT NULL
);

CREATE INDEX cachehttp_purge_latest ON cachehttp_purge (latest);

CREATE UNLOGGED TABLE cachehttp_entry (
    key     bytea PRIMARY KEY,
    value   bytea NOT NULL,
    tags    jsonb NOT NULL,
    seen    bigint NOT NULL,
    expires bigint NOT NULL
);

CREATE INDEX cachehttp_entry_expires ON cachehttp_entry (expires);
