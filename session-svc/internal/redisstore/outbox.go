package redisstore

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// What other systems are told of an account is a hash, which scripts add to in the step that decides.
//
//	last        the number of the last event; the first one's is the time, in Unix ms, so that no number is ever given again
//	first       the number of the oldest one that is kept
//	<number>    an event
//	to:<sink>   the number of the last event that a sink has got; without it, the one before first
//	by:<sink>   who brings a sink its events, and until when: the id of a relay and a Unix time in ms
//	refused     when a refusal was told last, and how many there were since
//
// An event is packed as the record of leases is (record.go):
//
//	c1    its type, and
//	c1    its reason, by their letters below
//	I6    when it happened
//	I2    limit
//	I2    active
//	I2    times
//	c8    session id
//	c16   stream id
//	c12   content id
//	I6    started
//	Bc0   device
//	Bc0   by
const (
	eventFormat = ">c1c1I6I2I2I2c8c16c12I6Bc0Bc0"
	// mostEvents bounds the events that are kept of an account: about 200 kB.
	mostEvents = 1000
	eventNames = 1 + 1 + 6 + 2 + 2 + 2 + 8 + 16 + 12 + 6
)

var eventTypes = map[byte]events.Type{
	'o': events.SessionOpened, 'c': events.SessionEnded, 's': events.StreamStarted, 'f': events.StreamRefused, 'l': events.StreamLapsed,
	'r': events.StreamResumed, 'e': events.StreamEnded, 'p': events.PlanChanged, 'v': events.LimitViolated,
	'x': events.AccountErased,
}

// eventReasons has the letters of each type.
var eventReasons = map[events.Type]map[byte]events.Reason{
	events.SessionEnded:  {'o': events.SignedOut, 'c': events.Crowded, 'r': events.TokenReused},
	events.StreamRefused: {'l': events.LimitReached, 't': events.TooManyStarts, 'h': events.Recovering},
	events.StreamEnded: {
		's': events.Reason(stream.Stopped), 'r': events.Reason(stream.Replaced), 't': events.Reason(stream.Terminated),
		'e': events.Reason(stream.SessionEnded), 'v': events.Reason(stream.Evicted), 'u': events.Undone,
	},
}

// Outbox implements events.Outbox.
type Outbox struct {
	store *Store
	keep  time.Duration
	heard func(account string)
}

var _ events.Outbox = (*Outbox)(nil)

// Tell has the scripts write down events from now on, which are kept for a while until all sinks have them. The outbox has them. It must be called
// before the store is used.
func (s *Store) Tell(keep time.Duration) *Outbox {
	s.outbox = &Outbox{store: s, keep: keep, heard: func(string) {}}
	return s.outbox
}

// Hear implements events.Outbox.
func (o *Outbox) Hear(heard func(account string)) { o.heard = heard }

// keys adds to an account's keys the one that a script needs to write down events.
func (s *Store) keys(run script, keys []string) []string {
	if s.outbox == nil || !run.tells {
		return keys
	}
	return append(slices.Clip(keys), eventsKey(accountOf(keys[0])))
}

// arguments adds what a script needs to write down events: at the end, or in front and perhaps empty where accounts share it.
func (s *Store) arguments(run script, args []any) []any {
	tells := s.outbox != nil && run.tells
	switch {
	case run.several && tells:
		return slices.Concat([]any{mostEvents, s.outbox.keep.Milliseconds()}, args)
	case run.several:
		return slices.Concat([]any{"", ""}, args)
	case tells:
		return append(slices.Clip(args), mostEvents, s.outbox.keep.Milliseconds())
	}
	return args
}

// heard says that a script may have written down events. One that got no answer may have, too.
func (s *Store) heard(run script, key string, answer []any, err error) {
	if s.outbox == nil || !run.tells || run.verb == lookScript.verb {
		return
	}
	if err == nil && len(answer) > 0 && answer[0] == string(stream.Renewed) {
		return
	}
	s.outbox.heard(accountOf(key))
}

// accountOf returns whose key it is.
func accountOf(key string) string {
	_, rest, _ := strings.Cut(key, "{")
	account, _, _ := strings.Cut(rest, "}")
	return account
}

