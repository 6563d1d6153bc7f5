package stores

import (
	"context"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/process"
)

// openServer starts valkey-server or redis-server. Given no configuration file, it reads none.
func openServer(ctx context.Context, program, dir string, o Options) (*Store, error) {
	address, err := process.FreeAddr(ctx, o.RedisAddress) // the server does not know port 0
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
	name := filepath.Base(program)
	server, err := process.Start(name, &exec.Cmd{Path: program, Args: []string{
		program,
		"--bind", host, "--port", port, "--dir", dir, "--daemonize", "no",
		"--appendonly", appendOnly, "--save", "", // every acknowledged write is in the append-only file
		"--maxmemory-policy", "noeviction", // an evicted lease would be an admitted fourth stream
		"--loglevel", "warning",
	}}, process.NewOutput(io.Discard, ""))
	if err != nil {
		return nil, err
	}
	store := &Store{
		Kind:  name,
		URL:   "redis://" + address + "/0",
		Data:  dir,
		gone:  server.Done(),
		why:   server.End,
		close: server.Stop, // SIGTERM syncs the append-only file
	}
	if err := awaitPong(ctx, server, store.URL); err != nil {
		server.Kill()
		return nil, err
	}
	return store, nil
}

// awaitPong waits until Redis has read its data and answers.
func awaitPong(ctx context.Context, server *process.Process, url string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	client, err := connect(url)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	return server.Await(ctx, func(ctx context.Context) error { return client.Ping(ctx).Err() })
}

func connect(url string) (*redis.Client, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	options.MaxRetries = -1 // the callers repeat what they ask
	options.ContextTimeoutEnabled = true
	return redis.NewClient(options), nil
}
