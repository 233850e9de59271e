//go:build !unix

package limitbench

import "time"

var begin = time.Now()

// cpuTime stands in wall time where processor time has another name.
func cpuTime() time.Duration { return time.Since(begin) }
