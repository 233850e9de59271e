CREATE TABLE idempotency_keys (
	id          blob PRIMARY KEY,
	fingerprint blob NOT NULL,
	token       blob NOT NULL,
	leased_till integer NOT NULL,
	expires_at  integer NOT NULL,
	status      integer,
	header      blob,
	body        blob
);
CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at);
