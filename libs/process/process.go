package process

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Process is a running program in its own process group, so that a terminal's Ctrl-C reaches it only through us.
type Process struct {
	Name    string
	Started time.Time

	output *Output
	pid    int
	done   chan struct{}
	err    error // of Wait; set before done is closed
}

// Start starts a command. Its output goes to output, whose last lines are part of the error when it fails, or, if that
// is nil, where cmd says. The process is killed if this one dies, even by SIGKILL, on systems that support this
// (Linux).
func Start(name string, cmd *exec.Cmd, output *Output) (*Process, error) {
	isolate(cmd)
	cmd.WaitDelay = 2 * time.Second // for a grandchild that keeps our pipe open
	if output != nil {
		cmd.Stdout, cmd.Stderr = output, output
	}
	p := &Process{Name: name, Started: time.Now(), output: output, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Linux sends the death signal when the thread that started the process ends, so this thread has to stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// readyTimeout is how long a program may take to get ready: a store may have much to read first.
const readyTimeout = time.Minute

// StartReady starts a command as Start does, and waits until ready returns nil. If that never happens, it kills the
// process.
func StartReady(ctx context.Context, name string, cmd *exec.Cmd, output *Output, ready func(context.Context) error) (*Process, error) {
	p, err := Start(name, cmd, output)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if err := p.Await(ctx, ready); err != nil {
		p.Kill()
		return nil, err
	}
	return p, nil
}

// Done returns a channel that is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// ExitCode waits for the end of the process, and returns the code that a shell would: 128 plus the number for a signal.
func (p *Process) ExitCode() int {
	<-p.done
	if p.err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](p.err)
	if !ok {
		return 1
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// End waits for the end of the process, and returns an error that describes it.
func (p *Process) End() error {
	return fmt.Errorf("%s ended with exit code %d%s", p.Name, p.ExitCode(), p.last())
}

// last returns the last lines of the output, for an error.
func (p *Process) last() string {
	if p.output == nil || p.output.Last() == "" {
		return ""
	}
	return "; its last lines:\n  " + strings.ReplaceAll(p.output.Last(), "\n", "\n  ")
}

// How often Await asks, and how long it waits for one answer.
const (
	poll    = 5 * time.Millisecond
	onceFor = time.Second
)

// Await waits until ready returns nil. It fails if the process or ctx ends before that.
func (p *Process) Await(ctx context.Context, ready func(context.Context) error) error {
	again := time.NewTicker(poll)
	defer again.Stop()
	for {
		once, cancel := context.WithTimeout(ctx, onceFor)
		err := ready(once)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-p.done:
			return p.End()
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w: %w%s", p.Name, ctx.Err(), err, p.last())
		}
	}
}

// Signal sends a signal to the process and to its children, if it still runs.
func (p *Process) Signal(signal syscall.Signal) {
	select {
	case <-p.done: // the id may belong to another process by now
	default:
		_ = syscall.Kill(-p.pid, signal) // fails only for a group that has just ended
	}
}

// Stop asks the process to end, and kills it if ctx ends first. It returns when the process has ended.
func (p *Process) Stop(ctx context.Context) error {
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		p.Kill()
		return fmt.Errorf("%s had to be killed: %w", p.Name, ctx.Err())
	}
}

// Kill ends the process at once, and returns when it has ended.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}
