package redisstore

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// Store is a stream.Store and, by Sessions, a session.Store.
type Store struct {
	client  redis.UniversalClient
	group   *group // nil for a cluster, where one node that is away would keep the calls of others waiting
	scripts scripts
	rules   stream.Rules
	guard   *Guard
	metrics Metrics
}

// Metrics are told what the store does.
type Metrics interface {
	// Script is told of every call. The verb is the name of its script.
	Script(verb string, took time.Duration, err error)
	// Ended is told of every stream that a call ended, and how long after its start.
	Ended(reason stream.Reason, lived time.Duration)
}

// New makes a store.
func New(client redis.UniversalClient, guard *Guard, rules stream.Rules, metrics Metrics) *Store {
	s := &Store{client: client, guard: guard, scripts: loadScripts(), rules: rules, metrics: metrics}
	if single, ok := client.(*redis.Client); ok {
		s.group = newGroup(single)
	}
	return s
}

var _ stream.Store = (*Store)(nil)

// Start is stream.Store's.
func (s *Store) Start(ctx context.Context, account string, start stream.Start) (stream.Result, error) {
	if s.guard.Held() > 0 {
		return stream.Result{Outcome: stream.Held}, nil
	}
	detail, err := packDetail(start.Content, start.Player, start.Device)
	if err != nil {
		return stream.Result{}, err
	}
	replace := ""
	if start.Replace != nil {
		replace = string(start.Replace[:])
	}
	cooldown := ""
	if start.Evicts {
		cooldown = strconv.FormatInt(s.rules.Cooldown.Milliseconds(), 10)
	}
	result, err := s.decide(ctx, "start", s.scripts.start, start.ID, []string{leasesKey(account), sessionsKey(account)}, start.ID[:], start.Session[:], detail,
		start.Limit, s.rules.Lease.Milliseconds(), s.rules.Remember.Milliseconds(), replace, cooldown, stream.MaxRemembered)
	if result.Outcome == stream.Granted || result.Outcome == stream.Repeated {
		result.Lease.Device = start.Device // which its session may have for it
	}
	if result.Outcome == stream.Granted && s.guard.Held() > 0 {
		// The call itself met a server that was promoted, and knew the script. What nobody is told of is not held; taking it back at once
		// leaves its slot to those whose leases were forgotten.
		_, _ = s.Stop(context.WithoutCancel(ctx), account, stream.Stop{ID: start.ID, Session: start.Session})
		return stream.Result{Outcome: stream.Held}, nil
	}
	return result, err
}

// Renew is stream.Store's.
func (s *Store) Renew(ctx context.Context, account string, r stream.Renewal) (result stream.Result, err error) {
	detail, started := "", ""
	if r.Ticket != nil {
		if detail, err = packDetail(r.Ticket.Content, r.Ticket.Player, ""); err != nil {
			return stream.Result{}, err
		}
		started = packTime(r.Ticket.Started)
	}
	keys := []string{leasesKey(account), sessionsKey(account)}
	err = s.tellSince(func(since int64) (bool, error) {
		result, err = s.decide(ctx, "renew", s.scripts.renew, r.ID, keys, r.ID[:], r.Session[:], r.Limit,
			s.rules.Lease.Milliseconds(), s.rules.Remember.Milliseconds(), detail, started, since)
		return result.Outcome != stream.Unknown, err
	})
	if result.Outcome == stream.Renewed || result.Outcome == stream.Resumed {
		result.Lease = stream.Lease{ID: r.ID, Session: r.Session, Expires: result.Now.Add(s.rules.Lease)}
	}
	return result, err
}

// Stop is stream.Store's.
func (s *Store) Stop(ctx context.Context, account string, stop stream.Stop) (stream.Result, error) {
	return s.decide(ctx, "stop", s.scripts.stop, stop.ID, []string{leasesKey(account)}, stop.ID[:], stop.Session[:], stop.By,
		s.rules.Lease.Milliseconds(), s.rules.Remember.Milliseconds())
}

// List is stream.Store's.
func (s *Store) List(ctx context.Context, account string) (stream.Result, error) {
	return s.decide(ctx, "list", s.scripts.list, stream.ID{}, []string{leasesKey(account), sessionsKey(account)},
		s.rules.Lease.Milliseconds())
}

// call runs a script.
func (s *Store) call(ctx context.Context, verb string, script *redis.Script, keys []string, args ...any) ([]any, error) {
	began := time.Now()
	answer, err := s.run(ctx, script, keys, args).Slice()
	s.metrics.Script(verb, time.Since(began), err)
	if err != nil {
		return nil, redisdb.Fault(fmt.Errorf("%s: %w", verb, err))
	}
	return answer, nil
}

