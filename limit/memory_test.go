package limit_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/glueful/glueful-go/limit"
)

// spell writes i where a key has room for it.
func spell(key []byte, i int) { binary.BigEndian.PutUint64(key, uint64(i)) }

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestMemory_flood is 10^7 distinct keys against a table of 65,536 places,
// 10^8 with GLUEFUL_LONG.
func TestMemory_flood(t *testing.T) {
	n := 10_000_000
	switch {
	case testing.Short(), raceEnabled:
		n = 300_000
	case os.Getenv("GLUEFUL_LONG") != "":
		n = 100_000_000
	}
	c := &clock{someday}
	m := new(limit.Memory).At(c.now)
	var overflow int
	l := &limit.Limiter{Name: "x", Store: m, Limits: []limit.Limit{
		limit.Quota{Name: "q", Count: 10, Per: time.Hour},
	}, Count: func(event, _ string) {
		if event == "overflow" {
			overflow++
		}
	}}
	victims := func(cost int64, admitted bool) {
		t.Helper()
		for i := range 100 {
			if _, err := l.Take(t.Context(), fmt.Sprint("victim ", i), cost); (err == nil) != admitted {
				t.Fatalf("victim %d, cost %d: %v, want admitted %v", i, cost, err, admitted)
			}
		}
	}
	victims(3, true)
	before := heap()
	var granted int
	key := make([]byte, 8)
	for i := range n {
		c.ns += 10
		spell(key, i)
		if _, err := l.Take(t.Context(), string(key), 10); err == nil {
			granted++
		}
	}
	if grown := heap() - before; grown > 1<<20 {
		t.Errorf("%d keys made the heap grow by %d bytes", n, grown)
	}
	if overflow == 0 {
		t.Error("the table did not overflow, so this was no flood")
	}
	if most := 65536 + 65536/128; granted > most {
		t.Errorf("%d newcomers were admitted, want at most %d: a live key was evicted", granted, most)
	}
	victims(8, false) // to the unit: 7 are left
	victims(7, true)
	victims(1, false)
	c.ns += int64(2 * time.Hour)
	if _, err := l.Take(t.Context(), "newcomer", 10); err != nil {
		t.Errorf("once the flood is over: %v", err)
	}
}

func TestMemory_overflow_is_shared_and_strict(t *testing.T) {
	c := &clock{someday}
	l := &limit.Limiter{Name: "x", Store: (&limit.Memory{Slots: 256}).At(c.now), Limits: []limit.Limit{limit.Quota{Count: 5, Per: time.Hour}}}
	for i := range 5000 {
		_, _ = l.Take(t.Context(), strconv.Itoa(i), 5) // fill
	}
	late := 0
	for i := range 5000 {
		if _, err := l.Take(t.Context(), fmt.Sprint("late ", i), 1); err == nil {
			late++
		}
	}
	if late > 0 {
		t.Errorf("%d newcomers to a full table were admitted", late)
	}
	other := &limit.Limiter{Name: "y", Store: l.Store, Limits: []limit.Limit{limit.Rate{Count: 5, Per: time.Hour}}}
	for i := range 5000 {
		_, _ = other.Take(t.Context(), strconv.Itoa(i), 5) // takes what places there are
	}
	for i := range 5000 {
		if _, err := other.Take(t.Context(), fmt.Sprint("late ", i), 1); err == nil {
			t.Fatal("a full table admitted under another limit, whose overflow is not known")
		}
	}
	c.ns += int64(time.Hour + time.Second)
	if _, err := other.Take(t.Context(), "k", 1); err != nil {
		t.Errorf("after the window: %v", err)
	}
}

func TestMemory_has_no_pointers(t *testing.T) {
	var walk func(reflect.Type) bool
	walk = func(x reflect.Type) bool {
		switch x.Kind() {
		case reflect.Struct:
			for f := range x.Fields() {
				if !walk(f.Type) {
					return false
				}
			}
			return true
		case reflect.Array:
			return walk(x.Elem())
		case reflect.Int64, reflect.Uint64:
			return true
		}
		return false
	}
	for _, p := range new(limit.Memory).Parts() {
		if !walk(reflect.TypeOf(p)) {
			t.Errorf("%T has something the garbage collector would follow", p)
		}
	}
	if walk(reflect.TypeFor[struct{ p *int }]()) {
		t.Error("a pointer was not found")
	}
}

func TestMemory_bytes_a_key(t *testing.T) {
	const n = 1_000_000
	m := &limit.Memory{Slots: 2 * n}
	if got := float64(m.Size()) / n; got > 34 {
		t.Errorf("%.2f bytes a key at 10^6 keys, want at most 34", got)
	}
	if testing.Short() || raceEnabled {
		return
	}
	before := heap()
	l := &limit.Limiter{Name: "x", Store: m, Limits: []limit.Limit{limit.Quota{Count: 1, Per: time.Hour}}}
	key := make([]byte, 8)
	for i := range n {
		spell(key, i)
		if _, err := l.Take(t.Context(), string(key), 1); err != nil {
			t.Fatalf("key %d of a table with room: %v", i, err)
		}
	}
	if got := float64(heap()-before) / n; got > 34.5 {
		t.Errorf("%.2f bytes a key by the heap, want at most 34.5", got)
	}
	runtime.KeepAlive(m)
}

// Keys that all fall on one of 64 FNV shards, as an attacker can make them.
func TestMemory_hash_cannot_be_aimed(t *testing.T) {
	var aimed [][]byte
	for i := 0; len(aimed) < 20_000; i++ {
		k := strconv.AppendInt(nil, int64(i), 10)
		h := uint64(14695981039346656037)
		for _, c := range k {
			h = (h ^ uint64(c)) * 1099511628211
		}
		if h%64 == 0 {
			aimed = append(aimed, k)
		}
	}
	m := new(limit.Memory)
	m.Size() // makes the seed
	if most := m.Spread(func(i int) uint64 { return m.Sum(aimed[i]) }, len(aimed)); most > 500 {
		t.Errorf("%d of 20,000 keys share a lock, want at most 500", most)
	}
	if most := m.Spread(func(i int) uint64 { return 0 }, 20_000); most <= 500 {
		t.Error("keys that all share a lock were not found")
	}
}

func TestAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	ctx := context.Background()
	l := &limit.Limiter{Limits: []limit.Limit{limit.Rate{Count: 1 << 36, Per: time.Hour}, limit.Quota{Count: 1 << 34, Per: time.Hour}}}
	long := string(make([]byte, 300))
	if n := testing.AllocsPerRun(1000, func() {
		if _, err := l.Take(ctx, long, 1); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Take makes %v allocations, want 0", n)
	}
	r := httptest.NewRequest("GET", "/", nil)
	if n := testing.AllocsPerRun(1000, func() {
		if err := l.Check(r); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("Check makes %v allocations, want 0", n)
	}
	h := l.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r) // makes room in the header map
	n := testing.AllocsPerRun(1000, func() {
		clear(w.Header())
		h.ServeHTTP(w, r)
	})
	if w.Header().Get("RateLimit") == "" || n > 4 {
		t.Errorf("a request makes %v allocations with headers %v, want at most 4", n, w.Header())
	}
}
