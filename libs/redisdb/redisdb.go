package redisdb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"

	"streamgate/libs/fault"
	"streamgate/libs/service"
	"streamgate/libs/wait"
)

// StoppedKey is the key that whoever stops a server in order writes to it: after all other writes, so that a server which finds it when it starts
// has lost nothing. It may be written while others still write if they can't any more from then on, until it expires or the server stops.
const StoppedKey = "promoted:stopped"

// AnswerWithin bounds a call as a whole: the wait for a connection, its setup and the repetitions. A heartbeat is worth
// a wait while a busy machine has no time for the server, and services that ask for a client wait for 2 s. A caller in
// more of a hurry gives its context a deadline.
const AnswerWithin = 1500 * time.Millisecond

const (
	// dialTimeout and callTimeout bound one try; callTimeout also bounds the wait for a free connection. A connection with TLS
	// takes up to three round trips: a server may be 150 ms away.
	dialTimeout = 500 * time.Millisecond
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

// Look is called with every new connection before it is used; its error closes the connection.
type Look func(ctx context.Context, connection *redis.Conn) error

// Open returns a client. It doesn't connect: Ping does. Look may be nil.
//
// The client repeats a command if a connection broke or gave no answer, so every command must be idempotent.
func Open(s Settings, service string, look Look) (redis.UniversalClient, error) {
	logging.Disable() // the client's own log is not JSON and has a line for each failed dial; callers get every error
	o, faults := s.parse()
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	o.ClientName, o.OnConnect = service, look
	// What servers don't know or we don't use costs a round trip for each new connection.
	o.DisableIdentity, o.MaintNotificationsConfig = true, &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = dialTimeout, callTimeout, callTimeout, callTimeout
	o.DialerRetries, o.MaxRetries, o.MaxRedirects = 1, retries, maxRedirects
	o.MinRetryBackoff, o.MaxRetryBackoff, o.ContextTimeoutEnabled = minBackoff, maxBackoff, true
	o.PoolSize, o.MinIdleConns = poolSize, minIdle
	o.PipelinePoolSize = -1 // pipelines use the same connections
	client := redis.NewUniversalClient(o)
	client.AddHook(bounded{})
	return client, nil
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
		var faults []error
		err := eachServer(ctx, client, func(info map[string]string) {
			major, _, _ := strings.Cut(info["redis_version"], ".")
			if number, err := strconv.Atoi(major); err == nil && number < oldest {
				faults = append(faults, fmt.Errorf("the server is Redis %s; Streamgate's scripts want Redis 7.0 or newer, or Valkey 8", info["redis_version"]))
			}
			if evicts(info) {
				faults = append(faults, fmt.Errorf(
					"the server has maxmemory-policy %q and would throw leases away when it is full; set maxmemory-policy noeviction", info[policy]))
			}
		})
		if len(faults) > 0 {
			return service.Permanent(errors.Join(faults...))
		}
		return err
	}}
}

const policy = "maxmemory_policy"

func evicts(info map[string]string) bool { return info[policy] != "" && info[policy] != "noeviction" }

// eachServer looks at what each server that holds data tells of itself. Of a Cluster, nodes that are away are left out, unless all are. A
// server that doesn't tell is left out too: INFO may be forbidden on a managed one, or missing in one that runs inside a test.
func eachServer(ctx context.Context, client redis.UniversalClient, look func(info map[string]string)) error {
	var mu sync.Mutex
	var reached bool
	var failed error
	ask := func(ctx context.Context, server redis.UniversalClient) error {
		text, err := server.Info(ctx).Result() // older servers take one section at most
		mu.Lock()
		defer mu.Unlock()
		if answer := redis.Error(nil); err != nil && !errors.As(err, &answer) {
			failed = err
			return nil
		}
		if reached = true; err == nil {
			look(ParseInfo(text))
		}
		return nil
	}
	nodes, ok := client.(*redis.ClusterClient)
	if !ok {
		_ = ask(ctx, client)
	} else if err := nodes.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return ask(ctx, node) }); err != nil {
		failed = err
	}
	if !reached && failed != nil {
		return fmt.Errorf("redis: %w", failed)
	}
	return nil
}

// watchEvery is how often a server is asked whether it evicts.
const watchEvery = 5 * time.Second

// WatchFit returns a loop that notices when a server that runs is told to evict keys, or no longer to: by a line in the log and the metric
// redis_evicts.
func WatchFit(client redis.UniversalClient, registry *prometheus.Registry, log *slog.Logger) func(context.Context) {
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "redis_evicts", Help: "1 if a server of Redis would throw leases away when its memory is full, since its maxmemory-policy is not noeviction; else 0.",
	})
	registry.MustRegister(gauge)
	return func(ctx context.Context) {
		said := ""
		wait.Every(ctx, watchEvery, func() {
			found := ""
			if eachServer(ctx, client, func(info map[string]string) {
				if evicts(info) {
					found = info[policy]
				}
			}) != nil {
				return // it is away
			}
			switch {
			case found == said:
			case found != "":
				gauge.Set(1)
				log.ErrorContext(ctx, "Redis throws leases away when it is full, so that more streams play than may; set maxmemory-policy noeviction",
					"policy", found)
			default:
				gauge.Set(0)
				log.InfoContext(ctx, "Redis keeps all leases again", "policy", "noeviction")
			}
			said = found
		})
	}
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
// full, or that doesn't let us.
var away = []string{
	"LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "NOREPLICAS", "BUSY", "MISCONF", "UNBLOCKED", "max number of clients",
	"NOPERM", "NOAUTH", "WRONGPASS", "ACL failure in script", "The user executing the script can't",
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
