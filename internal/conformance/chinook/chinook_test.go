package chinook

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	glueful "github.com/glueful/glueful-go"
	"github.com/glueful/glueful-go/ext/sqlite"
	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/postgres"
)

// each runs the test on a filled database of either kind.
func each(t *testing.T, test func(t *testing.T, db *model.Pool)) {
	dir := needed(t, "GLUEFUL_CHINOOK", "set GLUEFUL_CHINOOK to the folder of the Chinook data set")
	for _, engine := range []string{"postgres", "sqlite"} {
		t.Run(engine, func(t *testing.T) {
			var db *model.Pool
			var err error
			if engine == "postgres" {
				db, err = postgres.Open(t.Context(), schema(t, needed(t, "GLUEFUL_TEST_DSN", "set GLUEFUL_TEST_DSN, or run: go run ./internal/check")))
			} else {
				db, err = sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "chinook.db"))
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { db.Close() })
			n, err := Load(t.Context(), db, dir)
			if err != nil {
				t.Fatal(err)
			}
			if n != 15_607 {
				t.Fatalf("loaded %d rows, want 15,607", n)
			}
			test(t, db)
		})
	}
}

// needed returns an environment variable, and skips without it, or fails in CI.
func needed(t *testing.T, name, say string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" && os.Getenv("CI") == "true" {
		t.Fatal(say)
	}
	if v == "" {
		t.Skip(say)
	}
	return v
}

func schema(t *testing.T, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	admin, err := sql.Open("postgres", dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("t_chinook_%x", rand.Uint64())
	if _, err := admin.ExecContext(t.Context(), "CREATE SCHEMA "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		admin.ExecContext(context.Background(), "DROP SCHEMA "+name+" CASCADE")
		admin.Close()
	})
	q := u.Query()
	q.Set("search_path", name)
	u.RawQuery = q.Encode()
	return u.String()
}

