package redisstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// Store implements stream.Store and, by Sessions, session.Store.
type Store struct {
	nodes   *nodes
	rules   stream.Rules
	guard   *Guard
	undone  undoing
	metrics Metrics
	outbox  *Outbox // or nil
}

// Metrics observe what the store does.
type Metrics interface {
	// Script observes every call. The verb is the name of its script.
	Script(verb string, took time.Duration, err error)
	// Ended observes every stream that a call ended, how long it lived, and until when its lease would have.
	Ended(reason stream.Reason, lived time.Duration, expires time.Time)
}

// New returns a store on the server of the client, whose connections the guard looks at.
func New(client redis.UniversalClient, guard *Guard, rules stream.Rules, metrics Metrics) *Store {
	return &Store{nodes: newNodes(client), guard: guard, rules: rules, metrics: metrics}
}

var (
	_ stream.Store  = (*Store)(nil)
	_ session.Store = (*SessionStore)(nil)
)

// Sessions returns the store of device sessions, which live for ttl without a refresh.
func (s *Store) Sessions(ttl time.Duration) *SessionStore { return &SessionStore{s, ttl} }

// Start implements stream.Store.
func (s *Store) Start(ctx context.Context, account string, start stream.Start) (stream.Result, error) {
	content, err := packContent(start.Content)
	if err != nil {
		return stream.Result{}, err
	}
	var replace []byte
	if start.Replace != nil {
		replace = start.Replace[:]
	}
	cooldown := any("")
	if start.Evicts {
		cooldown = s.rules.Cooldown.Milliseconds()
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		deadline = time.Now().Add(redisdb.AnswerWithin)
	}
	node, err := s.nodes.of(ctx, leasesKey(account))
	if err != nil {
		return stream.Result{}, redisdb.Fault(err)
	}
	result, err := s.decide(ctx, startScript, keysOf(account), start.Name(),
		start.ID[:], len(start.Name()), start.Session[:], content, start.Player[:], start.Device, start.Limit,
		s.rules.Lease.Milliseconds(), s.rules.Remember.Milliseconds(), s.rules.Resume.Milliseconds(), s.rules.Keep().Milliseconds(),
		replace, cooldown, stream.MaxRemembered, s.guard.began(), s.rules.Starts.Every.Milliseconds(), s.rules.Starts.Burst,
		node.clock.at(deadline.Add(-answerTime)), startWindow.Milliseconds())
	if err != nil {
		s.undo(account, start.ID, deadline) //nolint:contextcheck // the caller has gone
	}
	if result.Outcome == stream.Granted || result.Outcome == stream.Repeated {
		result.Lease.Device = start.Device // its session may keep it
	}
	return result, err
}

// Stop implements stream.Store.
func (s *Store) Stop(ctx context.Context, account string, stop stream.Stop) (stream.Result, error) {
	return s.decide(ctx, stopScript, []string{leasesKey(account)}, stop.ID[:],
		stop.ID[:], stop.Session[:], stop.By, s.rules.Lease.Milliseconds(), s.rules.Remember.Milliseconds(), s.rules.Resume.Milliseconds(),
		s.rules.Keep().Milliseconds())
}

// List implements stream.Store.
func (s *Store) List(ctx context.Context, account string) (stream.Result, error) {
	return s.decide(ctx, listScript, keysOf(account), noStream[:])
}

// SetLimit implements stream.Store.
func (s *Store) SetLimit(ctx context.Context, account string, limit int) error {
	return s.setLimit(ctx, account, limit, "set")
}

// RecallLimit implements stream.Store.
func (s *Store) RecallLimit(ctx context.Context, account string, limit int) error {
	return s.setLimit(ctx, account, limit, "recall")
}

func (s *Store) setLimit(ctx context.Context, account string, limit int, how string) error {
	_, err := s.call(ctx, limitScript, []string{sessionsKey(account)}, limit, session.GrantFor.Milliseconds(), how)
	return err
}

