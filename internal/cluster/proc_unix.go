//go:build unix

package cluster

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// signal is what PostgreSQL's main process understands for the mode.
func (m Mode) signal() os.Signal {
	switch m {
	case Immediate:
		return syscall.SIGQUIT
	case Smart:
		return syscall.SIGTERM
	default:
		return syscall.SIGINT
	}
}

// servant is the user that runs PostgreSQL for root, and nil for anybody else.
// initdb wants an entry in the user database, so a bare number will not do.
var servant = sync.OnceValue(func() *syscall.Credential {
	if os.Geteuid() != 0 {
		return nil
	}
	for _, name := range []string{"postgres", "nobody", "daemon"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil && uid != 0 {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		}
	}
	return nil
})

// server are the attributes of PostgreSQL's programs: the servant's rights, and
// a process group of their own, which a terminal's Ctrl-C does not reach.
func server() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: servant()}
}

// own gives a file of root's to the servant.
func own(path string) error {
	if s := servant(); s != nil {
		return os.Chown(path, int(s.Uid), int(s.Gid))
	}
	return nil
}

// tempDir makes the cluster's folder where the servant can reach it.
func tempDir() (string, error) {
	parent := os.TempDir()
	if servant() != nil && !open(parent) {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, "glueful-pg-")
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	return dir, own(dir)
}

// open reports whether everybody may pass through dir and all above it.
func open(dir string) bool {
	dir, err := filepath.Abs(dir)
	for err == nil {
		info, e := os.Stat(dir)
		if e != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		up := filepath.Dir(dir)
		if up == dir {
			return true
		}
		dir = up
	}
	return false
}

// script runs in the guard. Each line names the server's process, 0 for none;
// at the end of input the last one named is stopped and the folder removed.
const script = `p=0
while read -r l; do p=$l; done
[ "$p" -gt 0 ] && kill -QUIT "$p"
for i in 1 2 3 4 5; do rm -rf "$1" && exit; sleep 1; done
exit 1`

// A guard outlives its caller by the moment it takes to clean up behind it.
type guard struct {
	pipe io.WriteCloser
	end  func() error
}

// watch starts the guard of dir.
func watch(dir string) (*guard, error) {
	cmd := exec.Command("/bin/sh", "-c", script, "sh", dir)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &guard{pipe: pipe, end: sync.OnceValue(cmd.Wait)}, nil
}

// follow tells the guard which process to stop. A guard that is gone cannot be
// told, and then there is nobody to act on it either.
func (g *guard) follow(pid int) { _, _ = fmt.Fprintln(g.pipe, pid) }

// Close makes the guard clean up, and waits for it.
func (g *guard) Close() error {
	_ = g.pipe.Close() // closed twice is closed
	if err := g.end(); err != nil {
		return fmt.Errorf("cluster: removing the folder: %w", err)
	}
	return nil
}
