package process

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// Process is a running program in a process group of its own, so that a terminal's Ctrl-C reaches it only through us.
type Process struct {
	Started time.Time

	pid  int
	done chan struct{}
	err  error // of Wait; set before done is closed
}

// Start starts a command. The process is killed if this one dies, even by SIGKILL, on systems that can do so (Linux).
func Start(cmd *exec.Cmd) (*Process, error) {
	isolate(cmd)
	cmd.WaitDelay = 2 * time.Second // for a grandchild that keeps our pipe open
	p := &Process{Started: time.Now(), done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// Linux sends the death signal when the thread that started the process ends: so this thread has to stay.
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
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// Pid is the process's id, and that of its group.
func (p *Process) Pid() int { return p.pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait gives the process's end: nil for exit code 0.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Signal sends a signal to the process and to its children, if it still runs.
func (p *Process) Signal(signal syscall.Signal) {
	select {
	case <-p.done: // the id may belong to another process by now
	default:
		_ = syscall.Kill(-p.pid, signal) // fails only for a group that has just ended
	}
}

// Stop asks the process to end, and kills it when ctx ends first; it returns when the process has ended.
func (p *Process) Stop(ctx context.Context) error {
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		p.Signal(syscall.SIGKILL)
		<-p.done
		return fmt.Errorf("had to be killed: %w", ctx.Err())
	}
}

// ExitCode is the code that a shell would give for the end of a process: 128 and the number for a signal.
func ExitCode(err error) int {
	if err == nil {
		return 0
	}
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return 1
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}
