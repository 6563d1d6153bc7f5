package redisstore

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
	"streamgate/session-svc/internal/stream"
)

// Renew implements stream.Store.
func (s *Store) Renew(ctx context.Context, account string, r stream.Renewal) (stream.Result, error) {
	args, err := s.renewal(r)
	if err != nil {
		return stream.Result{}, err
	}
	result, err := s.decide(ctx, renewScript, keysOf(account), r.ID[:], args...)
	return withLease(result, r), err
}

// renewal returns the arguments of the script.
func (s *Store) renewal(r stream.Renewal) ([]any, error) {
	var content, player []byte
	var started int64
	if r.Ticket != nil {
		var err error
		if content, err = packContent(r.Ticket.Content); err != nil {
			return nil, err
		}
		player, started = r.Ticket.Player[:], r.Ticket.Started.UnixMilli()
	}
	sign := "fetch"
	switch {
	case r.Paused:
		sign = "pause"
	case r.Heartbeat:
		sign = "heartbeat"
	}
	return []any{
		r.ID[:], r.Session[:], r.Limit, s.rules.Lease.Milliseconds(), s.rules.Remember.Milliseconds(), s.rules.Resume.Milliseconds(),
		s.rules.Keep().Milliseconds(), s.guard.began(), content, player, max(0, started), sign, r.Idle.Milliseconds(), r.Sent.Milliseconds(),
		s.rules.Ahead.Milliseconds(), r.Want.Milliseconds(), s.rules.Budget.Factor, s.rules.Budget.Burst.Milliseconds(),
		r.Hold.Milliseconds(),
	}, nil
}

// withLease adds the lease to the result of a renewal that prolonged it.
func withLease(result stream.Result, r stream.Renewal) stream.Result {
	if result.Outcome == stream.Renewed || result.Outcome == stream.Resumed {
		result.Lease = stream.Lease{ID: r.ID, Session: r.Session, Expires: result.Now.Add(result.Holds)}
	}
	return result
}

// together are the calls of RenewAll to one node.
type together struct {
	cmds []*redis.Cmd
	of   []int // which renewals they are
	err  error
}

// RenewAll implements stream.Store. Its calls go to each node together, without a goroutine and a wait for each. What is rare is asked for again
// by Renew, which knows what to do.
func (s *Store) RenewAll(ctx context.Context, all []stream.AccountRenewal) []stream.RenewalAnswer {
	answers := make([]stream.RenewalAnswer, len(all))
	nodes := map[*group]*together{}
	for i, r := range all {
		args, err := s.renewal(r.Renewal)
		var node *group
		if err == nil {
			if node, err = s.nodes.of(ctx, leasesKey(r.Account)); err != nil {
				err = redisdb.Fault(err)
			}
		}
		if err != nil {
			answers[i].Err = err
			continue
		}
		calls := nodes[node]
		if calls == nil {
			calls = &together{}
			nodes[node] = calls
		}
		keys, args := s.telling(renewScript, keysOf(r.Account), args)
		calls.cmds = append(calls.cmds, redis.NewCmd(ctx, renewScript.byDigest(keys, args)...))
		calls.of = append(calls.of, i)
	}
	began := time.Now()
	done := make(chan struct{}, len(nodes))
	for node, calls := range nodes {
		go func() {
			calls.err = node.doAll(ctx, calls.cmds)
			done <- struct{}{}
		}()
	}
	for range nodes {
		<-done
	}
	took := time.Since(began)
	for _, calls := range nodes {
		for n, i := range calls.of {
			r := all[i]
			answer, err := []any(nil), calls.err
			if err == nil {
				answer, err = calls.cmds[n].Slice()
			}
			switch {
			case redis.HasErrorPrefix(err, "NOSCRIPT"), err == nil && answer[0] == setBack:
				answers[i].Result, answers[i].Err = s.Renew(ctx, r.Account, r.Renewal)
				continue
			case err != nil:
				err = redisdb.Fault(fmt.Errorf("%s: %w", renewScript.verb, err))
			default:
				s.heard(renewScript, leasesKey(r.Account), answer, nil)
				var result stream.Result
				result, err = s.read(answer, r.ID[:])
				answers[i].Result = withLease(result, r.Renewal)
			}
			s.metrics.Script(renewScript.verb, took, err)
			answers[i].Err = err
		}
	}
	return answers
}