// api serves the routes and returns a function that asks for a path.
func api(t *testing.T, db *model.Pool) func(path string) (int, map[string]any) {
	m := &glueful.Mux{Log: slog.New(slog.DiscardHandler)}
	Routes(m, db)
	srv := httptest.NewServer(m)
	t.Cleanup(srv.Close)
	return func(path string) (int, map[string]any) {
		t.Helper()
		resp, err := srv.Client().Get(srv.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		d := json.NewDecoder(resp.Body)
		d.UseNumber()
		body := map[string]any{}
		if err := d.Decode(&body); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		return resp.StatusCode, body
	}
}

// query runs SQL written by hand and returns each row as the JSON it should be.
func query(t *testing.T, db *model.Pool, text string) []map[string]any {
	t.Helper()
	rows, err := db.SQL().QueryContext(t.Context(), text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	for rows.Next() {
		values, to := make([]any, len(cols)), make([]any, len(cols))
		for i := range values {
			to[i] = &values[i]
		}
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		one := map[string]any{}
		for i, c := range cols {
			one[c] = asJSON(values[i])
		}
		all = append(all, one)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func asJSON(v any) any {
	switch v := v.(type) {
	case int64:
		return json.Number(fmt.Sprint(v))
	case []byte:
		return string(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	}
	return v
}

// list follows the pages of a list to its end.
func walk(t *testing.T, get func(string) (int, map[string]any), path string) (rows []map[string]any, pages int) {
	t.Helper()
	for path != "" {
		status, body := get(path)
		if status != http.StatusOK {
			t.Fatalf("%s: %d %v", path, status, body)
		}
		data, ok := body["data"].([]any)
		if !ok {
			t.Fatalf("%s: no data: %v", path, body)
		}
		for _, x := range data {
			rows = append(rows, x.(map[string]any))
		}
		links, _ := body["links"].(map[string]any)
		path, _ = links["next"].(string)
		pages++
	}
	return rows, pages
}

// tables are the paths and the tables behind them, with the order of the list.
var tables = map[string]struct{ table, order string }{
	"/artists": {"artists", "id"}, "/genres": {"genres", "id"}, "/media-types": {"media_types", "id"},
	"/playlists": {"playlists", "id"}, "/albums": {"albums", "id"}, "/tracks": {"tracks", "id"},
	"/playlist-tracks": {"playlist_tracks", "playlist_id, track_id"}, "/employees": {"employees", "id"},
	"/customers": {"customers", "id"}, "/invoices": {"invoices", "id"}, "/invoice-lines": {"invoice_lines", "id"},
}

func TestServed(t *testing.T) {
	each(t, func(t *testing.T, db *model.Pool) {
		get := api(t, db)
		total := 0
		for path, c := range tables {
			want := query(t, db, "SELECT * FROM "+c.table+" ORDER BY "+c.order)
			got, pages := walk(t, get, path+"?page[size]=100")
			if wantPages := (len(want) + 99) / 100; pages != wantPages {
				t.Errorf("%s: %d pages, want %d", path, pages, wantPages)
			}
			if diff := differ(got, want); diff != "" {
				t.Errorf("%s: %s", path, diff)
			}
			for _, row := range want {
				one := fmt.Sprintf("%s/%v", path, row["id"])
				if path == "/playlist-tracks" {
					one = fmt.Sprintf("%s/%v/%v", path, row["playlist_id"], row["track_id"])
				}
				if total++; testing.Short() && total%50 != 0 {
					continue
				}
				if status, body := get(one); status != http.StatusOK || !reflect.DeepEqual(body, row) {
					t.Errorf("%s: %d %v, want %v", one, status, body, row)
				}
			}
		}
		if total != 15_607 {
			t.Errorf("%d rows shown, want 15,607", total)
		}
		if status, _ := get("/artists/99999"); status != http.StatusNotFound {
			t.Errorf("an artist that is not there: %d", status)
		}
	})
}

// differ says where two lists differ.
func differ(got, want []map[string]any) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d rows, want %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			return fmt.Sprintf("row %d is %v, want %v", i, got[i], want[i])
		}
	}
	return ""
}

func TestDiffer_notices(t *testing.T) {
	row := func(v any) []map[string]any { return []map[string]any{{"a": v}} }
	if differ(row(json.Number("1")), row(json.Number("1"))) != "" {
		t.Error("equal rows differ")
	}
	for _, other := range [][]map[string]any{nil, row(json.Number("2")), row("1"), {{"b": json.Number("1")}}} {
		if differ(other, row(json.Number("1"))) == "" {
			t.Errorf("%v passed for the row", other)
		}
	}
}

// TestExpanded asks for trees and compares them with joins written by hand.
func TestExpanded(t *testing.T) {
	each(t, func(t *testing.T, db *model.Pool) {
		get := api(t, db)
		albums, _ := walk(t, get, "/albums?page[size]=100&fields=id,title,artist(name),tracks(id,name)")
		var got []map[string]any
		for _, a := range albums {
			for _, x := range a["tracks"].([]any) {
				tr := x.(map[string]any)
				got = append(got, map[string]any{"album": a["id"], "title": a["title"], "artist": a["artist"].(map[string]any)["name"], "id": tr["id"], "name": tr["name"]})
			}
		}
		want := query(t, db, `SELECT al.id AS album, al.title, ar.name AS artist, tr.id, tr.name FROM albums al
			JOIN artists ar ON ar.id = al.artist_id JOIN tracks tr ON tr.album_id = al.id ORDER BY al.id, tr.id`)
		if diff := differ(got, want); diff != "" {
			t.Error(diff)
		}
		_, boss := get("/employees/1?fields=id,reports(id,manager(id))")
		for _, x := range boss["reports"].([]any) {
			if m := x.(map[string]any)["manager"].(map[string]any); m["id"] != json.Number("1") {
				t.Errorf("a report of employee 1 has the manager %v", m)
			}
		}
	})
}

func TestReadRows_refuses(t *testing.T) {
	const head = "INSERT INTO artist (artist_id, name) VALUES\n"
	good, err := readRows(strings.NewReader(head + "    (1, N'AC/DC''s'),\n    (2, NULL);\n"))
	if err != nil || len(good["artist"]) != 2 || good["artist"][0].values[1] != "AC/DC's" || good["artist"][1].values[1] != nil {
		t.Fatalf("%v %v", good, err)
	}
	for _, bad := range []string{"(1, N'x'", "(1, N'x)", "(1)", "(1, N'x', 2),", "(x, N'x'),", "(1, N'x') 2"} {
		if rows, err := readRows(bytes.NewBufferString(head + bad + "\n")); err == nil {
			t.Errorf("%q was read as %v", bad, rows)
		}
	}
}
