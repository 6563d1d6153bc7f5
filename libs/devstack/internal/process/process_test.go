package process_test

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"

	"streamgate/libs/devstack/internal/process"
)

// shell starts a shell script that says "up" once its traps are set, and waits for that.
func shell(t *testing.T, script string) *process.Process {
	t.Helper()
	var up sync.Once
	isUp := make(chan struct{})
	output := process.NewOutput(writerFunc(func(p []byte) (int, error) {
		up.Do(func() { close(isUp) })
		return len(p), nil
	}), "")
	path, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	p, err := process.Start(&exec.Cmd{Path: path, Args: []string{"sh", "-c", script}, Stdout: output})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Signal(syscall.SIGKILL) })
	select {
	case <-isUp:
	case <-p.Done():
	}
	return p
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestExitCode(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -TERM $$": 128 + 15, "kill -KILL $$": 128 + 9} {
		if got := process.ExitCode(shell(t, script).Wait()); got != want {
			t.Errorf("%s: %d, want %d", script, got, want)
		}
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	p := shell(t, "trap 'exit 3' TERM; echo up; while :; do sleep 1 & wait; done")
	if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if got := process.ExitCode(p.Wait()); got != 3 {
		t.Errorf("exit code %d: it was not asked to end", got)
	}
	if err := p.Stop(t.Context()); err != nil {
		t.Errorf("once more: %v", err)
	}
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	t.Parallel()
	p := shell(t, "trap '' TERM; echo up; while :; do sleep 1; done")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Stop(ctx); err == nil {
		t.Error("it ended by itself")
	}
	if got := process.ExitCode(p.Wait()); got != 128+9 {
		t.Errorf("exit code %d", got)
	}
}

func TestStartOfNothing(t *testing.T) {
	t.Parallel()
	if _, err := process.Start(&exec.Cmd{Path: "/nothing/here"}); err == nil {
		t.Error("it started")
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	var seen bytes.Buffer
	output := process.NewOutput(&seen, "user-svc | ")
	for _, part := range []string{"one", " line\ntwo\n", strings.Repeat("more\n", 30), "\n", "the end"} {
		if n, err := output.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatal(n, err)
		}
	}
	if want := "user-svc | one line\nuser-svc | two\nuser-svc | more\n"; !strings.HasPrefix(seen.String(), want) {
		t.Errorf("passed on %q", seen.String())
	}
	if want := strings.Repeat("more\n", 19) + "\nthe end"; output.Last() != want {
		t.Errorf("the last lines are %q", output.Last())
	}
}
