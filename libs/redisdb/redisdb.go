package redisdb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"streamgate/libs/fault"
	"streamgate/libs/service"
)

// AnswerWithin bounds a call as a whole: the wait for a connection, its setup and the repetitions. A heartbeat is worth
// a wait while a busy machine has no time for the server, and services that ask for a client wait for 2 s. A caller in
// more of a hurry gives its context a deadline.
const AnswerWithin = 1500 * time.Millisecond

const (
	// dialTimeout and callTimeout bound one try; callTimeout also bounds the wait for a free connection.
	dialTimeout = 100 * time.Millisecond
	callTimeout = 500 * time.Millisecond
	// retries is how often a call is repeated.
	retries  = 2
	poolSize = 64
	minIdle  = 2
	// The pause before a repetition.
	minBackoff, maxBackoff = time.Millisecond, 10 * time.Millisecond
	// maxRedirects is how often a cluster may send a call on while it moves slots.
	maxRedirects = 3
)

// Settings say where Redis, or Valkey, is.
type Settings struct {
	URL  string `env:"REDIS_URL" desc:"required: redis://[user:password@]host:port/db, or rediss:// for TLS; further nodes as ?addr=host:port, a Sentinel's primary as ?master_name=name"`
	Mode string `env:"REDIS_MODE" envDefault:"standalone" desc:"standalone, sentinel (the addresses are the Sentinels') or cluster"`
}

// The modes.
const (
	standalone = "standalone"
	sentinel   = "sentinel"
	cluster    = "cluster"
)

// Validate returns every fault of the settings.
func (s *Settings) Validate() []error {
	var faults []error
	if !slices.Contains([]string{"", standalone, sentinel, cluster}, s.Mode) {
		faults = append(faults, fmt.Errorf("REDIS_MODE: %q is none of standalone, sentinel and cluster", s.Mode))
	}
	if s.URL == "" {
		return append(faults, errors.New("REDIS_URL: missing; set it to the server's address, such as redis://redis:6379/0"))
	}
	client, err := Open(*s, "", nil)
	if err != nil {
		return append(faults, err)
	}
	_ = client.Close()
	return faults
}

// Look is called with every new connection before it is used; its error closes the connection.
type Look func(ctx context.Context, connection *redis.Conn) error

// Open returns a client. It doesn't connect: Ping does. Look may be nil.
//
// The client repeats a command if a connection broke or gave no answer, so every command must be idempotent.
func Open(s Settings, service string, look Look) (redis.UniversalClient, error) {
	logging.Disable() // the client's own log is not JSON and has a line for each failed dial; callers get every error
	client, err := connect(s, service, look)
	if _, ok := errors.AsType[*url.Error](err); ok { // its text contains the password
		err = errors.New("not an address; write special characters of the password as %XX")
	}
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	client.AddHook(bounded{})
	return client, nil
}

func connect(s Settings, service string, look Look) (redis.UniversalClient, error) {
	o, err := s.address()
	if err != nil {
		return nil, err
	}
	o.ClientName, o.DisableIdentity, o.OnConnect = service, true, look // saves a round trip for each new connection
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = dialTimeout, callTimeout, callTimeout, callTimeout
	o.DialerRetries, o.MaxRetries, o.MaxRedirects = 1, retries, maxRedirects
	o.MinRetryBackoff, o.MaxRetryBackoff, o.ContextTimeoutEnabled = minBackoff, maxBackoff, true
	o.PoolSize, o.MinIdleConns = poolSize, minIdle
	return redis.NewUniversalClient(o), nil
}

