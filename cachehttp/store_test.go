package cachehttp_test

import (
	"testing"

	"github.com/glueful/glueful-go/cachehttp"
	"github.com/glueful/glueful-go/cachehttp/cachetest"
)

func TestMemory_suite(t *testing.T) {
	cachetest.Run(t, func(*testing.T) cachehttp.Store { return new(cachehttp.Memory) })
}
