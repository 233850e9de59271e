//go:build unix && !linux

package main

import "syscall"

// apart gives the app a process group of its own, so that Ctrl-C, which a
// terminal sends to the whole group, reaches it once and through us.
func apart() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
