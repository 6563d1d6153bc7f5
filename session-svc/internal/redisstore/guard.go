package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Guard notices that the server is not the one it was: restarted, or a replica that was promoted. Such a server may lack the last
// leases that its predecessor granted, since it was told of them late or never. They live for a lease at most, so for a lease new starts
// are held back, and forgotten leases put back.
//
// It looks at each new connection before the connection is used: a new server is reached by new connections alone. A server that lost
// everything is none of its business, since the mark of each account tells of that.
type Guard struct {
	lease time.Duration
	now   func() time.Time // monotonic

	mu    sync.Mutex
	known map[string]bool // identities of servers
	until time.Time       // of the hold
}

// NewGuard makes a guard for leases of this length. Connections must be opened with its Look.
func NewGuard(lease time.Duration) *Guard {
	return &Guard{lease: lease, now: time.Now, known: map[string]bool{}}
}

// Held says for how long new starts are held back; 0 is not.
func (g *Guard) Held() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, g.until.Sub(g.now()))
}

// errReplica keeps connections to replicas from being used: one that is promoted later would not be looked at again.
var errReplica = errors.New("this server is a replica; its primary is wanted")

// Look is for redis.Options.OnConnect.
func (g *Guard) Look(ctx context.Context, connection *redis.Conn) error {
	text, err := connection.Info(ctx, "server", "replication", "keyspace").Result()
	if answer := redis.Error(nil); errors.As(err, &answer) && !strings.HasPrefix(answer.Error(), "LOADING") {
		return nil // an emulation for tests, or a server that doesn't tell everybody: nothing can be known
	}
	if err != nil {
		return fmt.Errorf("who is there: %w", err)
	}
	info := parseInfo(text)
	if info["role"] == "slave" {
		return errReplica
	}
	// The run id is new with each start, the replication id with each promotion.
	identity := info["run_id"] + info["master_replid"]
	g.mu.Lock()
	seen := g.known[identity]
	g.mu.Unlock()
	if seen {
		return nil
	}
	hold := g.hold(ctx, connection, info, identity)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.known[identity] = true
	if until := g.now().Add(hold); until.After(g.until) {
		g.until = until
	}
	return nil
}

// hold says how long new starts must wait on a server that we meet for the first time: until a lease after it started or was promoted.
func (g *Guard) hold(ctx context.Context, connection *redis.Conn, info map[string]string, identity string) time.Duration {
	if promoted := info["second_repl_offset"]; promoted != "" && promoted != "-1" {
		return g.lease - sincePromotion(ctx, connection, identity)
	}
	empty := true
	for name := range info {
		empty = empty && !strings.HasPrefix(name, "db")
	}
	if empty {
		return 0
	}
	seconds, _ := strconv.Atoi(info["uptime_in_seconds"]) // whole ones: up to a second more has passed
	return g.lease - time.Duration(max(0, seconds-1))*time.Second
}

// sincePromotion says for how long anybody has known the server as a primary. The first who meets it writes down when. Where that can't
// be kept, on a node of a cluster that has other slots or on a full server, nobody has.
func sincePromotion(ctx context.Context, connection *redis.Conn, identity string) time.Duration {
	now, err := connection.Time(ctx).Result()
	if err != nil {
		return 0
	}
	key := promotionKey(identity)
	if err := connection.SetNX(ctx, key, now.UnixMilli(), promotionKept).Err(); err != nil {
		return 0
	}
	first, err := connection.Get(ctx, key).Int64()
	if err != nil {
		return 0
	}
	return now.Sub(time.UnixMilli(first))
}

func parseInfo(text string) map[string]string {
	fields := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}
