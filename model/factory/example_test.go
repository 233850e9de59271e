package factory_test

import (
	"fmt"

	"github.com/glueful/glueful-go/model/factory"
)

func Example() {
	people := factory.Of(users, func(f *factory.Fake, x *user) {
		x.Name, x.Email, x.Role = f.Name(), f.Email(), "reader"
	})
	admin := func(_ *factory.Fake, x *user) { x.Role = "admin" }
	for _, x := range people.State(admin).Make(2) {
		fmt.Println(x.Name, x.Role)
	}
	// Output:
	// Zoë Castro admin
	// Samir Novák admin
}
