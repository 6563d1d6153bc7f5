package rig

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Process is a program that ends with this one, also when this one is killed.
type Process struct {
	Name string

	pid  int
	done chan struct{}
	said *tail
}

// Start starts a program.
func Start(name string, cmd *exec.Cmd) (*Process, error) {
	p := &Process{Name: name, done: make(chan struct{}), said: &tail{}}
	cmd.Stdout, cmd.Stderr = p.said, p.said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // the death signal comes when the thread ends that started the process
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			p.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			_ = cmd.Wait() // Said tells why
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// Stop ends the process, at the latest after five seconds.
func (p *Process) Stop() {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		select {
		case <-p.done:
			return
		default:
			_ = syscall.Kill(-p.pid, signal)
		}
		select {
		case <-p.done:
			return
		case <-time.After(5 * time.Second):
		}
	}
}

// failed gives an error with the last words of the process, if it has ended.
func (p *Process) failed() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended: %s", p.Name, p.said)
	default:
		return nil
	}
}

// tick is the unit of /proc/<pid>/stat, which is the same on every Linux.
const tick = time.Second / 100

// CPU is the time that the process has used, in user and kernel mode. Pid 0 is this process.
func CPU(pid int) time.Duration {
	if pid == 0 {
		pid = os.Getpid()
	}
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, rest, _ := strings.Cut(string(text), ") ") // the name may have spaces
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	return ticks(fields[11]) + ticks(fields[12])
}

// CPU is the time that the process has used.
func (p *Process) CPU() time.Duration { return CPU(p.pid) }

// Busy is the time that all of the machine's cores were not idle, with what its host withheld.
func Busy() time.Duration {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	fields := strings.Fields(line) // cpu user nice system idle iowait irq softirq steal …
	if len(fields) < 9 {
		return 0
	}
	return ticks(fields[1]) + ticks(fields[2]) + ticks(fields[3]) + ticks(fields[6]) + ticks(fields[7]) + ticks(fields[8])
}

func ticks(text string) time.Duration {
	n, _ := strconv.ParseInt(text, 10, 64)
	return time.Duration(n) * tick
}

// FreeAddr gives an address on the loopback interface that nobody listens on.
func FreeAddr(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("free port: %w", err)
	}
	addr := l.Addr().String()
	return addr, l.Close()
}

// eventually repeats until it succeeds, the process ends, or ten seconds have passed.
func (p *Process) eventually(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		err := do(ctx)
		if err == nil {
			return nil
		}
		if ended := p.failed(); ended != nil {
			return ended
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("%s: not ready: %w", p.Name, err), errors.New(p.said.String()))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// tail keeps the last words of a program.
type tail struct {
	mu   sync.Mutex
	text []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-2000):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.TrimSpace(t.text))
}

// Last gives the last words of the process.
func (p *Process) Last() string { return p.said.String() }
