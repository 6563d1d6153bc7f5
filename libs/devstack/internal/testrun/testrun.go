package testrun

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"streamgate/libs/devstack/internal/stores"
	"streamgate/libs/process"
)

// The variables that name the stores for the command. Stores that they name already are used as they are.
const (
	mongoDBVariable = "TEST_MONGODB_URI"
	redisVariable   = "TEST_REDIS_URL"
)

// Run opens the stores, runs the command with their addresses in its environment, and returns its exit code. It passes
// signals on to the command, which decides what to do.
func Run(ctx context.Context, signals <-chan os.Signal, redis stores.Redis, command []string) (code int, err error) {
	program, err := exec.LookPath(command[0])
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp("", "streamgate-test-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	open, err := stores.Open(ctx, stores.Options{
		Dir: dir, Redis: redis, Throwaway: true,
		MongoDBAddress: "127.0.0.1:0", RedisAddress: "127.0.0.1:0",
		MongoDBURI: os.Getenv(mongoDBVariable), RedisURL: os.Getenv(redisVariable),
	})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, open.Close(ctx)) }()

	running, err := process.Start(command[0], &exec.Cmd{
		Path: program, Args: command,
		Env:   append(os.Environ(), mongoDBVariable+"="+open.MongoDB.URL, redisVariable+"="+open.Redis.URL),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
	}, nil)
	if err != nil {
		return 0, err
	}
	for {
		select {
		case <-running.Done():
			return running.ExitCode(), nil
		case s := <-signals:
			if number, ok := s.(syscall.Signal); ok {
				running.Signal(number)
			}
		case <-open.Gone():
			running.Kill()
			return 0, fmt.Errorf("a store failed while the command ran: %w", open.Err())
		}
	}
}
