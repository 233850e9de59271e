package chinook

import (
	"bufio"
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/migrate"
)

//go:embed migrations
var migrations embed.FS

// Load makes the tables and fills them with the rows of the data set in folder
// dir. It returns how many rows there were.
func Load(ctx context.Context, db *model.Pool, dir string) (int, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return 0, err
	}
	if _, err := (migrate.Set{{Name: "chinook", Files: files}}).Up(ctx, db); err != nil {
		return 0, err
	}
	f, err := os.Open(filepath.Join(dir, "Chinook_PostgreSql.sql"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	rows, err := readRows(f)
	if err != nil {
		return 0, err
	}
	return insertAll(ctx, db, rows)
}

// names maps the tables of the file, in an order the foreign keys allow.
var names = []struct{ file, ours string }{
	{"artist", "artists"}, {"genre", "genres"}, {"media_type", "media_types"}, {"playlist", "playlists"},
	{"album", "albums"}, {"track", "tracks"}, {"playlist_track", "playlist_tracks"}, {"employee", "employees"},
	{"customer", "customers"}, {"invoice", "invoices"}, {"invoice_line", "invoice_lines"},
}

// insertAll writes the rows with plain SQL: the models are not trusted with it.
func insertAll(ctx context.Context, db *model.Pool, rows map[string][]row) (int, error) {
	tx, err := db.SQL().BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer tx.Rollback()
	n := 0
	for _, name := range names {
		for _, r := range rows[name.file] {
			if err := r.insert(ctx, tx, db.Dialect(), name.file, name.ours); err != nil {
				return 0, fmt.Errorf("chinook: %s: %w", name.ours, err)
			}
			n++
		}
	}
	return n, tx.Commit()
}

// row is one row of the file. The same columns are shared by many rows.
type row struct {
	columns []string
	values  []any
}

func (r row) insert(ctx context.Context, tx *sql.Tx, dialect model.Dialect, file, ours string) error {
	var cols, marks []string
	values := make([]any, len(r.values))
	for i, c := range r.columns {
		if c == file+"_id" && file != "playlist_track" {
			c = "id"
		}
		cols = append(cols, c)
		mark := "$" + strconv.Itoa(i+1)
		if dialect == model.SQLite {
			mark = "?" + strconv.Itoa(i+1)
		}
		marks = append(marks, mark)
		values[i] = r.values[i]
		if s, ok := values[i].(string); ok && (strings.HasSuffix(c, "_date")) {
			at, err := time.Parse("2006/1/2", s)
			if err != nil {
				return err
			}
			values[i] = at
		}
	}
	_, err := tx.ExecContext(ctx, "INSERT INTO "+ours+" ("+strings.Join(cols, ", ")+") VALUES ("+strings.Join(marks, ", ")+")", values...)
	return err
}

// readRows reads the INSERT statements of the file: a head line with table and
// columns, then a tuple on each line. Strings are N'...' with doubled quotes.
func readRows(r io.Reader) (map[string][]row, error) {
	all := map[string][]row{}
	table, columns := "", []string(nil)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if head, ok := strings.CutPrefix(line, "INSERT INTO "); ok {
			name, rest, _ := strings.Cut(head, " (")
			list, _, ok := strings.Cut(rest, ") VALUES")
			if !ok {
				return nil, fmt.Errorf("chinook: line %d: no columns", n)
			}
			table, columns = name, strings.Split(list, ", ")
			continue
		}
		if table == "" || !strings.HasPrefix(line, "(") {
			table = ""
			continue
		}
		values, rest, err := tuple(line)
		if err != nil || len(values) != len(columns) || rest != "," && rest != ";" {
			return nil, fmt.Errorf("chinook: line %d: %d values, then %q: %v", n, len(values), rest, err)
		}
		all[table] = append(all[table], row{columns, values})
	}
	return all, lines.Err()
}

// tuple reads "(1, N'x', NULL)" and returns what follows it.
func tuple(s string) (values []any, rest string, err error) {
	s = s[1:]
	for {
		s = strings.TrimLeft(s, " ")
		switch {
		case strings.HasPrefix(s, "N'"), strings.HasPrefix(s, "'"):
			var text string
			if text, s, err = quoted(s[strings.IndexByte(s, '\'')+1:]); err != nil {
				return nil, "", err
			}
			values = append(values, text)
		default:
			end := strings.IndexAny(s, ",)")
			if end < 0 {
				return nil, "", io.ErrUnexpectedEOF
			}
			v, err := literal(strings.TrimSpace(s[:end]))
			if err != nil {
				return nil, "", err
			}
			values, s = append(values, v), s[end:]
		}
		if s = strings.TrimLeft(s, " "); strings.HasPrefix(s, ")") {
			return values, strings.TrimSpace(s[1:]), nil
		}
		if !strings.HasPrefix(s, ",") {
			return nil, "", fmt.Errorf("want a comma at %q", s)
		}
		s = s[1:]
	}
}

func quoted(s string) (text, rest string, err error) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '\'')
		if i < 0 {
			return "", "", io.ErrUnexpectedEOF
		}
		b.WriteString(s[:i])
		if s = s[i+1:]; !strings.HasPrefix(s, "'") {
			return b.String(), s, nil
		}
		b.WriteByte('\'')
		s = s[1:]
	}
}

// literal reads a number or NULL. Prices keep their decimals as text.
func literal(s string) (any, error) {
	if s == "NULL" {
		return nil, nil
	}
	if strings.Contains(s, ".") {
		return s, nil
	}
	return strconv.ParseInt(s, 10, 64)
}