// Answers of scripts that decided nothing: they met times of a clock ahead of the server's, or were asked by a time that is not the server's, or
// too late.
const (
	setBack = "set_back"
	late    = "late"
)

// attempts bounds how often a script is asked that decides nothing.
const attempts = 3

// noStream is an id that no stream has.
var noStream stream.ID

// decide runs a script, and reads its decision on the stream whose id begins with what is given.
func (s *Store) decide(ctx context.Context, verb script, keys []string, id []byte, args ...any) (stream.Result, error) {
	node, err := s.nodes.of(ctx, keys[0])
	if err != nil {
		return stream.Result{}, redisdb.Fault(fmt.Errorf("%s: %w", verb.verb, err))
	}
	for range attempts {
		sent := time.Now()
		answer, err := s.call(ctx, verb, keys, args...)
		if err != nil {
			return stream.Result{}, err
		}
		now, _ := answer[1].(int64)
		node.clock.learn(now, sent, time.Now())
		switch answer[0] {
		case late:
			if ctx.Err() != nil {
				return stream.Result{}, redisdb.Fault(fmt.Errorf("%s: %w", verb.verb, ctx.Err()))
			}
		case setBack:
			if _, err := s.call(ctx, rebaseScript, keys[:1], s.rules.Keep().Milliseconds()); err != nil {
				return stream.Result{}, err
			}
		default:
			result, err := s.read(answer, id)
			if err != nil {
				return stream.Result{}, fmt.Errorf("%s: %w", verb.verb, err)
			}
			return result, nil
		}
	}
	return stream.Result{}, redisdb.Fault(fmt.Errorf("%s: %w", verb.verb, errClock))
}

// errClock says that a server's clock is set again and again, or that the server answers too late each time.
var errClock = fmt.Errorf("the server is late, or its clock is set again and again: %w", context.DeadlineExceeded)

// read reads the answer that all scripts of streams give: outcome, now, limit, record, sessions, gained, wait, credit, ahead, holds. What comes last
// may be missing.
func (s *Store) read(answer []any, id []byte) (stream.Result, error) {
	number := func(at int) (n int64) {
		if at < len(answer) {
			n, _ = answer[at].(int64)
		}
		return n
	}
	ms := func(at int) time.Duration { return time.Duration(number(at)) * time.Millisecond }
	outcome, _ := answer[0].(string)
	record, _ := answer[3].(string)
	var sessions []any
	if len(answer) > 4 {
		sessions, _ = answer[4].([]any)
	}
	result := stream.Result{
		Outcome: stream.Outcome(outcome), Now: instant(number(1)), Limit: int(number(2)), Gained: ms(5), Wait: ms(6), Credit: ms(7), Ahead: ms(8), Holds: ms(9),
	}
	entries, err := unpack(record, s.rules.Lease, sessions)
	if err != nil {
		return stream.Result{}, err
	}
	leases := live(entries, result.Now)
	result.Active = len(leases)
	if len(sessions) > 0 { // asked for where the leases are shown
		result.Live = leases
	}
	if result.Outcome == stream.Granted || result.Outcome == stream.Done {
		s.countEnded(entries, result.Now)
	}
	asked := slices.IndexFunc(entries, func(e entry) bool { return bytes.HasPrefix(e.lease.ID[:], id) })
	if result.Outcome == stream.Granted {
		asked = len(entries) - 1 // the newest
	}
	if asked < 0 {
		return result, nil
	}
	switch e := entries[asked]; result.Outcome {
	case stream.Granted, stream.Repeated:
		result.Lease = e.lease
	case stream.Ended, stream.Done:
		result.End = stream.End{Reason: e.ended, By: e.by}
	default: // what was not granted is not shown
	}
	return result, nil
}

// countEnded counts what was ended by the call that left these entries.
func (s *Store) countEnded(entries []entry, now time.Time) {
	for _, e := range entries {
		if e.ended != "" && e.seen.Equal(now) {
			s.metrics.Ended(e.ended, now.Sub(e.lease.Started), e.lease.Expires)
		}
	}
}
