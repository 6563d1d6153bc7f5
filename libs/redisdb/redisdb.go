package redisdb

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/fault"
	"streamgate/libs/service"
)

const (
	// dialTimeout and callTimeout keep a request below 300 ms when Redis is away, its one retry included.
	dialTimeout = 100 * time.Millisecond
	callTimeout = 200 * time.Millisecond
	// queueTimeout is how long a request waits for a free connection.
	queueTimeout = 50 * time.Millisecond
	poolSize     = 64
)

// Open makes a client of the server at address, redis://[user:password@]host:port/db or rediss:// for TLS. It doesn't connect: Ping does.
//
// The client repeats a command once, after a connection broke: what is called through it must be idempotent.
func Open(address, service string) (redis.UniversalClient, error) {
	o, err := redis.ParseURL(address)
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	o.ClientName = service
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = dialTimeout, callTimeout, callTimeout, queueTimeout
	o.DialerRetries, o.MaxRetries = 1, 1
	o.MinRetryBackoff, o.MaxRetryBackoff = time.Millisecond, 10*time.Millisecond
	o.ContextTimeoutEnabled = true
	o.PoolSize, o.MinIdleConns = poolSize, 2
	return redis.NewClient(o), nil
}

// Ping is the step of start-up that waits for the server.
func Ping(client redis.UniversalClient) service.Step {
	return service.Step{Name: "connect to Redis", Do: func(ctx context.Context) error {
		if err := client.Ping(ctx).Err(); err != nil {
			return fmt.Errorf("Redis: %w", err)
		}
		return nil
	}}
}

// RequireNoEviction is the step of start-up that refuses a server which throws keys away when its memory is full: an evicted lease is
// an admitted stream too many. A server that doesn't tell its policy is believed.
func RequireNoEviction(client redis.UniversalClient) service.Step {
	return service.Step{Name: "check Redis", Do: func(ctx context.Context) error {
		info, err := client.Info(ctx, "memory").Result()
		if answer := redis.Error(nil); errors.As(err, &answer) {
			return nil // INFO is not for everybody on a managed server, nor on one that runs inside a test
		}
		if err != nil {
			return fmt.Errorf("Redis: %w", err)
		}
		_, rest, found := strings.Cut(info, "maxmemory_policy:")
		policy, _, _ := strings.Cut(rest, "\r\n")
		if found && policy != "noeviction" {
			return service.Permanent(fmt.Errorf("Redis has maxmemory-policy %q and would throw leases away when it is full; set maxmemory-policy noeviction", policy))
		}
		return nil
	}}
}

// Close ends the client's connections.
func Close(client redis.UniversalClient) func(context.Context) error {
	return func(context.Context) error {
		if err := client.Close(); err != nil {
			return fmt.Errorf("Redis: %w", err)
		}
		return nil
	}
}

// away are the beginnings of the answers of a server that is there but can't serve: loading its data, failing over, full.
var away = []string{"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "NOREPLICAS", "BUSY", "MISCONF", "UNBLOCKED"}

// Fault gives an error of the client a kind: a server that is away, or can't serve at the moment, is fault.Unavailable.
func Fault(err error) error {
	if err == nil {
		return nil
	}
	if answer := redis.Error(nil); errors.As(err, &answer) && !errors.Is(err, redis.ErrPoolTimeout) {
		text := strings.TrimPrefix(answer.Error(), "ERR ")
		for _, prefix := range away {
			if strings.HasPrefix(text, prefix) {
				return fault.Away("The record of streams", err)
			}
		}
		return fmt.Errorf("Redis: %w", err)
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("Redis: %w", err)
	}
	return fault.Away("The record of streams", err) // the network, in one of its many words
}
