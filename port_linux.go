package glueful

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// portOwner names the process that listens on the port of addr, as
// " by process 123 (name)", or returns "" when the system does not tell.
func portOwner(addr string) string {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return ""
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return ""
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		if inode := listeningInode(table, port); inode != "" {
			return socketOwner("socket:[" + inode + "]")
		}
	}
	return ""
}

// listeningInode looks for a socket in state LISTEN (0A) on the port; the columns
// are those of proc(5).
func listeningInode(table string, port uint64) string {
	f, err := os.Open(table)
	if err != nil {
		return ""
	}
	defer f.Close()
	suffix := fmt.Sprintf(":%04X", port)
	for lines := bufio.NewScanner(f); lines.Scan(); {
		c := strings.Fields(lines.Text())
		if len(c) > 9 && strings.HasSuffix(c[1], suffix) && c[3] == "0A" {
			return c[9]
		}
	}
	return ""
}

func socketOwner(link string) string {
	fds, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err != nil || target != link {
			continue
		}
		pid := strings.Split(fd, "/")[2]
		name, _ := os.ReadFile("/proc/" + pid + "/comm")
		return fmt.Sprintf(" by process %s (%s)", pid, strings.TrimSpace(string(name)))
	}
	return ""
}