// run calls a script by its digest, and sends its text where the server doesn't know it.
func (s *Store) run(ctx context.Context, script *redis.Script, keys []string, args []any) *redis.Cmd {
	answer := s.byDigest(ctx, script, keys, args)
	if err := answer.Err(); err == nil || !redis.HasErrorPrefix(err, "NOSCRIPT") {
		return answer
	}
	if script == s.scripts.start && s.guard.Held() > 0 { // now that nothing is done yet: new servers know no scripts
		held := redis.NewCmd(ctx)
		held.SetVal([]any{string(stream.Held), int64(0), ""})
		return held
	}
	return script.Eval(ctx, s.client, keys, args...)
}

func (s *Store) byDigest(ctx context.Context, script *redis.Script, keys []string, args []any) *redis.Cmd {
	if s.group == nil {
		return script.EvalSha(ctx, s.client, keys, args...)
	}
	all := make([]any, 0, 3+len(keys)+len(args))
	all = append(all, "evalsha", script.Hash(), len(keys))
	for _, key := range keys {
		all = append(all, key)
	}
	return s.group.do(ctx, append(all, args...)...)
}

// setBack is the answer of a script whose account has leases that a clock ahead of the server's has set.
const setBack = "set_back"

// decide runs a script that answers an outcome, the time and the leases, and picks out the stream that was asked for.
func (s *Store) decide(ctx context.Context, verb string, script *redis.Script, id stream.ID, keys []string, args ...any) (stream.Result, error) {
	answer, err := s.call(ctx, verb, script, keys, args...)
	if err == nil && answer[0] == setBack {
		if _, err := s.call(ctx, "rebase", s.scripts.rebase, keys[:1], s.rules.Lease.Milliseconds(), s.rules.Remember.Milliseconds()); err != nil {
			return stream.Result{}, err
		}
		answer, err = s.call(ctx, verb, script, keys, args...)
	}
	if err != nil {
		return stream.Result{}, err
	}
	if len(answer) < 3 || answer[0] == setBack {
		return stream.Result{}, fmt.Errorf("%s: answered %v", verb, answer)
	}
	outcome, _ := answer[0].(string)
	now, _ := answer[1].(int64)
	result := stream.Result{Outcome: stream.Outcome(outcome), Now: instant(now)}
	if gained, renewed := answer[2].(int64); renewed { // nothing else is answered
		result.Gained = time.Duration(gained) * time.Millisecond
		return result, nil
	}
	if err := s.read(&result, id, answer[2:]); err != nil {
		return stream.Result{}, fmt.Errorf("%s: %w", verb, err)
	}
	return result, nil
}

// read adds to a result what the leases say, which are followed by their sessions where the live ones are to be shown.
func (s *Store) read(result *stream.Result, id stream.ID, answer []any) error {
	record, _ := answer[0].(string)
	var sessions []any
	if len(answer) > 1 {
		sessions, _ = answer[1].([]any)
		sessions = sessions[min(1, len(sessions)):] // the first is the account's mark, so that there always is one
	}
	entries, err := unpack(record, sessions)
	if err != nil {
		return err
	}
	leases := live(entries, result.Now)
	result.Active = len(leases)
	if len(answer) > 1 {
		result.Live = leases
	}
	if result.Outcome == stream.Granted || result.Outcome == stream.Done {
		s.tellEnded(entries, result.Now)
	}
	asked := slices.IndexFunc(entries, func(e entry) bool { return e.lease.ID == id })
	if asked < 0 {
		return nil
	}
	// What was not granted is not shown.
	switch e := entries[asked]; result.Outcome {
	case stream.Granted, stream.Resumed:
		result.Gained, result.Lease = s.rules.Lease, e.lease
	case stream.Repeated:
		result.Lease = e.lease
	case stream.Ended, stream.Done:
		result.End = stream.End{Reason: reasons[e.state], By: e.by}
	default:
	}
	return nil
}

// tellEnded counts what was ended by the call that left these entries: what will be forgotten last.
func (s *Store) tellEnded(entries []entry, now time.Time) {
	for _, e := range entries {
		if e.state != stateLease && e.lease.Expires.Equal(now.Add(s.rules.Remember)) {
			s.metrics.Ended(reasons[e.state], now.Sub(e.lease.Started))
		}
	}
}

// tellSince makes a call that tells when the server began. It makes the call again where the call itself was the first to meet a new
// server, unless it is done.
func (s *Store) tellSince(call func(since int64) (done bool, err error)) error {
	told := s.guard.Since()
	done, err := call(told)
	if done || err != nil {
		return err
	}
	if since := s.guard.Since(); since != told {
		_, err = call(since)
	}
	return err
}

// Sessions gives the store's other half.
func (s *Store) Sessions(ttl time.Duration) *SessionStore { return &SessionStore{s, ttl} }

var _ session.Store = (*SessionStore)(nil)
