package migratetest

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/glueful/glueful-go/model"
)

const (
	childVar = "MIGRATETEST_CHILD" // what the child opens
	steps    = 25
)

// Child must be called by TestMain before anything else: in a process that
// [Processes] started it opens the database, migrates and exits.
func Child(open func(ctx context.Context, name string) (*model.Pool, error)) {
	name := os.Getenv(childVar)
	if name == "" {
		return
	}
	ctx := context.Background()
	db, err := open(ctx, name)
	if err == nil {
		_, err = Steps(steps, os.Getenv(childVar+"_EXTRA")).Up(ctx, db)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Processes starts two processes on the empty database db, which a child
// opens by name, kills one in the middle, and checks that the other one
// brings the schema to exactly one version. extra is a statement that makes a
// step last some milliseconds.
func Processes(t *testing.T, db *model.Pool, name, extra string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var outs [2]bytes.Buffer
	var children [2]*exec.Cmd
	for i := range children {
		c := exec.CommandContext(ctx, os.Args[0])
		c.Env = append(os.Environ(), childVar+"="+name, childVar+"_EXTRA="+extra)
		c.Stderr = &outs[i]
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		children[i] = c
	}
	for k := rand.N(steps - 5); count(t, db, "log") < k && ctx.Err() == nil; { // in the middle of it
		<-time.After(time.Millisecond)
	}
	children[rand.N(2)].Process.Kill()
	left := 0
	for i, c := range children {
		err := c.Wait()
		if err == nil {
			left++
		} else if c.ProcessState.Exited() {
			t.Errorf("a process that nobody killed: %v\n%s", err, &outs[i])
		}
	}
	if left == 0 {
		t.Error("no process got to the end")
	}
	Complete(t, Steps(steps, extra), db)
}
