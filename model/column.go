package model

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// column reads one tag.
func (t *table) column(f reflect.StructField, tag string, path []int) *column {
	name, options, _ := strings.Cut(tag, ",")
	bad := func(why string) {
		panic(fmt.Sprintf("model: %v.%s `db:%q`: %s", t.typ, f.Name, tag, why))
	}
	if !identifier(name) {
		bad("not a column name ([a-z_][a-z0-9_]*, up to 63 characters)")
	}
	if f.Type.Size() == 0 {
		bad("a field without size has no address of its own")
	}
	c := &column{t: t, name: name, quoted: `"` + name + `"`, path: path, field: f.Name, typ: f.Type}
	flags := map[string]*bool{"pk": &c.pk, "auto": &c.auto, "touch": &c.touch, "soft": &c.soft,
		"lock": &c.lock, "lazy": &c.lazy, "json": &c.json, "pivot": &c.pivot}
	for o := range strings.SplitSeq(options, ",") {
		if flag := flags[o]; flag != nil {
			*flag = true
		} else if o != "" {
			bad(fmt.Sprintf("unknown option %q", o))
		}
	}
	c.nullable = nullable(f.Type)
	c.assign, c.value = codec(c)
	c.mode, c.fill = modeOf(c), fillOf(c)
	if why := c.wrong(); why != "" {
		bad(why)
	}
	t.add(c, bad)
	return c
}

// wrong says what does not fit between the options and the type.
func (c *column) wrong() string {
	switch {
	case c.pk && (c.lazy || c.soft || c.lock || c.touch || c.nullable):
		return "a key is neither lazy, soft, lock, touch nor nullable"
	case c.soft && c.typ != timePointer:
		return "a soft column is a *time.Time"
	case c.lock && !c.typ.ConvertibleTo(reflect.TypeFor[int64]()):
		return "a lock column is an integer"
	case c.touch && c.typ != timeType && c.typ != timePointer:
		return "a touch column is a time.Time"
	case c.assign == nil:
		return fmt.Sprintf("no way to read a %v: implement sql.Scanner and driver.Valuer, or add the option json", c.typ)
	}
	return ""
}

func (t *table) add(c *column, bad func(string)) {
	once := func(p **column, what string) {
		if *p != nil {
			bad("a second " + what + " column")
		}
		*p = c
	}
	if c.pivot {
		t.pivots = append(t.pivots, c)
		return
	}
	for _, other := range t.columns {
		if other.name == c.name {
			bad("the column is declared twice")
		}
	}
	if c.pk {
		t.keys = append(t.keys, c)
	}
	if c.soft {
		once(&t.soft, "soft")
	}
	if c.lock {
		once(&t.lock, "lock")
	}
	c.index = len(t.columns)
	t.columns = append(t.columns, c)
}

// identifier reports whether s needs no thought when quoted.
func identifier(s string) bool {
	if s == "" || len(s) > 63 {
		return false
	}
	for i, r := range []byte(s) {
		if r != '_' && (r < 'a' || r > 'z') && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return true
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	timePointer = reflect.TypeFor[*time.Time]()
	scannerType = reflect.TypeFor[sql.Scanner]()
	valuerType  = reflect.TypeFor[driver.Valuer]()
)

func nullable(t reflect.Type) bool {
	return t.Kind() == reflect.Pointer ||
		t.PkgPath() == "database/sql" && strings.HasPrefix(t.Name(), "Null")
}
