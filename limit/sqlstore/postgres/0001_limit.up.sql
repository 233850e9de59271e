CREATE UNLOGGED TABLE limit_rate (
    key bytea PRIMARY KEY,
    at  bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

CREATE TABLE limit_quota (
    key  bytea PRIMARY KEY,
    ends bigint NOT NULL,
    used bigint NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
