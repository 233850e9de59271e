package model

import (
	"context"
	"database/sql"
	"weak"
)

// typeKey remembers column types for a pool or a wrapped database without
// keeping it alive.
type typeKey struct {
	pool weak.Pointer[Pool]
	base weak.Pointer[sql.DB]
}

// types returns the names of the column types of the table, which PostgreSQL
// cannot infer for unnest. They are asked for once for each pool.
func (t *table) types(ctx context.Context, h *handle) (map[string]string, error) {
	key := typeKey{weak.Make(h.pool), weak.Make(h.base)}
	known := h.pool != nil || h.base != nil
	if known {
		if types, ok := t.lists.Load(key); ok {
			return types.(map[string]string), nil
		}
	}
	cols, err := t.live(ctx, h)
	if err != nil {
		return nil, err
	}
	types := map[string]string{}
	for _, c := range cols {
		types[c.name] = c.typ
	}
	if known && len(types) > 0 {
		t.lists.Store(key, types)
	}
	return types, nil
}

// liveColumn is a column as the database has it.
type liveColumn struct {
	name, typ         string
	notNull, hasValue bool // hasValue: a default, an identity or a generated value
	key               bool
}

// live asks the database for the table's columns; a table that does not exist
// has none.
func (t *table) live(ctx context.Context, h *handle) ([]liveColumn, error) {
	text := `SELECT a.attname::text, format_type(a.atttypid, -1), a.attnotnull,
	a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '',
	EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY(i.indkey))
FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`
	arg := `"` + t.name + `"`
	if h.dialect() == SQLite {
		text = `SELECT name, lower(type), "notnull" <> 0 OR pk > 0, dflt_value IS NOT NULL OR (pk = 1 AND lower(type) = 'integer'), pk > 0
FROM pragma_table_info(?)`
		arg = t.name
	}
	rs, err := h.query(ctx, text, []any{arg})
	if err != nil {
		return nil, err
	}
	defer rs.Close()
	var out []liveColumn
	for rs.Next() {
		var c liveColumn
		if err := rs.Scan(&c.name, &c.typ, &c.notNull, &c.hasValue, &c.key); err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, rs.Err()
}
