package stores

import (
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/devstack/internal/ports"
	"streamgate/libs/devstack/internal/process"
)

// openServer starts valkey-server or redis-server. Given no configuration file, it reads none.
func openServer(ctx context.Context, program, dir string, o Options) (*Store, error) {
	address, err := ports.Free(ctx, o.RedisAddress) // the server does not know port 0
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	appendOnly := "yes"
	if o.Throwaway {
		appendOnly = "no"
	}
	output := process.NewOutput(io.Discard, "")
	server, err := process.Start(&exec.Cmd{
		Path: program,
		Args: []string{
			program,
			"--bind", host, "--port", port, "--dir", dir, "--daemonize", "no",
			"--appendonly", appendOnly, "--save", "", // every acknowledged write is in the append-only file
			"--maxmemory-policy", "noeviction", // an evicted lease would be an admitted fourth stream
			"--loglevel", "warning",
		},
		Stdout: output, Stderr: output,
	})
	if err != nil {
		return nil, err
	}
	name := filepath.Base(program)
	store := &Store{
		Kind: name,
		URL:  "redis://" + address + "/0",
		Data: dir,
		gone: server.Done(),
		why: func() error {
			return fmt.Errorf("%s ended with exit code %d:\n%s", name, process.ExitCode(server.Wait()), output.Last())
		},
		close: func(ctx context.Context) error {
			if err := server.Stop(ctx); err != nil { // SIGTERM syncs the append-only file
				return fmt.Errorf("%s %w", name, err)
			}
			return nil
		},
	}
	if err := waitForPong(ctx, store); err != nil {
		_ = server.Stop(ctx)
		return nil, err
	}
	return store, nil
}

// waitForPong waits until Redis has read its data and answers.
func waitForPong(ctx context.Context, store *Store) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client, err := connect(store.URL)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	for {
		err := client.Ping(ctx).Err()
		if err == nil {
			return nil
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-store.gone:
			return store.why()
		case <-ctx.Done():
			return fmt.Errorf("no answer from %s: %w", store.Kind, err)
		}
	}
}

func connect(url string) (*redis.Client, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	options.MaxRetries = -1 // whoever asks here asks again by himself
	options.ContextTimeoutEnabled = true
	return redis.NewClient(options), nil
}
