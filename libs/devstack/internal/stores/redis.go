package stores

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
)

// openRedis starts the Redis that the options ask for.
func openRedis(ctx context.Context, o Options) (*Store, error) {
	if o.RedisURL != "" {
		return existing("a server of yours", o.RedisURL), nil
	}
	dir := filepath.Join(o.Dir, "redis")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	program := findServer()
	switch {
	case o.Redis == Miniredis, o.Redis == Auto && program == "":
		return openMiniredis(ctx, dir, o)
	case program == "":
		return nil, errors.New("there is neither valkey-server nor redis-server in PATH: install one of them, or use -redis miniredis")
	}
	return openServer(ctx, program, dir, o)
}

func findServer() string {
	for _, name := range []string{"valkey-server", "redis-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
