package structures

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/k8s/load/bench/rig"
)

// Verb is what one call costs.
type Verb struct {
	Script   time.Duration // inside the script, by INFO commandstats
	CPU      time.Duration // of redis-server, with reading the command and answering
	Commands float64       // propagated
	Bytes    float64       // propagated
}

// Result is what a layout costs.
type Result struct {
	Name                        string
	Start, Renew, Refused, Stop Verb
	// Used is the growth of used_memory for each account with three streams; Usage is what MEMORY USAGE says of its
	// keys.
	Used, Usage float64
}

// database is the database of all measurements.
const database = 2

// Bench compares layouts on a server.
type Bench struct {
	redis, replica *rig.Redis
	present        *Present
	session        map[string]string // the template's device session
	layouts        []*layout
	accounts       int
}

// New attaches a replica, so that Redis propagates what it does, and loads the scripts.
func New(ctx context.Context, r *rig.Redis, present *Present, accounts int) (*Bench, error) {
	b := &Bench{redis: r.In(database), present: present, accounts: accounts}
	zset, err1 := own(ctx, r, "ZSET of expiries, HASH of details", "zset", "z", "h")
	hash, err2 := own(ctx, r, "one HASH, packed by Redis", "hash", "h")
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	b.layouts = []*layout{
		present.layout("one packed value (session-svc)", same), zset, hash, present.layout("one packed value, account in 16 characters", short),
	}
	_, to := present.Start.Keys()
	var err error
	if b.session, err = r.Client.HGetAll(ctx, present.Start[to-1]).Result(); err != nil {
		return nil, fmt.Errorf("session: %w", err)
	}
	host, port, _ := strings.Cut(r.Addr, ":")
	if b.replica, err = rig.StartRedis(ctx, "--replicaof", host+" "+port); err != nil {
		return nil, err
	}
	return b, b.replica.InSync(ctx, r)
}

// Close ends the replica and leaves nothing behind.
func (b *Bench) Close(ctx context.Context) error {
	if b.replica == nil {
		return nil
	}
	return errors.Join(b.redis.Client.FlushDB(ctx).Err(), b.redis.Client.Close(), b.replica.Close())
}

// Round measures every layout once.
func (b *Bench) Round(ctx context.Context) ([]Result, error) {
	var results []Result
	for _, l := range b.layouts {
		result, err := b.measure(ctx, l)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		results = append(results, result)
	}
	return results, nil
}

func (b *Bench) measure(ctx context.Context, l *layout) (result Result, err error) {
	result.Name = l.name
	if err := b.redis.Client.FlushDB(ctx).Err(); err != nil {
		return result, fmt.Errorf("flush: %w", err)
	}
	if err := b.signIn(ctx, l); err != nil {
		return result, err
	}
	before := b.memory(ctx)
	if result.Start, err = b.verb(ctx, "granted", Slots, l.start); err != nil {
		return result, err
	}
	result.Used = float64(b.memory(ctx)-before) / float64(b.accounts)
	for _, key := range l.keys(rig.AccountID(0)) {
		usage, err := b.redis.Client.MemoryUsage(ctx, key).Result()
		if err != nil {
			return result, fmt.Errorf("memory usage: %w", err)
		}
		result.Usage += float64(usage)
	}
	if result.Renew, err = b.verb(ctx, "renewed", Slots, l.renew); err != nil {
		return result, err
	}
	result.Refused, err = b.verb(ctx, "limit_reached", 1, func(account string, _ int) []any { return l.start(account, Slots) })
	if err != nil {
		return result, err
	}
	result.Stop, err = b.verb(ctx, "done", Slots, l.stop)
	return result, err
}

// memory returns what Redis has allocated, less the buffers of clients, which come and go.
func (b *Bench) memory(ctx context.Context) int64 {
	bytes := b.redis.Info(ctx, "memory", "used_memory")
	for _, buffers := range []string{"mem_clients_normal", "mem_clients_slaves", "mem_replication_backlog"} {
		bytes -= b.redis.Info(ctx, "memory", buffers)
	}
	return bytes
}

// signIn returns every account its devices. This package's scripts must be told until when a device is signed in, and
// since when all are, in Unix milliseconds; session-svc's are given what it wrote itself.
func (b *Bench) signIn(ctx context.Context, l *layout) error {
	const farOff = "9999999999999"
	return b.each(ctx, func(pipe redis.Pipeliner, account string) {
		if l.own {
			pipe.HSet(ctx, l.sessions(account), "m", "0")
			for _, id := range sessions {
				pipe.HSet(ctx, l.sessions(account), id, farOff)
			}
			return
		}
		for field, text := range b.session {
			if field != rig.Raw(b.present.Account.Session) {
				pipe.HSet(ctx, l.sessions(account), field, text)
				continue
			}
			for i, id := range sessions {
				pipe.HSet(ctx, l.sessions(account), id, strings.ReplaceAll(text, rig.Devices[0], rig.Devices[i%Slots]))
			}
		}
	})
}

// verb calls a script for this many streams of every account.
func (b *Bench) verb(ctx context.Context, outcome string, slots int, command func(account string, slot int) []any) (v Verb, err error) {
	if err := b.redis.Client.ConfigResetStat(ctx).Err(); err != nil {
		return v, fmt.Errorf("reset: %w", err)
	}
	offset, applied, used := b.redis.Info(ctx, "replication", "master_repl_offset"), b.replica.Applied(ctx), b.redis.CPU()
	for slot := range slots {
		err := b.each(ctx, func(pipe redis.Pipeliner, account string) { pipe.Do(ctx, command(account, slot)...) }, outcome)
		if err != nil {
			return v, err
		}
	}
	calls := float64(slots * b.accounts)
	v.CPU = time.Duration(float64(b.redis.CPU()-used) / calls)
	v.Script = b.redis.CallTime(ctx, "evalsha")
	v.Bytes = float64(b.redis.Info(ctx, "replication", "master_repl_offset")-offset) / calls
	if err := b.replica.InSync(ctx, b.redis); err != nil {
		return v, err
	}
	v.Commands = float64(b.replica.Applied(ctx)-applied) / calls
	return v, nil
}

// each does something for every account, in pipelines. Where an outcome is given, all answers must begin with it.
func (b *Bench) each(ctx context.Context, do func(pipe redis.Pipeliner, account string), outcome ...string) error {
	const batch = 200
	for from := 0; from < b.accounts; from += batch {
		answers, err := b.redis.Client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for n := from; n < min(from+batch, b.accounts); n++ {
				do(pipe, rig.AccountID(n))
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("pipeline: %w", err)
		}
		for _, answer := range answers {
			if len(outcome) == 0 {
				break
			}
			said, ok := answer.(*redis.Cmd)
			if !ok {
				continue
			}
			words, err := said.Slice()
			if len(words) == 1 { // a script for several accounts answers for each
				words, _ = words[0].([]any)
			}
			if err != nil || len(words) == 0 || words[0] != outcome[0] {
				return fmt.Errorf("answered %v, not %s", words, outcome[0])
			}
		}
	}
	return nil
}
