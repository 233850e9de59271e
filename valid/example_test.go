package valid_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"

	"github.com/glueful/glueful-go/valid"
)

// Booking is an input: tags say where values come from, Valid what is allowed.
type Booking struct {
	Email  string   `json:"email"`
	Room   string   `json:"room"`
	From   string   `json:"from"`
	To     string   `json:"to"`
	Guests []string `json:"guests"`
	Kind   string   `json:"kind"`
	VAT    string   `json:"vat"`
	Page   int      `query:"page"`
}

var room = regexp.MustCompile(`^[A-Z]-\d+$`)

func (in *Booking) Valid(c *valid.C) {
	valid.Field(c, &in.Email, valid.Trim, valid.Lower, valid.Email)
	valid.Field(c, &in.Room, valid.Match(room), valid.Exists(findRoom))
	valid.Field(c, &in.From, valid.Date)
	valid.Field(c, &in.To, valid.Date)
	c.Assert(&in.To, in.To >= in.From, "before_from")
	valid.List(c, &in.Guests, 1, 4, valid.Trim, valid.Required, valid.MaxLen(80))
	valid.Field(c, &in.Kind, valid.Default("private"), valid.OneOf("private", "company"))
	if c.If(in.Kind == "company") {
		valid.Field(c, &in.VAT, valid.Required, vatNumber)
	}
	valid.Field(c, &in.Page, valid.Default(1), valid.Between(1, 100))
}

func vatNumber(v *string, c *valid.C) { c.Want(len(*v) == 11, "vat") }

func findRoom(_ context.Context, room string) (bool, error) { return room == "A-1", nil }

func Example() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		var in Booking
		err := valid.ReadJSON(w, r, &in, valid.Limits{})
		if err == nil {
			err = valid.Check(r.Context(), &in, (*Booking).Valid)
		}
		if e, ok := errors.AsType[*valid.Error](err); ok {
			w.WriteHeader(e.HTTPStatus())
			_ = json.NewEncoder(w).Encode(e.DetailsIn(r.Header.Get("Accept-Language")))
			return
		}
		fmt.Fprintln(w, "booked", in.Room, "for", in.Email, err)
	}
	for _, body := range []string{
		`{"email":" Ada@Example.com","room":"A-1","from":"2024-05-01","to":"2024-05-03","guests":["Ada"]}`,
		`{"email":"ada","room":"A-1","from":"2024-05-01","to":"2024-04-03","guests":["Ada",""],"kind":"company"}`,
		`{"Email":"ada@example.com","room":7}`,
		`{"email":"ada@example.com","email":"eve@example.com"}`,
	} {
		r := httptest.NewRequest("POST", "/bookings", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler(w, r)
		fmt.Print(w.Code, " ", strings.ReplaceAll(w.Body.String(), "},{", "},\n\t{"))
	}
	// Output:
	// 200 booked A-1 for ada@example.com <nil>
	// 422 [{"pointer":"#/email","code":"email","detail":"must be an email address"},
	// 	{"pointer":"#/to","code":"before_from","detail":"is not acceptable (before_from)"},
	// 	{"pointer":"#/guests/1","code":"required","detail":"is required"},
	// 	{"pointer":"#/vat","code":"required","detail":"is required"}]
	// 422 [{"pointer":"#/email","code":"spelling","offset":1,"detail":"is spelled differently"},
	// 	{"pointer":"#/room","code":"type","args":["string"],"offset":34,"detail":"must be of type string"}]
	// 400 [{"pointer":"#/email","code":"duplicate","offset":27,"detail":"is there twice"}]
}

