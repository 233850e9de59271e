package model

// A Cond is one condition of a query. Conditions are values: they can be kept,
// shared and combined, and they hold no SQL of yours but what [SQL] was given
// as a constant. A condition is true or false, never NULL: Not(c) holds for
// exactly the rows c does not hold for.
type Cond struct {
	op    op
	field any // address of a probe's field
	value any
	text  string // SQL, or the operator
}

type op uint8

const (
	opNone    op = iota // no condition: always true
	opCompare           // field text value
	opEqual             // knows about NULL when negated
	opUnequal
	opIn
	opNull
	opLike // text is the place of the wildcards: "ends", "starts", "contains", "search"
	opNot
	opAnd
	opOr
	opSQL
	opHas
	opSub
)

// Eq holds where the column equals value. A nil value is an error when the
// query runs: say [IsNull].
func Eq[V any](field *V, value V) Cond { return Cond{op: opEqual, field: field, value: value} }

// Ne holds where the column does not equal value, NULL included.
func Ne[V any](field *V, value V) Cond { return Cond{op: opUnequal, field: field, value: value} }

// Gt holds where the column is greater than value.
func Gt[V any](field *V, value V) Cond { return compare(field, ">", value) }

// Ge holds where the column is greater than value or equal to it.
func Ge[V any](field *V, value V) Cond { return compare(field, ">=", value) }

// Lt holds where the column is less than value.
func Lt[V any](field *V, value V) Cond { return compare(field, "<", value) }

// Le holds where the column is less than value or equal to it.
func Le[V any](field *V, value V) Cond { return compare(field, "<=", value) }

func compare(field any, operator string, value any) Cond {
	return Cond{op: opCompare, field: field, value: value, text: operator}
}

// Between holds where low <= column <= high.
func Between[V any](field *V, low, high V) Cond {
	return And(Ge(field, low), Le(field, high))
}

// In holds where the column equals one of values; without values it holds
// nowhere. However many there are, they are one argument.
func In[V any](field *V, values ...V) Cond { return Cond{op: opIn, field: field, value: values} }

// IsNull holds where the column is NULL.
func IsNull(field any) Cond { return Cond{op: opNull, field: field} }

// Contains holds where the text of the column contains part, byte for byte:
// % and _ mean themselves, and case counts.
func Contains[S ~string](field *S, part S) Cond { return like(field, "contains", string(part)) }

// Starts holds where the text of the column starts with part, as [Contains] does.
func Starts[S ~string](field *S, part S) Cond { return like(field, "starts", string(part)) }

// Ends holds where the text of the column ends with part, as [Contains] does.
func Ends[S ~string](field *S, part S) Cond { return like(field, "ends", string(part)) }

func like(field any, where, part string) Cond {
	return Cond{op: opLike, field: field, value: part, text: where}
}

// Not holds where c does not.
func Not(c Cond) Cond { return Cond{op: opNot, value: []Cond{c}} }

// And holds where all of conds do; without any it holds everywhere.
func And(conds ...Cond) Cond { return Cond{op: opAnd, value: append([]Cond(nil), conds...)} }

// Or holds where one of conds does; without any it holds nowhere.
func Or(conds ...Cond) Cond { return Cond{op: opOr, value: append([]Cond(nil), conds...)} }

// SQL is a condition, or an expression for [Asc] and [Desc], in SQL. The text
// must be a constant: a string variable does not compile. Each ? takes one of
// args; an arg that is the address of a probe's field becomes the column,
// anything else a parameter. ?? stands for a question mark.
//
//	model.SQL("lower(?) = ?", &b.Title, title)
func SQL(text literal, args ...any) Cond {
	return Cond{op: opSQL, text: string(text), value: append([]any(nil), args...)}
}

// Related is a field of type [One] or [Many] of rows of type C.
type Related[C any] interface {
	// Probe returns the probe of the related model.
	Probe() *C
	linker
}

// Has holds where the relation has a row, narrowed by the given functions if
// there are any. It becomes EXISTS, so it never multiplies rows.
func Has[C any](field Related[C], narrow ...func(Query[C]) Query[C]) Cond {
	return Cond{op: opHas, field: field, value: narrowed(narrow)}
}

// HasNot holds where [Has] does not.
func HasNot[C any](field Related[C], narrow ...func(Query[C]) Query[C]) Cond {
	return Not(Has(field, narrow...))
}

// InQuery holds where the column equals the column of of some row of q.
func InQuery[V, T any](field *V, q Query[T], of *V) Cond {
	return Cond{op: opSub, field: field, value: subquery{q.spec, of}}
}

type subquery struct {
	spec spec
	of   any
}

// narrowed hides the type of a relation's rows from the code that needs not know it.
func narrowed[C any](fs []func(Query[C]) Query[C]) func(spec) spec {
	if len(fs) == 0 {
		return nil
	}
	fs = append([]func(Query[C]) Query[C](nil), fs...)
	return func(s spec) spec {
		q := Query[C]{s}
		for _, f := range fs {
			q = f(q)
		}
		return q.spec
	}
}

// An Order is a column and a direction.
type Order struct {
	field any
	desc  bool
}

// Asc orders by the column at field, smallest first; NULL counts as smallest.
// Instead of an address it takes a [SQL] expression.
func Asc(field any) Order { return Order{field: field} }

// Desc orders by the column at field, greatest first; NULL counts as smallest.
// Instead of an address it takes a [SQL] expression.
func Desc(field any) Order { return Order{field: field, desc: true} }
