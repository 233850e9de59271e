package sqlite_test

import (
	"fmt"
	"testing"

	"github.com/glueful/glueful-go/model"
	"github.com/glueful/glueful-go/model/factory"
)

func TestFactory(t *testing.T) {
	db, _ := bank(t)
	make := factory.Of(accounts, func(f *factory.Fake, x *account) {
		x.Owner = fmt.Sprint(f.Name(), " ", f.N())
	})
	list, err := factory.Has(make, &ac.ID, 2, make, &ac.Parent).Create(t.Context(), db, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range list {
		if n, err := accounts.Where(model.Eq(&ac.Parent, &x.ID)).Count(t.Context(), db); n != 2 || err != nil {
			t.Errorf("account %d has %d below it, %v", x.ID, n, err)
		}
	}
}
