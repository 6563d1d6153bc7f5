package stores

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	program := findServer(ctx)
	switch {
	case o.Redis == Miniredis, o.Redis == Auto && program == "":
		return openMiniredis(ctx, dir, o)
	case program == "":
		return nil, errors.New("there is neither a valkey-server nor a redis-server of 7.0 or newer in PATH: install one of them, or use -redis miniredis")
	}
	return openServer(ctx, program, dir, o)
}

// tooOld matches the versions whose scripts can't begin with a line of flags, as servers print them: "Redis server
// v=6.0.16 sha=…".
var tooOld = regexp.MustCompile(`\bv=[1-6]\.`)

func findServer(ctx context.Context) string {
	for _, name := range []string{"valkey-server", "redis-server"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		version, err := exec.CommandContext(ctx, path, "--version").Output() //nolint:gosec // one of the two, in PATH
		if err == nil && !tooOld.Match(version) {
			return path
		}
	}
	return ""
}
