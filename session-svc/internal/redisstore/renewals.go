package redisstore

import (
	"context"
	"slices"

	"streamgate/session-svc/internal/stream"
)

// Renew implements stream.Store.
func (s *Store) Renew(ctx context.Context, account string, r stream.Renewal) (stream.Result, error) {
	args, err := s.renewal(r)
	if err != nil {
		return stream.Result{}, err
	}
	result, err := s.decide(ctx, renewScript, keysOf(account), r.ID[:], slices.Concat(s.renewing(), args)...)
	return withLease(result, r), err
}

// renewing returns the arguments of the script that all renewals share.
func (s *Store) renewing() []any {
	return []any{
		s.rules.Lease.Milliseconds(), s.rules.Remember.Milliseconds(), s.rules.Resume.Milliseconds(), s.rules.Keep().Milliseconds(), s.guard.began(),
		s.rules.Ahead.Milliseconds(), s.rules.Budget.Factor, s.rules.Budget.Burst.Milliseconds(),
	}
}

// renewal returns those of one.
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
		r.ID[:], r.Session[:], r.Limit, content, player, max(0, started), sign, r.Idle.Milliseconds(), r.Sent.Milliseconds(),
		r.Want.Milliseconds(), r.Hold.Milliseconds(),
	}, nil
}

// withLease adds the lease to the result of a renewal that prolonged it.
func withLease(result stream.Result, r stream.Renewal) stream.Result {
	if result.Outcome == stream.Renewed || result.Outcome == stream.Resumed {
		result.Lease = stream.Lease{ID: r.ID, Session: r.Session, Expires: result.Now.Add(result.Holds)}
	}
	return result
}

// RenewAll implements stream.Store. What is rare is asked for again by Renew, which knows what to do.
func (s *Store) RenewAll(ctx context.Context, all []stream.AccountRenewal) []stream.RenewalAnswer {
	answers := make([]stream.RenewalAnswer, len(all))
	calls, of := make([]scriptCall, 0, len(all)), make([]int, 0, len(all))
	for i, r := range all {
		args, err := s.renewal(r.Renewal)
		if err != nil {
			answers[i].Err = err
			continue
		}
		calls, of = append(calls, scriptCall{keysOf(r.Account), args}), append(of, i)
	}
	for n, reply := range s.callAll(ctx, renewScript, s.renewing(), calls) {
		r, a := all[of[n]], &answers[of[n]]
		switch {
		case reply.err != nil:
			a.Err = reply.err
		case reply.answer[0] == setBack:
			a.Result, a.Err = s.Renew(ctx, r.Account, r.Renewal)
		default:
			a.Result, a.Err = s.read(reply.answer, r.ID[:])
			a.Result = withLease(a.Result, r.Renewal)
		}
	}
	return answers
}
