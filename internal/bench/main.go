// Command bench measures the rooms of this repository beside the libraries
// their users would otherwise take, and holds the figures against targets.
//
//	cd internal/bench
//	go run . -room errs          # tables
//	go run . -room errs -json    # one JSON document
//	go run . -room errs -check   # exit code 1 when a target is missed
//
// How a row is measured and how to add a room: README.md and package harness.
package main

import (
	"os"

	"github.com/glueful/glueful-go/internal/bench/cachehttpbench"
	"github.com/glueful/glueful-go/internal/bench/errsbench"
	"github.com/glueful/glueful-go/internal/bench/harness"
	"github.com/glueful/glueful-go/internal/bench/limitbench"
	"github.com/glueful/glueful-go/internal/bench/modelbench"
	"github.com/glueful/glueful-go/internal/bench/muxbench"
	"github.com/glueful/glueful-go/internal/bench/projectbench"
	"github.com/glueful/glueful-go/internal/bench/renderbench"
	"github.com/glueful/glueful-go/internal/bench/validbench"
	"github.com/glueful/glueful-go/internal/bench/wirebench"
)

// rooms has one line for each package beside this file.
var rooms = map[string]func() []harness.Table{
	"cachehttp": cachehttpbench.Tables,
	"errs":      errsbench.Tables,
	"limit":     limitbench.Tables,
	"model":     modelbench.Tables,
	"mux":       muxbench.Tables,
	"wire":      wirebench.Tables,
	"project":   projectbench.Tables,
	"render":    renderbench.Tables,
	"valid":     validbench.Tables,
}

func main() { os.Exit(harness.Main(rooms, os.Args[1:], os.Stdout, os.Stderr)) }
