package stack

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// process is a program that we started, in a process group of its own. It is killed if this process ends, however it does.
type process struct {
	name string
	done chan struct{}
	pid  int
}

// startProcess starts a program. What it prints goes to a file in dir.
func startProcess(dir, name, program string, args, env []string) (*process, error) {
	log, err := os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()                     //nolint:errcheck // the program has its own
	cmd := exec.Command(program, args...) //nolint:gosec,noctx // programs that we built or name; ended by kill
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = dir, env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p := &process{name: name, done: make(chan struct{})}
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
			_ = cmd.Wait() // how it ended is its starter's doing
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// signal sends a signal to the process and its children, if it still runs.
func (p *process) signal(s syscall.Signal) {
	select {
	case <-p.done: // the id may belong to another process by now
	default:
		_ = syscall.Kill(-p.pid, s) // fails only for a group that has just ended
	}
}

// kill ends the process at once, and waits until it has.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.done
}

// startTimeout is how long a program may take until it answers.
const startTimeout = 30 * time.Second

// await waits until a program is ready.
func (p *process) await(ctx context.Context, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		try, end := context.WithTimeout(ctx, time.Second)
		err := ready(try)
		end()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-p.done:
			return fmt.Errorf("%s ended by itself; see its log", p.name)
		case <-ctx.Done():
			return fmt.Errorf("%s doesn't answer: %w", p.name, err)
		}
	}
}

var (
	portsMu sync.Mutex
	// given are the ports that were given before: they may be free for a moment, while what listens there is started again.
	given = map[int]bool{}
)

// FreePort gives a port on 127.0.0.1 that nobody listens on.
func FreePort(ctx context.Context) (int, error) {
	portsMu.Lock()
	defer portsMu.Unlock()
	for {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		address, _ := l.Addr().(*net.TCPAddr)
		if err := l.Close(); err != nil {
			return 0, err
		}
		if !given[address.Port] {
			given[address.Port] = true
			return address.Port, nil
		}
	}
}

func freeAddress(ctx context.Context) (string, error) {
	port, err := FreePort(ctx)
	return fmt.Sprintf("127.0.0.1:%d", port), err
}
