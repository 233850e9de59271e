//go:build !unix

package main

import "syscall"

// apart changes nothing here.
func apart() *syscall.SysProcAttr { return nil }
