//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// together makes a cancelled command take its children along: go test leaves
// the test binaries to whoever interrupts the whole group.
func together(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
}
