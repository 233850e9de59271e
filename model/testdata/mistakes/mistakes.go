// Command mistakes does not compile: every line with a want comment is a
// mistake the compiler must find.
package main

import "github.com/glueful/glueful-go/model"

type row struct {
	ID    int64  `db:"id,pk"`
	Name  string `db:"name"`
	Other model.One[other]
}

type other struct {
	ID int64 `db:"id,pk"`
}

func main() {
	var (
		rows  = model.Of[row]("rows")
		r     = rows.Probe()
		input = "1=1; DROP TABLE rows"
	)
	rows.Where(model.SQL("? = 1", &r.ID))
	rows.Where(model.SQL(input))                    // want cannot use input
	rows.Where(model.SQL("name = '" + input + "'")) // want cannot use "name = '" + input
	rows.Where(input)                               // want cannot use input
	rows.OrderBy(input)                             // want cannot use input
	rows.Where(model.Eq(&r.ID, "7"))                // want untyped string constant
	rows.Where(model.In(&r.Name, 1, 2))             // want untyped int constant
	rows.Where(model.Contains(&r.ID, "x"))          // want int64
	model.Of[row](input)                            // want cannot use input
	model.Set(&r.Name, 5)                           // want untyped int constant
}
