CREATE TABLE idempotency_keys (
	id          bytea PRIMARY KEY,
	fingerprint bytea NOT NULL,
	token       bytea NOT NULL,
	leased_till bigint NOT NULL,
	expires_at  bigint NOT NULL,
	status      integer,
	header      bytea,
	body        bytea
);
CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at);
