package wirebench

import (
	"os"
	"strings"
	"testing"
)

// TestDocument holds doc/wire.md against what the contenders answer now;
// WIRE_UPDATE=1 rewrites its table.
func TestDocument(t *testing.T) {
	const name = "../../../doc/wire.md"
	table, err := Markdown()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(data), "| question |")
	if !ok {
		t.Fatalf("%s has no table", name)
	}
	if os.Getenv("WIRE_UPDATE") == "1" {
		if err := os.WriteFile(name, []byte(head+table), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(data) != head+table {
		t.Errorf("%s is out of date; WIRE_UPDATE=1 go test ./wirebench rewrites it. It is now:\n%s", name, table)
	}
}
