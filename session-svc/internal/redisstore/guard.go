package redisstore

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/fault"
	"streamgate/libs/redisdb"
)

// Guard notices that the server is not the one it was: restarted, or a replica that was promoted. Such a server may lack what was last
// written to its predecessor, since it was told of it late or never. Leases live for a lease at most, so for a lease new starts are held
// back, and forgotten leases put back. A server that was stopped in order has lost nothing, and says so (redisdb.StoppedKey).
// Forgotten sessions are taken back, and those that are older than the server are asked about once each, since their end may be forgotten.
//
// It looks at each new connection before the connection is used: a new server is reached by new connections alone. A server that lost
// everything is none of its business, since the mark of each account tells of that.
type Guard struct {
	lease time.Duration
	now   func() time.Time // monotonic

	mu    sync.Mutex
	known map[string]bool // identities of servers
	until time.Time       // of the hold
	since time.Time       // when the latest server began, on its clock
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

// began is an argument of scripts: when the server began, in Unix milliseconds on its own clock; it may lack what was written before. 0 if it
// lacks nothing. Replicas of the service agree on it within 2 s.
//
// Its value is taken when the client writes the command to a connection, which the guard has looked at by then. So a call that is the first
// to meet a new server tells that server already, however it came to be sent there, and a script decides alone whether it waits.
func (g *Guard) began() encoding.BinaryMarshaler { return began{g} }

type began struct{ guard *Guard }

// MarshalBinary implements encoding.BinaryMarshaler.
func (b began) MarshalBinary() ([]byte, error) {
	return strconv.AppendInt(nil, b.guard.Since(), 10), nil
}

// Since returns when the latest server began, in Unix milliseconds on its own clock, or 0 if it lacks nothing.
func (g *Guard) Since() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.since.IsZero() {
		return 0
	}
	return g.since.UnixMilli()
}

// errReplica keeps connections to replicas from being used: one that is promoted later would not be looked at again.
var errReplica = errors.New("this server is a replica; its primary is wanted")

// Look is for redis.Options.OnConnect.
func (g *Guard) Look(ctx context.Context, connection *redis.Conn) error {
	text, err := connection.Info(ctx, "server", "replication", "keyspace").Result()
	answered := redis.Error(nil)
	if redis.HasErrorPrefix(err, "NOPERM") || errors.As(err, &answered) && fault.KindOf(redisdb.Fault(err)) != fault.Unavailable {
		return nil // an emulation for tests, or a server that doesn't tell everybody: nothing can be known
	}
	if err != nil {
		return fmt.Errorf("who is there: %w", err)
	}
	info := redisdb.ParseInfo(text)
	if info["redis_mode"] == "sentinel" {
		return nil // it keeps nothing, and is asked for the primary
	}
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
	now, err := connection.Time(ctx).Result()
	if err != nil {
		return fmt.Errorf("what time is it there: %w", err)
	}
	since := beganAt(ctx, connection, info, identity, now)
	until := g.now().Add(since.Add(g.lease).Sub(now))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.known[identity] = true
	if since.IsZero() {
		return nil
	}
	if since.After(g.since) {
		g.since = since
	}
	if until.After(g.until) {
		g.until = until
	}
	return nil
}

// beganAt returns when a server that we meet for the first time began to decide: when it was started or promoted. The zero time is that of one
// that is empty, or was stopped in order before and so lacks nothing.
func beganAt(ctx context.Context, connection *redis.Conn, info map[string]string, identity string, now time.Time) time.Time {
	if promoted := info["second_repl_offset"]; promoted != "" && promoted != "-1" {
		return promotedAt(ctx, connection, identity, now)
	}
	empty := true
	for name := range info {
		empty = empty && !strings.HasPrefix(name, "db")
	}
	if empty {
		return time.Time{}
	}
	if whole(ctx, connection, identity) {
		return time.Time{}
	}
	uptime, _ := strconv.Atoi(info["uptime_in_seconds"]) // whole ones: up to a second less has passed
	if started := now.Truncate(time.Second).Add(time.Duration(1-uptime) * time.Second); started.Before(now) {
		return started
	}
	return now
}

// whole reports whether a server that was restarted has all that it had. On a Cluster, and where the server doesn't say, it has not.
func whole(ctx context.Context, connection *redis.Conn, identity string) bool {
	keys := []string{redisdb.StoppedKey, promotionKey(identity, 0)}
	answer, err := wholeScript.Eval(ctx, connection, keys, promotionKept.Milliseconds()).Int()
	return err == nil && answer == 1
}

// slotsTried is in how many places it is tried to write down when a node of a cluster was promoted: its share of the slots is rarely below 1 %.
const slotsTried = 500

// promotedAt says since when anybody has known the server as a primary. The first who meets it writes down when, on a node of a cluster under
// the first name that is in one of its slots. Where that can't be kept, on a full server, nobody has.
func promotedAt(ctx context.Context, connection *redis.Conn, identity string, now time.Time) time.Time {
	_ = connection.Del(ctx, redisdb.StoppedKey) // of its primary, and not true of it
	for n := range slotsTried {
		key := promotionKey(identity, n)
		err := connection.SetNX(ctx, key, now.UnixMilli(), promotionKept).Err()
		if redis.HasErrorPrefix(err, "MOVED") {
			continue
		}
		first, getErr := connection.Get(ctx, key).Int64()
		if err != nil || getErr != nil {
			break
		}
		return time.UnixMilli(first)
	}
	return now
}