func ExampleDescribe() {
	type search struct {
		Text string `json:"text"`
		Size int    `json:"size"`
	}
	schema := valid.Describe(func(in *search, c *valid.C) {
		valid.Field(c, &in.Text, valid.Required, valid.MaxLen(40))
		valid.Field(c, &in.Size, valid.Default(20), valid.Between(1, 100))
	})
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", " ")
	_ = enc.Encode(schema.Property("size"))
	fmt.Println(schema.Property("text").Required, schema.Property("size").Required)
	// Output:
	// {
	//  "type": "integer",
	//  "format": "int64",
	//  "anyOf": [
	//   {
	//    "const": 0
	//   },
	//   {
	//    "minimum": 1,
	//    "maximum": 100
	//   }
	//  ],
	//  "default": 20
	// }
	// true false
}

func ExampleMaybe() {
	type change struct {
		Name valid.Maybe[string] `json:"name,omitzero"`
	}
	for _, body := range []string{`{}`, `{"name":null}`, `{"name":"Ada"}`} {
		var in change
		if err := valid.Decode([]byte(body), &in, valid.Limits{}); err != nil {
			fmt.Println(err)
		}
		name, ok := in.Name.Get()
		fmt.Printf("absent %v, null %v, set %v %q\n", in.Name.Absent(), in.Name.Null(), ok, name)
	}
	// Output:
	// absent true, null false, set false ""
	// absent false, null true, set false ""
	// absent false, null false, set true "Ada"
}

func ExampleMessages() {
	texts := valid.Messages{"de": {"required": "fehlt", "name.max_len": "Der Name ist zu lang, höchstens {0} Zeichen"}}
	ctx := texts.Context(context.Background())
	in := struct {
		Name string `json:"name"`
		City string `json:"city"`
	}{Name: "Augusta Ada"}
	err := valid.Check(ctx, &in, func(v *struct {
		Name string `json:"name"`
		City string `json:"city"`
	}, c *valid.C) {
		valid.Field(c, &v.Name, valid.MaxLen(10))
		valid.Field(c, &v.City, valid.Required)
	})
	e, _ := errors.AsType[*valid.Error](err)
	for _, v := range e.DetailsIn("de-CH, en;q=0.5").([]valid.Violation) {
		fmt.Println(v.Pointer, v.Message)
	}
	// Output:
	// #/name Der Name ist zu lang, höchstens 10 Zeichen
	// #/city fehlt
}

func ExampleLater() {
	down := errors.New("connection refused")
	free := func(_ context.Context, name *string) (bool, error) { return false, down }
	in := struct {
		Name string `json:"name"`
	}{"ada"}
	err := valid.Check(context.Background(), &in, func(v *struct {
		Name string `json:"name"`
	}, c *valid.C) {
		valid.Field(c, &v.Name, valid.Required, valid.Later("taken", free))
	})
	fmt.Println(err, err.(interface{ HTTPStatus() int }).HTTPStatus(), errors.Is(err, down))
	// Output:
	// valid: rule taken: connection refused 503 true
}

func ExampleSchema_Boundaries() {
	type in struct {
		Pages int `json:"pages"`
	}
	for _, b := range valid.Describe(func(v *in, c *valid.C) { valid.Field(c, &v.Pages, valid.Between(1, 9)) }).Boundaries() {
		if b.Pointer == "#/pages" {
			fmt.Println(b.Valid, string(b.Body), b.Why)
		}
	}
	// Output:
	// false {"pages":null} null
	// false {"pages":"1"} wrong type
	// false {"pages":true} wrong type
	// true {"pages":1} minimum
	// false {"pages":0} one under minimum
	// true {"pages":9} maximum
	// false {"pages":10} one over maximum
	// false {"pages":0} 0
	// false {"pages":1.5} a fraction
}

func ExampleAudit() {
	err := valid.Audit(func(v *Booking, c *valid.C) {
		if len(v.Guests) > 2 { // hidden from the dry run: it should be c.If
			valid.Field(c, &v.Email, valid.As("many_guests", valid.Email[string]))
		}
	}, 200)
	fmt.Println(strings.Contains(fmt.Sprint(err), "#/email many_guests is not described"))
	fmt.Println(valid.Audit((*Booking).Valid, 200))
	// Output:
	// true
	// <nil>
}