// address parses the URL according to the mode. It ignores the options of go-redis that would route a read to a
// replica, which may not know of a stream yet.
func (s Settings) address() (*redis.UniversalOptions, error) {
	switch s.Mode {
	case cluster:
		o, err := redis.ParseClusterURL(s.URL)
		if err != nil {
			return nil, err
		}
		return &redis.UniversalOptions{
			IsClusterMode: true, Addrs: o.Addrs, Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig, Protocol: o.Protocol,
			ConnMaxIdleTime: o.ConnMaxIdleTime, ConnMaxLifetime: o.ConnMaxLifetime, ConnMaxLifetimeJitter: o.ConnMaxLifetimeJitter,
		}, nil
	case sentinel:
		o, err := redis.ParseFailoverURL(s.URL)
		if err != nil {
			return nil, err
		}
		if o.MasterName == "" {
			return nil, errors.New("names no primary; add ?master_name=name")
		}
		return &redis.UniversalOptions{
			MasterName: o.MasterName, Addrs: o.SentinelAddrs, SentinelUsername: o.SentinelUsername, SentinelPassword: o.SentinelPassword,
			Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLSConfig, Protocol: o.Protocol,
			ConnMaxIdleTime: o.ConnMaxIdleTime, ConnMaxLifetime: o.ConnMaxLifetime, ConnMaxLifetimeJitter: o.ConnMaxLifetimeJitter,
		}, nil
	default:
		o, err := redis.ParseURL(s.URL)
		if err != nil {
			return nil, err
		}
		return &redis.UniversalOptions{
			Addrs: []string{o.Addr}, Username: o.Username, Password: o.Password, DB: o.DB, TLSConfig: o.TLSConfig, Protocol: o.Protocol,
			ConnMaxIdleTime: o.ConnMaxIdleTime, ConnMaxLifetime: o.ConnMaxLifetime, ConnMaxLifetimeJitter: o.ConnMaxLifetimeJitter,
		}, nil
	}
}

// bounded ends every call within AnswerWithin.
type bounded struct{}

func (bounded) DialHook(next redis.DialHook) redis.DialHook { return next }

func (bounded) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		ctx, cancel := context.WithTimeout(ctx, AnswerWithin)
		defer cancel()
		return next(ctx, cmd)
	}
}

func (bounded) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		ctx, cancel := context.WithTimeout(ctx, AnswerWithin)
		defer cancel()
		return next(ctx, cmds)
	}
}

// Ping returns the start-up step that waits for the server.
func Ping(client redis.UniversalClient) service.Step {
	return service.Step{Name: "connect to Redis", Do: func(ctx context.Context) error {
		if err := client.Ping(ctx).Err(); err != nil {
			return fmt.Errorf("redis: %w", err)
		}
		return nil
	}}
}

// oldest is the first major version whose scripts may begin with a line of flags.
const oldest = 7

// RequireFit returns the start-up step that refuses a server that is too old for the scripts, or that evicts keys when
// its memory is full: an evicted lease is an admitted stream too many. A server that doesn't tell is accepted.
func RequireFit(client redis.UniversalClient) service.Step {
	return service.Step{Name: "check Redis", Do: func(ctx context.Context) error {
		text, err := client.Info(ctx).Result() // older servers take one section at most
		if answer := redis.Error(nil); errors.As(err, &answer) {
			return nil // INFO may be forbidden on a managed server, or missing in one that runs inside a test
		}
		if err != nil {
			return fmt.Errorf("redis: %w", err)
		}
		var faults []error
		info := ParseInfo(text)
		major, _, _ := strings.Cut(info["redis_version"], ".")
		if number, err := strconv.Atoi(major); err == nil && number < oldest {
			faults = append(faults, fmt.Errorf("the server is Redis %s; Streamgate's scripts want Redis 7.0 or newer, or Valkey 8", info["redis_version"]))
		}
		if policy, found := info["maxmemory_policy"]; found && policy != "noeviction" {
			faults = append(faults, fmt.Errorf(
				"the server has maxmemory-policy %q and would throw leases away when it is full; set maxmemory-policy noeviction", policy))
		}
		if len(faults) > 0 {
			return service.Permanent(errors.Join(faults...))
		}
		return nil
	}}
}

// ParseInfo returns the fields of an answer to INFO.
func ParseInfo(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}

// Close returns a function that ends the client's connections.
func Close(client redis.UniversalClient) func(context.Context) error {
	return func(context.Context) error {
		if err := client.Close(); err != nil {
			return fmt.Errorf("redis: %w", err)
		}
		return nil
	}
}

// away holds the beginnings of the answers of a server that is up but can't serve: loading its data, failing over,
// full.
var away = []string{
	"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "NOREPLICAS", "BUSY", "MISCONF", "UNBLOCKED", "max number of clients",
}

// Fault adds a kind to an error of the client: a server that is away, or can't serve at the moment, is fault.Unavailable.
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
		return fmt.Errorf("redis: %w", err)
	}
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("redis: %w", err)
	}
	return fault.Away("The record of streams", err) // an error of the network, in one of its many forms
}
