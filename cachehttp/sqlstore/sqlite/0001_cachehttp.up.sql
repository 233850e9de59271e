CREATE TABLE cachehttp_version (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    n  INTEGER NOT NULL
);

INSERT INTO cachehttp_version (id, n) VALUES (1, 1);

CREATE TABLE cachehttp_purge (
    tag    TEXT PRIMARY KEY,
    hard   INTEGER NOT NULL,
    soft   INTEGER NOT NULL,
    latest INTEGER NOT NULL,
    at     INTEGER NOT NULL
);

CREATE INDEX cachehttp_purge_latest ON cachehttp_purge (latest);

CREATE TABLE cachehttp_entry (
    key     BLOB PRIMARY KEY,
    value   BLOB NOT NULL,
    tags    TEXT NOT NULL,
    seen    INTEGER NOT NULL,
    expires INTEGER NOT NULL
);

CREATE INDEX cachehttp_entry_expires ON cachehttp_entry (expires);