// Take implements events.Outbox.
func (o *Outbox) Take(ctx context.Context, account, sink, relay string, hold time.Duration) (events.Batch, error) {
	answer, err := o.store.call(ctx, takeScript, []string{eventsKey(account)}, sink, relay, hold.Milliseconds(), events.BatchSize)
	if err != nil {
		return events.Batch{}, err
	}
	switch answer[0] {
	case "none":
		return events.Batch{}, nil
	case "busy":
		wait, _ := answer[1].(int64)
		return events.Batch{Busy: time.Duration(wait) * time.Millisecond}, nil
	}
	now, _ := answer[1].(int64)
	before, _ := answer[2].(int64)
	kept, _ := answer[3].([]any)
	batch := events.Batch{Now: instant(now), Last: before + int64(len(kept))}
	for i, packed := range kept {
		text, ok := packed.(string)
		if !ok {
			batch.Dropped++
			continue
		}
		e, err := unpackEvent(text)
		if err != nil {
			return events.Batch{}, fmt.Errorf("event %d of %s: %w", before+1+int64(i), account, err)
		}
		e.Account, e.Sequence = account, before+1+int64(i)
		batch.Events = append(batch.Events, e)
	}
	return batch, nil
}

// Sent implements events.Outbox.
func (o *Outbox) Sent(ctx context.Context, account, sink, relay string, sequence int64, sinks []string) (all bool, err error) {
	args := []any{sink, relay, sequence, mostEvents, o.keep.Milliseconds()}
	for _, each := range sinks {
		args = append(args, each)
	}
	answer, err := o.store.call(ctx, sentScript, []string{eventsKey(account)}, args...)
	return err == nil && answer[0] == int64(1), err
}

// Look implements events.Outbox.
func (o *Outbox) Look(ctx context.Context, account string) (next time.Duration, waiting bool, err error) {
	answer, err := o.store.call(ctx, lookScript, []string{leasesKey(account)}, o.store.rules.Lease.Milliseconds())
	if err != nil {
		return 0, false, err
	}
	ms, _ := answer[0].(int64)
	return time.Duration(ms) * time.Millisecond, answer[1] == int64(1), nil
}

// scanned is how many keys a server goes through at once, which takes it less than a millisecond.
const scanned = 500

// Round implements events.Outbox.
func (o *Outbox) Round(ctx context.Context, relay string, every time.Duration, each func(account string)) (bool, error) {
	client := o.store.nodes.client
	if every > 0 {
		mine, err := client.SetNX(ctx, roundKey, relay, every).Result()
		if err != nil || !mine {
			return false, redisdb.Fault(err)
		}
	}
	var err error
	scan := func(ctx context.Context, node redis.Cmdable) error {
		for cursor := uint64(0); ; {
			keys, next, err := node.Scan(ctx, cursor, leasesKey("*")+"*", scanned).Result()
			if err != nil {
				return err
			}
			for _, key := range keys {
				if account := accountOf(key); len(account) == hex.EncodedLen(contentLength) {
					each(account)
				}
			}
			if cursor = next; cursor == 0 {
				return nil
			}
		}
	}
	if nodes, many := client.(*redis.ClusterClient); many {
		err = nodes.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return scan(ctx, node) })
	} else {
		err = scan(ctx, client)
	}
	return true, redisdb.Fault(err)
}

var errEvent = errors.New("damaged")

// contentLength is how many bytes an id of an account or a content has.
const contentLength = 12

// unpackEvent reads an event as the scripts write it.
func unpackEvent(packed string) (events.Event, error) {
	if len(packed) < eventNames+2 {
		return events.Event{}, errEvent
	}
	rest := packed
	next := func(n int) string {
		n = min(n, len(rest))
		field := rest[:n]
		rest = rest[n:]
		return field
	}
	var e events.Event
	e.Type = eventTypes[next(1)[0]]
	e.Data.Reason = eventReasons[e.Type][next(1)[0]]
	e.Time = instant(number(next(6)))
	e.Data.Limit, e.Data.Active, e.Data.Times = int(number(next(2))), int(number(next(2))), int(number(next(2)))
	e.Data.Session = session.ID([]byte(next(8)))
	e.Data.Stream = stream.ID([]byte(next(16)))
	if content := next(contentLength); strings.Trim(content, "\x00") != "" {
		e.Data.Content = hex.EncodeToString([]byte(content))
	}
	if started := number(next(6)); started != 0 {
		e.Data.Started = instant(started)
	}
	e.Data.Device = next(int(next(1)[0]))
	if rest == "" {
		return events.Event{}, errEvent
	}
	if e.Data.By = next(int(next(1)[0])); rest != "" || e.Type == "" {
		return events.Event{}, errEvent
	}
	return e, nil
}
