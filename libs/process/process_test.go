package process_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"streamgate/libs/process"
)

// shell starts a shell script, and waits until it prints something or ends.
func shell(t *testing.T, script string) *process.Process {
	t.Helper()
	output := process.NewOutput(io.Discard, "")
	p, err := process.Start("the script", exec.Command("sh", "-c", script), output)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	_ = p.Await(t.Context(), func(context.Context) error {
		if output.Last() == "" {
			return errors.New("it said nothing")
		}
		return nil
	})
	return p
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -TERM $$": 128 + 15, "kill -KILL $$": 128 + 9} {
		if got := shell(t, script).ExitCode(); got != want {
			t.Errorf("%s: %d, want %d", script, got, want)
		}
	}
}

func TestEndTellsTheLastLines(t *testing.T) {
	t.Parallel()
	p := shell(t, "echo there is; echo no licence >&2; exit 3")
	if want := "the script ended with exit code 3; its last lines:\n  there is\n  no licence"; p.End().Error() != want {
		t.Errorf("%v, want %s", p.End(), want)
	}
	if got := shell(t, "exit 4").End().Error(); got != "the script ended with exit code 4" {
		t.Error(got)
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	p := shell(t, "trap 'exit 3' TERM; echo up; while :; do sleep 1 & wait; done")
	if err := p.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	if got := p.ExitCode(); got != 3 {
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
	if err := p.Stop(ctx); err == nil || err.Error() != "the script had to be killed: context canceled" {
		t.Errorf("%v", err)
	}
	if got := p.ExitCode(); got != 128+9 {
		t.Errorf("exit code %d", got)
	}
}

func TestKillEndsTheChildrenToo(t *testing.T) {
	t.Parallel()
	pipe, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-c", "sleep 60 & echo up >&3; wait")
	cmd.ExtraFiles = []*os.File{theirs}
	p, err := process.Start("the script", cmd, nil)
	_ = theirs.Close()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(pipe, make([]byte, len("up\n"))); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	if got := p.ExitCode(); got != 128+9 {
		t.Errorf("exit code %d", got)
	}
	_ = pipe.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := pipe.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("its child still has the pipe: %v", err)
	}
	p.Kill() // a second kill does nothing
}

func TestStartOfNothing(t *testing.T) {
	t.Parallel()
	if _, err := process.Start("nothing", &exec.Cmd{Path: "/nothing/here"}, nil); err == nil || !strings.HasPrefix(err.Error(), "start nothing: ") {
		t.Errorf("%v", err)
	}
}

func TestAwait(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) < 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	p := shell(t, "echo up; exec sleep 60")
	if err := p.Await(t.Context(), process.Answers(server.URL)); err != nil || asked.Load() != 3 {
		t.Errorf("asked %d times: %v", asked.Load(), err)
	}

	never := errors.New("never")
	ctx, cancel := context.WithCancel(t.Context())
	err := p.Await(ctx, func(context.Context) error { cancel(); return never })
	if !errors.Is(err, never) || !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "the script is not ready") {
		t.Errorf("when there is no time left: %v", err)
	}
	err = p.Await(t.Context(), func(context.Context) error { p.Signal(syscall.SIGKILL); return never })
	if err == nil || err.Error() != "the script ended with exit code 137; its last lines:\n  up" {
		t.Errorf("when it ends: %v", err)
	}
}

func TestAwaitDoesNotWaitForOneAnswer(t *testing.T) {
	t.Parallel()
	asked := 0
	err := shell(t, "echo up; exec sleep 60").Await(t.Context(), func(ctx context.Context) error {
		if asked++; asked > 1 {
			return nil
		}
		<-ctx.Done() // such as a server that was stopped after it had accepted the request
		return ctx.Err()
	})
	if err != nil || asked != 2 {
		t.Errorf("asked %d times: %v", asked, err)
	}
}

func TestStartReady(t *testing.T) {
	t.Parallel()
	output := process.NewOutput(io.Discard, "")
	up := func(context.Context) error {
		if output.Last() != "up" {
			return errors.New("it is down")
		}
		return nil
	}
	p, err := process.StartReady(t.Context(), "the script", exec.Command("sh", "-c", "echo up; exec sleep 60"), output, up)
	if err != nil {
		t.Fatal(err)
	}
	p.Kill()

	// One that never gets ready is ended: it has closed its pipe.
	pipe, theirs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = process.StartReady(ctx, "the script", &exec.Cmd{Path: "/bin/sh", Args: []string{"sh", "-c", "exec sleep 60"}, Stdout: theirs}, nil,
		func(context.Context) error { cancel(); return errors.New("it is down") })
	_ = theirs.Close()
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "it is down") {
		t.Errorf("%v", err)
	}
	_ = pipe.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := pipe.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the pipe is still open: %v", err)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells")
	}
	p := shell(t, "echo up; while :; do :; done")
	err := p.Await(t.Context(), func(context.Context) error {
		if p.CPU() == 0 {
			return errors.New("it used no time")
		}
		return nil
	})
	if memory := p.Memory(); err != nil || memory < 1<<16 || memory > 1<<30 {
		t.Errorf("%d bytes, %v", memory, err)
	}
	p.Kill()
	if p.CPU() != 0 || p.Memory() != 0 {
		t.Errorf("%v and %d bytes after its end", p.CPU(), p.Memory())
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
