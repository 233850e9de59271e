//go:build unix

package postgres

import (
	"net"
	"syscall"
)

// silent returns a function that looks at a socket without waiting and
// without taking bytes from it: false at the end of the stream, on an error,
// or when something was sent that nobody asked for. It must not run twice at
// the same time. It is nil if c is not a socket.
func silent(c net.Conn) func() bool {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	var quiet bool
	b := make([]byte, 1)
	look := func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), b, syscall.MSG_PEEK)
		quiet = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
		return true
	}
	return func() bool {
		quiet = false
		return raw.Read(look) == nil && quiet
	}
}
