//go:build unix

package limitbench

import (
	"syscall"
	"time"
)

// cpuTime returns the processor time this process has used, which neighbours
// on the machine do not lengthen by much.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic("bench: getrusage: " + err.Error())
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
