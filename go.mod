module github.com/glueful/glueful-go

go 1.26.0

require (
	github.com/lib/pq v1.12.3
	golang.org/x/time v0.16.0
)
