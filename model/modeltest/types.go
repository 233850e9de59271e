package modeltest

import (
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/glueful/glueful-go/model"
)

type (
	color string

	// id is a key type of somebody else: text in the database, bytes here.
	id [4]byte

	point struct{ X, Y int }

	sample struct {
		ID     id              `db:"id,pk"`
		Text   string          `db:"text"`
		Color  color           `db:"color"`
		Small  int8            `db:"small"`
		Big    uint64          `db:"big"`
		Real   float64         `db:"real"`
		Yes    bool            `db:"yes"`
		Bytes  []byte          `db:"bytes"`
		At     time.Time       `db:"at"`
		MaybeS *string         `db:"maybe_s"`
		MaybeI *int32          `db:"maybe_i"`
		MaybeB *bool           `db:"maybe_b"`
		MaybeT *time.Time      `db:"maybe_t"`
		Null   sql.Null[int64] `db:"null_i"`
		NullS  sql.NullString  `db:"null_s"`
		Point  point           `db:"point,json"`
		Map    map[string]int  `db:"map,json"`
		Raw    json.RawMessage `db:"raw"`
	}
)

func (x id) Value() (driver.Value, error) { return hex.EncodeToString(x[:]), nil }

func (x *id) Scan(src any) error {
	b, err := hex.DecodeString(strings.TrimSpace(fmt.Sprintf("%s", src)))
	copy(x[:], b)
	return err
}

var samples = model.Of[sample]("samples")

func everyType(t *testing.T, db *model.Pool) {
	ctx := t.Context()
	number := func(i int) id { return id{1, 2, 3, byte(i)} }
	at := time.Date(2024, 2, 29, 23, 59, 59, 123456789, time.FixedZone("x", 3600))
	list := []sample{
		{ID: number(0), At: time.Unix(0, 0), Bytes: []byte{}, Raw: json.RawMessage("null")},
		{ID: number(1), Text: `a'b"c\d{}%_$1?` + "\n\t日", Color: "red", Small: -128, Big: math.MaxInt64, Real: math.SmallestNonzeroFloat64, Yes: true,
			Bytes: []byte{0, 255, '\\', '"', '\''}, At: at, MaybeS: new(""), MaybeI: new(int32(-1)), MaybeB: new(false), MaybeT: &at,
			Null: sql.Null[int64]{V: 0, Valid: true}, NullS: sql.NullString{String: "x", Valid: true}, Point: point{1, -2},
			Map: map[string]int{`"k"`: 1}, Raw: json.RawMessage(`{"a": [1, 2]}`)},
		{ID: number(2), Real: -math.MaxFloat64, At: at.Add(time.Microsecond * 876544), MaybeT: new(time.Time), Raw: json.RawMessage(`"s"`), Bytes: []byte{}},
	}
	list[2].MaybeT = new(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC))
	for i := range list {
		x := list[i]
		ok(t, samples.Insert(ctx, db, &x))
		got, err := samples.Find(ctx, db, x.ID)
		ok(t, err)
		sameSample(t, "read back", got, x)
		if got.At.Nanosecond()%1000 != 0 || got.At.Sub(list[i].At).Abs() > time.Microsecond || got.At.Location() != time.UTC {
			t.Errorf("time %v became %v", list[i].At, got.At)
		}
		ok(t, samples.Destroy(ctx, db, &x))
	}
	ok(t, samples.InsertAll(ctx, db, list))
	s := samples.Probe()
	for i := range list {
		got, err := samples.Where(model.In(&s.ID, list[i].ID), model.Eq(&s.At, list[i].At), model.Eq(&s.Yes, list[i].Yes)).One(ctx, db)
		ok(t, err)
		sameSample(t, "inserted together", got, list[i])
	}
	// A time written past the model is the same time.
	other := time.Date(2020, 5, 6, 7, 8, 9, 500_000_000, time.FixedZone("y", -7200))
	_, err := db.SQL().ExecContext(ctx, "UPDATE samples SET at = $1", other)
	ok(t, err)
	if n, err := samples.Where(model.Eq(&s.At, other)).Count(ctx, db); err != nil || n != 3 {
		t.Errorf("rows with a time written past the model = %d, %v, want 3", n, err)
	}
	if err := samples.Insert(ctx, db, &sample{ID: number(9), Big: math.MaxUint64}); err == nil {
		t.Error("an integer that does not fit was written")
	}
	ok(t, exec1(db, "UPDATE samples SET small = 1000"))
	_, err = samples.All(ctx, db)
	if err == nil || !strings.Contains(err.Error(), "samples.small (field Small)") {
		t.Errorf("a value that does not fit: %v, want an error that names the column", err)
	}
}

func sameSample(t *testing.T, what string, got, want sample) {
	t.Helper()
	var compact []any
	for _, raw := range []json.RawMessage{got.Raw, want.Raw} {
		var v any
		ok(t, json.Unmarshal(raw, &v))
		compact = append(compact, v)
	}
	got.Raw, want.Raw = nil, nil
	if !reflect.DeepEqual(compact[0], compact[1]) || !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v %v\nwant %+v %v", what, got, compact[0], want, compact[1])
	}
}
