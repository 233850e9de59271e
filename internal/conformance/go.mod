module github.com/glueful/glueful-go/internal/conformance

go 1.26.0

require github.com/glueful/glueful-go v0.0.0

replace github.com/glueful/glueful-go => ../..
