//go:build !unix

package cluster

import (
	"errors"
	"os"
	"syscall"
)

func (m Mode) signal() os.Signal { return os.Interrupt }

func server() *syscall.SysProcAttr { return nil }

func own(string) error { return nil }

func tempDir() (string, error) {
	return "", errors.New("a throw-away PostgreSQL needs a Unix system; set GLUEFUL_TEST_DSN instead")
}

type guard struct{}

func watch(string) (*guard, error) { return &guard{}, nil }

func (g *guard) follow(int) {}

// Close does nothing: nothing was started.
func (g *guard) Close() error { return nil }
