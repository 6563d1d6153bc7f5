package stack

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// RedisOptions say how a Redis runs.
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
	Port  int
	Admin *redis.Client // a connection past all links

	dir, program string
	o            RedisOptions
	process      *process
}

// FindRedis gives the program of a Redis server.
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
	port, err := FreePort(ctx)
	if err != nil {
		return nil, err
	}
	r := &Redis{Port: port, dir: filepath.Join(dir, o.Name), program: program, o: o}
	if err := os.MkdirAll(r.dir, 0o700); err != nil {
		return nil, err
	}
	r.Admin = redis.NewClient(&redis.Options{Addr: r.Addr(), MaxRetries: -1, ContextTimeoutEnabled: true})
	return r, r.Start(ctx)
}

// Addr is host:port.
func (r *Redis) Addr() string { return "127.0.0.1:" + strconv.Itoa(r.Port) }

// Start starts it, again with the same data and on the same port.
func (r *Redis) Start(ctx context.Context) error {
	args := r.serverArgs()
	if r.o.Sentinel != "" {
		args = []string{r.o.Sentinel, "--sentinel", "--bind", "127.0.0.1", "--port", strconv.Itoa(r.Port), "--dir", r.dir, "--daemonize", "no"}
	}
	process, err := startProcess(r.dir, r.o.Name, r.program, args, append(os.Environ(), r.o.Env...))
	if err != nil {
		return err
	}
	r.process = process
	return process.await(ctx, func(ctx context.Context) error { return r.Admin.Ping(ctx).Err() })
}

func (r *Redis) serverArgs() []string {
	return append([]string{
		"--bind", "127.0.0.1", "--port", strconv.Itoa(r.Port), "--dir", r.dir, "--daemonize", "no", "--save", "",
		"--maxmemory-policy", "noeviction", "--loglevel", "notice", "--repl-diskless-sync-delay", "0",
	}, r.o.Args...)
}

// Kill ends it as kill -9 does.
func (r *Redis) Kill() { r.process.kill() }

// Freeze stops it as SIGSTOP does; Thaw lets it go on.
func (r *Redis) Freeze() { r.process.signal(syscall.SIGSTOP) }

// Thaw lets a frozen server go on.
func (r *Redis) Thaw() { r.process.signal(syscall.SIGCONT) }

// Close ends it for good.
func (r *Redis) Close() {
	_ = r.Admin.Close() // nothing is lost
	r.process.kill()
}

// Info gives one line of INFO.
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
