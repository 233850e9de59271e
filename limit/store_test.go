package limit_test

import (
	"testing"

	"github.com/glueful/glueful-go/limit"
	"github.com/glueful/glueful-go/limit/limittest"
)

func TestMemory(t *testing.T) {
	limittest.Run(t, func(*testing.T) limit.Store { return new(limit.Memory) })
}
