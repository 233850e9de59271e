module github.com/glueful/glueful-go/internal/conformance

go 1.26.0

require (
	github.com/glueful/glueful-go v0.0.0
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3
)

require (
	github.com/lib/pq v1.12.3 // indirect
	golang.org/x/text v0.14.0 // indirect
)

replace github.com/glueful/glueful-go => ../..
