package patch_test

import (
	"fmt"

	"github.com/glueful/glueful-go/render/patch"
)

func Example() {
	doc := []byte(`{"title":"Bridges","tags":["road"],"notes":"old"}`)
	merged, err := patch.Merge(doc, []byte(`{"title":"Bridges of wood","notes":null}`))
	fmt.Println(string(merged), err)
	applied, err := patch.Apply(doc, []byte(`[{"op":"test","path":"/title","value":"Bridges"},{"op":"add","path":"/tags/-","value":"river"}]`))
	fmt.Println(string(applied), err)
	_, err = patch.Apply(doc, []byte(`[{"op":"test","path":"/title","value":"Gardens"}]`))
	fmt.Println(err)
	// Output:
	// {"title":"Bridges of wood","tags":["road"]} <nil>
	// {"title":"Bridges","tags":["road","river"],"notes":"old"} <nil>
	// patch: #/0/value: The document has another value there.
}
