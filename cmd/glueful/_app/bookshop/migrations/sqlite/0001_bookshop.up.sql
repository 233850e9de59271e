CREATE TABLE authors (
	id         integer PRIMARY KEY AUTOINCREMENT,
	name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
	created_at timestamp NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')),
	updated_at timestamp NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ'))
);

CREATE TABLE books (
	id         integer PRIMARY KEY AUTOINCREMENT,
	title      text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
	pages      integer NOT NULL CHECK (pages >= 1),
	author_id  integer NOT NULL REFERENCES authors (id),
	created_at timestamp NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')),
	updated_at timestamp NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')),
	deleted_at timestamp
);
CREATE INDEX books_author_id ON books (author_id);

CREATE TABLE reviews (
	id         integer PRIMARY KEY AUTOINCREMENT,
	book_id    integer NOT NULL REFERENCES books (id),
	stars      integer NOT NULL CHECK (stars BETWEEN 1 AND 5),
	text       text NOT NULL,
	created_at timestamp NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')),
	updated_at timestamp NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ'))
);
CREATE INDEX reviews_book_id ON reviews (book_id);
