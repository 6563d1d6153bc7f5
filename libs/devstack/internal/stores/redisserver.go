package stores

import (
	"context"
	"io"
	"net"
	"os/exec"
	"path/filepath"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/process"
	"streamgate/libs/redisdb"
)

// openServer starts valkey-server or redis-server, without a configuration file.
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
	url := "redis://" + address + "/0"
	client, err := connect(url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = client.Close() }()
	name := filepath.Base(program)
	server, err := process.StartReady(ctx, name, &exec.Cmd{Path: program, Args: []string{
		program,
		"--bind", host, "--port", port, "--dir", dir, "--daemonize", "no",
		"--appendonly", appendOnly, "--save", "", // every acknowledged write is in the append-only file
		"--maxmemory-policy", "noeviction", // an evicted lease would be an admitted fourth stream
		"--loglevel", "warning",
	}}, process.NewOutput(io.Discard, ""), func(ctx context.Context) error { return client.Ping(ctx).Err() })
	if err != nil {
		return nil, err
	}
	return &Store{
		Kind: name,
		URL:  url,
		Data: dir,
		gone: server.Done(),
		why:  server.End,
		close: func(ctx context.Context) error {
			_ = note(ctx, url)      // without it, new streams wait for a while after the next start
			return server.Stop(ctx) // SIGTERM syncs the append-only file
		},
	}, nil
}

// note writes to a server that it is stopped in order. Its clients have been stopped before, so nothing is written after it.
func note(ctx context.Context, url string) error {
	client, err := connect(url)
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	return client.Set(ctx, redisdb.StoppedKey, 1, 0).Err()
}

func connect(url string) (*redis.Client, error) {
	options, err := redis.ParseURL(url)
	if err != nil {
		return nil, err
	}
	options.MaxRetries = -1 // the callers repeat their requests
	options.ContextTimeoutEnabled = true
	return redis.NewClient(options), nil
}
