package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/process"
)

// RedisOptions are how a Redis runs.
type RedisOptions struct {
	Name string
	Args []string // further ones
	Env  []string // further variables
	// Sentinel is the configuration file of a Sentinel; "" for a server.
	Sentinel string
}

// The arguments of the three ways to keep data.
var (
	KeepNothing  = []string{"--appendonly", "no"}
	KeepEverySec = []string{"--appendonly", "yes", "--appendfsync", "everysec"}
	KeepAlways   = []string{"--appendonly", "yes", "--appendfsync", "always"}
)

// Redis is a server of our own.
type Redis struct {
	Port  string        // on 127.0.0.1
	Admin *redis.Client // a connection past all links

	dir, program string
	o            RedisOptions
	process      *process.Process
}

// FindRedis returns the program of a Redis server.
func FindRedis() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", fmt.Errorf("no redis-server in PATH (Debian: apt-get install redis-server)")
}

// StartRedis starts a server and waits until it answers.
func StartRedis(ctx context.Context, dir string, o RedisOptions) (*Redis, error) {
	program, err := FindRedis()
	if err != nil {
		return nil, err
	}
	address, err := process.FreeAddr(ctx, "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Redis{Port: strings.TrimPrefix(address, "127.0.0.1:"), dir: filepath.Join(dir, o.Name), program: program, o: o}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return nil, err
	}
	r.Admin = redis.NewClient(&redis.Options{Addr: r.Addr(), MaxRetries: -1, ContextTimeoutEnabled: true})
	return r, r.Start(ctx)
}

// Addr returns host:port.
func (r *Redis) Addr() string { return "127.0.0.1:" + r.Port }

// Start starts it, or starts it again, with the same data and on the same port.
func (r *Redis) Start(ctx context.Context) error {
	args := r.serverArgs()
	if r.o.Sentinel != "" {
		args = []string{r.o.Sentinel, "--sentinel", "--bind", "127.0.0.1", "--port", r.Port, "--dir", r.dir, "--daemonize", "no"}
	}
	cmd := exec.Command(r.program, args...) //nolint:gosec,noctx // a program that we name; ended by Kill
	cmd.Env = append(os.Environ(), r.o.Env...)
	running, err := start(ctx, r.dir, r.o.Name, cmd, func(ctx context.Context) error { return r.Admin.Ping(ctx).Err() })
	if err == nil {
		r.process = running
	}
	return err
}

func (r *Redis) serverArgs() []string {
	return append([]string{
		"--bind", "127.0.0.1", "--port", r.Port, "--dir", r.dir, "--daemonize", "no", "--save", "",
		"--maxmemory-policy", "noeviction", "--loglevel", "notice", "--repl-diskless-sync-delay", "0",
	}, r.o.Args...)
}

// Kill ends it as kill -9 does.
func (r *Redis) Kill() { r.process.Kill() }

// CPU returns the time that it has used of processors.
func (r *Redis) CPU() time.Duration { return r.process.CPU() }

// Freeze stops it as SIGSTOP does; Thaw lets it go on.
func (r *Redis) Freeze() { r.process.Signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (r *Redis) Thaw() { r.process.Signal(syscall.SIGCONT) }

// Close ends it for good.
func (r *Redis) Close() {
	_ = r.Admin.Close() // nothing is lost
	r.process.Kill()
}

// Info returns one line of INFO.
func (r *Redis) Info(ctx context.Context, section, name string) (string, error) {
	text, err := r.Admin.Info(ctx, section).Result()
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), name+":"); ok {
			return value, nil
		}
	}
	return "", fmt.Errorf("INFO %s has no %s", section, name)
}
