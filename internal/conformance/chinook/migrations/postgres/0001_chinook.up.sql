CREATE TABLE artists (
	id bigint PRIMARY KEY,
	name text
);

CREATE TABLE genres (
	id bigint PRIMARY KEY,
	name text
);

CREATE TABLE media_types (
	id bigint PRIMARY KEY,
	name text
);

CREATE TABLE playlists (
	id bigint PRIMARY KEY,
	name text
);

CREATE TABLE albums (
	id bigint PRIMARY KEY,
	title text NOT NULL,
	artist_id bigint NOT NULL REFERENCES artists (id)
);
CREATE INDEX albums_artist_id ON albums (artist_id);

CREATE TABLE tracks (
	id bigint PRIMARY KEY,
	name text NOT NULL,
	album_id bigint REFERENCES albums (id),
	media_type_id bigint NOT NULL REFERENCES media_types (id),
	genre_id bigint REFERENCES genres (id),
	composer text,
	milliseconds bigint NOT NULL,
	bytes bigint,
	unit_price numeric(10,2) NOT NULL
);
CREATE INDEX tracks_album_id ON tracks (album_id);
CREATE INDEX tracks_media_type_id ON tracks (media_type_id);
CREATE INDEX tracks_genre_id ON tracks (genre_id);

CREATE TABLE playlist_tracks (
	playlist_id bigint NOT NULL REFERENCES playlists (id),
	track_id bigint NOT NULL REFERENCES tracks (id),
	PRIMARY KEY (playlist_id, track_id)
);
CREATE INDEX playlist_tracks_track_id ON playlist_tracks (track_id);

CREATE TABLE employees (
	id bigint PRIMARY KEY,
	last_name text NOT NULL,
	first_name text NOT NULL,
	title text,
	reports_to bigint REFERENCES employees (id),
	birth_date timestamptz,
	hire_date timestamptz,
	address text,
	city text,
	state text,
	country text,
	postal_code text,
	phone text,
	fax text,
	email text
);
CREATE INDEX employees_reports_to ON employees (reports_to);

CREATE TABLE customers (
	id bigint PRIMARY KEY,
	first_name text NOT NULL,
	last_name text NOT NULL,
	company text,
	address text,
	city text,
	state text,
	country text,
	postal_code text,
	phone text,
	fax text,
	email text NOT NULL,
	support_rep_id bigint REFERENCES employees (id)
);
CREATE INDEX customers_support_rep_id ON customers (support_rep_id);

CREATE TABLE invoices (
	id bigint PRIMARY KEY,
	customer_id bigint NOT NULL REFERENCES customers (id),
	invoice_date timestamptz NOT NULL,
	billing_address text,
	billing_city text,
	billing_state text,
	billing_country text,
	billing_postal_code text,
	total numeric(10,2) NOT NULL
);
CREATE INDEX invoices_customer_id ON invoices (customer_id);

CREATE TABLE invoice_lines (
	id bigint PRIMARY KEY,
	invoice_id bigint NOT NULL REFERENCES invoices (id),
	track_id bigint NOT NULL REFERENCES tracks (id),
	unit_price numeric(10,2) NOT NULL,
	quantity bigint NOT NULL
);
CREATE INDEX invoice_lines_invoice_id ON invoice_lines (invoice_id);
CREATE INDEX invoice_lines_track_id ON invoice_lines (track_id);
