package memstore

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// Store is a stream.Store and, by Sessions, a session.Store. Its zero value is not ready: use New.
type Store struct {
	rules stream.Rules
	now   func() time.Time // milliseconds count

	mu       sync.Mutex
	accounts map[string]*account
	began    time.Time // to remember
}

type account struct {
	spent    time.Time // until when what the account was sent is paid off
	starts   time.Time // the same of its starts
	limit    int       // as it was set, or 0
	streams  []known   // in the order of their starts, then those that were put back
	sessions map[session.ID]session.Session
	heard    bool      // of the account, before
	lost     time.Time // when the memory of the account was lost
	gone     time.Time // when the last session was ended of which nothing else is known any more
	others   time.Time // when all sessions but one were ended last
	but      session.ID
	recalled bool // the recorded ends are known
}

// known is a stream that lives, has lapsed or has ended.
type known struct {
	lease  stream.Lease
	seen   time.Time // the last sign of life
	played time.Time // when what it was sent has been played
	beats  bool      // it sends heartbeats, or said that it is paused
	paused bool
	end    *stream.End
	forget time.Time // of an ended stream
}

// New makes an empty store on a clock.
func New(rules stream.Rules, now func() time.Time) *Store {
	return &Store{rules: rules, now: now, accounts: map[string]*account{}, began: now()}
}

var _ stream.Store = (*Store)(nil)

// lock returns the account and the instant of a decision, after forgetting what nobody may ask for any more.
func (s *Store) lock(id string) (a *account, now time.Time, unlock func()) {
	s.mu.Lock()
	now = s.now().UTC().Truncate(time.Millisecond)
	a = s.accounts[id]
	if a == nil {
		a = &account{sessions: map[session.ID]session.Session{}}
		s.accounts[id] = a
	}
	a.streams = slices.DeleteFunc(a.streams, func(k known) bool { return !s.known(&k, now) })
	return a, now, s.mu.Unlock
}

func (k *known) live(now time.Time) bool { return k.end == nil && k.lease.Expires.After(now) }

func (a *account) live(now time.Time) []stream.Lease {
	var leases []stream.Lease
	for _, k := range a.streams {
		if k.live(now) {
			leases = append(leases, k.lease)
		}
	}
	slices.SortStableFunc(leases, func(a, b stream.Lease) int { return a.Started.Compare(b.Started) })
	return leases
}

func (a *account) find(id stream.ID) *known {
	i := slices.IndexFunc(a.streams, func(k known) bool { return k.lease.ID == id })
	if i < 0 {
		return nil
	}
	return &a.streams[i]
}

// started returns the stream of a start that may be a repetition.
func (a *account) started(start stream.Start) *known {
	i := slices.IndexFunc(a.streams, func(k known) bool { return bytes.HasPrefix(k.lease.ID[:], start.Name()) })
	if i < 0 {
		return nil
	}
	return &a.streams[i]
}

// allowed returns the limit that counts.
func (a *account) allowed(limit int) int { return cmp.Or(a.limit, limit) }

func (a *account) signedIn(id session.ID, now time.Time) (session.Session, bool) {
	found, ok := a.sessions[id]
	return found, ok && found.Expires.After(now)
}

func (k *known) finish(end stream.End, forget time.Time) {
	if k.end == nil {
		k.end, k.forget = &end, forget
	}
}

// known says whether anybody may still ask for a stream.
func (s *Store) known(k *known, now time.Time) bool {
	if k.end != nil {
		return k.forget.After(now)
	}
	return k.lease.Expires.Add(s.rules.Resume).After(now)
}

// forget keeps only the newest of what is remembered.
func (a *account) forget(now time.Time) {
	remembered := 0
	for i, k := range slices.Backward(a.streams) {
		if k.live(now) {
			continue
		}
		if remembered++; remembered > stream.MaxRemembered {
			a.streams = slices.Delete(a.streams, i, i+1)
		}
	}
}

// asked says whether a lease is what a start with its id asks for.
func (k *known) asked(start stream.Start) bool {
	return k.lease.Session == start.Session && k.lease.Content == start.Content && k.lease.Player == start.Player && k.lease.Device == start.Device
}

// split returns the live leases that a start leaves alone and those that it replaces, each in the order of their starts.
func (a *account) split(start stream.Start, now time.Time) (stay, replaced []*known) {
	for i := range a.streams {
		k := &a.streams[i]
		samePlayer := start.Player != stream.Player{} && k.lease.Player == start.Player && k.lease.Session == start.Session
		switch {
		case !k.live(now):
		case samePlayer, start.Replace != nil && k.lease.ID == *start.Replace:
			replaced = append(replaced, k)
		default:
			stay = append(stay, k)
		}
	}
	return stay, replaced
}

// result returns a decision that changed nothing.
func (a *account) result(o stream.Outcome, now time.Time) stream.Result {
	live := a.live(now)
	r := stream.Result{Outcome: o, Now: now, Active: len(live)}
	if o == stream.LimitReached {
		r.Live = live
	}
	return r
}

// first decides on a start where the number of leases doesn't matter.
func (a *account) first(start stream.Start, now time.Time, lease time.Duration) (r stream.Result, decided bool) {
	k := a.started(start)
	_, signedIn := a.signedIn(start.Session, now)
	switch {
	case k != nil && k.end != nil:
		return stream.Result{Outcome: stream.Ended, Now: now, End: *k.end, Active: len(a.live(now))}, true
	case !signedIn:
		return a.result(stream.NoSession, now), true
	case k != nil && !k.asked(start):
		return a.result(stream.Conflict, now), true
	case k != nil && k.live(now):
		if k.lease.ID != start.ID { // a second request is told of it, which is a sign of life
			k.played = later(k.played, k.seen.Add(time.Millisecond))
		}
		return stream.Result{Outcome: stream.Repeated, Now: now, Lease: k.lease, Active: len(a.live(now))}, true
	case start.Replace != nil && a.find(*start.Replace) == nil:
		return a.result(stream.Unknown, now), true
	case a.lost.Add(lease).After(now):
		return a.result(stream.Held, now), true
	}
	return stream.Result{}, false
}

// Start implements stream.Store.
func (s *Store) Start(_ context.Context, id string, start stream.Start) (stream.Result, error) {
	return s.limited(id, &start.Limit, func(a *account, now time.Time) stream.Result { return s.start(a, start, now) })
}

// limited decides by the limit that counts for the account, and returns it with the decision.
func (s *Store) limited(id string, limit *int, decide func(a *account, now time.Time) stream.Result) (stream.Result, error) {
	a, now, unlock := s.lock(id)
	defer unlock()
	*limit = a.allowed(*limit)
	r := decide(a, now)
	r.Limit = *limit
	return r, nil
}

func (s *Store) start(a *account, start stream.Start, now time.Time) stream.Result {
	if r, decided := a.first(start, now, s.rules.Lease); decided {
		return r
	}
	stay, replaced := a.split(start, now)
	evicted := stay[:max(0, min(len(stay), len(stay)-start.Limit+1))]
	for _, k := range evicted {
		if !start.Evicts || k.lease.Started.Add(s.rules.Cooldown).After(now) {
			return a.result(stream.LimitReached, now)
		}
	}
	starts := later(a.starts, now).Add(s.rules.Starts.Every)
	if wait := starts.Sub(now) - time.Duration(s.rules.Starts.Burst)*s.rules.Starts.Every; wait > 0 {
		r := a.result(stream.TooManyStarts, now)
		r.Wait = wait
		return r
	}
	a.starts = starts
	if k := a.started(start); k != nil {
		start.ID = k.lease.ID
	}
	for _, k := range evicted {
		k.finish(stream.End{Reason: stream.Evicted, By: start.Device}, now.Add(s.rules.Remember))
	}
	for _, k := range replaced {
		k.finish(stream.End{Reason: stream.Replaced, By: start.Device}, now.Add(s.rules.Remember))
	}
	a.streams = slices.DeleteFunc(a.streams, func(k known) bool { return k.lease.ID == start.ID })
	a.forget(now)
	lease := stream.Lease{
		ID: start.ID, Session: start.Session, Content: start.Content, Player: start.Player, Device: start.Device,
		Started: now, Expires: now.Add(s.rules.Lease),
	}
	a.streams = append(a.streams, known{lease: lease, seen: now, played: now})
	return stream.Result{Outcome: stream.Granted, Now: now, Lease: lease, Gained: s.rules.Lease, Active: len(a.live(now))}
}

// RenewAll implements stream.Store.
func (s *Store) RenewAll(ctx context.Context, all []stream.AccountRenewal) []stream.RenewalAnswer {
	answers := make([]stream.RenewalAnswer, len(all))
	for i, r := range all {
		answers[i].Result, answers[i].Err = s.Renew(ctx, r.Account, r.Renewal)
	}
	return answers
}

// Renew implements stream.Store.
func (s *Store) Renew(_ context.Context, id string, r stream.Renewal) (stream.Result, error) {
	return s.limited(id, &r.Limit, func(a *account, now time.Time) stream.Result { return s.renew(a, r, now) })
}

// unrenewed decides on a renewal that changes nothing.
func (s *Store) unrenewed(a *account, k *known, r stream.Renewal, now time.Time) (result stream.Result, decided bool) {
	switch {
	case k == nil && r.Ticket == nil, k != nil && k.lease.Session != r.Session:
		return a.result(stream.Unknown, now), true
	case k != nil && k.end != nil:
		return stream.Result{Outcome: stream.Ended, Now: now, End: *k.end, Active: len(a.live(now))}, true
	}
	_, signedIn := a.signedIn(r.Session, now)
	renewed := k != nil && k.live(now)
	switch {
	case !signedIn:
		return a.result(stream.NoSession, now), true
	case k == nil && !a.lost.Add(s.rules.Lease).After(now):
		return a.result(stream.Unknown, now), true
	case r.Paused && k != nil && !renewed:
		lease := stream.Lease{ID: r.ID, Session: r.Session, Expires: k.lease.Expires}
		return stream.Result{Outcome: stream.Renewed, Now: now, Holds: k.lease.Expires.Sub(now), Lease: lease}, true
	case !renewed && len(a.live(now)) >= r.Limit:
		return a.result(stream.LimitReached, now), true
	}
	return stream.Result{}, false
}

func (s *Store) renew(a *account, r stream.Renewal, now time.Time) stream.Result {
	k := a.find(r.ID)
	if result, decided := s.unrenewed(a, k, r, now); decided {
		if result.Outcome == stream.Ended && r.Want < 0 {
			a.spent = a.spent.Add(milliseconds(math.Ceil(float64(r.Want.Milliseconds()) / s.rate(r))))
		}
		return result
	}
	renewed := k != nil && k.live(now)
	if k == nil {
		holder, _ := a.signedIn(r.Session, now)
		started := r.Ticket.Started.UTC().Truncate(time.Millisecond)
		a.streams = append(a.streams, known{played: now, lease: stream.Lease{
			ID: r.ID, Session: r.Session, Content: r.Ticket.Content, Player: r.Ticket.Player, Device: holder.Device, Started: started,
		}})
		k = &a.streams[len(a.streams)-1]
	}
	before := later(k.lease.Expires, now)
	result := stream.Result{Outcome: stream.Resumed, Now: now, Ahead: s.prolong(k, r, now)}
	result.Holds = k.lease.Expires.Sub(now)
	result.Credit, result.Wait = s.credit(a, r, now)
	result.Gained = k.lease.Expires.Sub(before)
	result.Lease = stream.Lease{ID: r.ID, Session: r.Session, Expires: k.lease.Expires}
	if renewed {
		result.Outcome = stream.Renewed
		return result
	}
	result.Active = len(a.live(now))
	return result
}

// prolong sets how long a lease lives, and returns how much of what the stream was sent can't have been played yet.
func (s *Store) prolong(k *known, r stream.Renewal, now time.Time) (ahead time.Duration) {
	before, paused := later(k.lease.Expires, now), k.paused
	ahead = s.ahead(k, r, now)
	k.played = now.Add(ahead)
	k.seen = later(k.seen, now.Add(-min(r.Idle, s.rules.Lease)))
	switch {
	case r.Paused:
		k.paused, k.played = true, now.Add(r.Hold)
		if paused {
			k.played = sooner(k.played, before)
		}
		k.seen = sooner(now, k.played.Add(-s.rules.Lease)) // where the hold is shorter than a lease
	case r.Heartbeat:
		k.paused = false
	case paused:
		k.played = later(k.played, before)
	}
	k.lease.Expires = later(k.seen.Add(s.rules.Lease), k.played)
	return ahead
}

// ahead counts what a stream was sent, and returns how much of it can't have been played yet.
func (s *Store) ahead(k *known, r stream.Renewal, now time.Time) time.Duration {
	k.beats = k.beats || r.Heartbeat || r.Paused
	if k.beats {
		return 0
	}
	return min(s.rules.Ahead, max(0, k.played.Sub(now))+r.Sent)
}

// credit returns how much of what a renewal wants the account may be sent, and when the rest. What is sent is paid off with the time.
func (s *Store) credit(a *account, r stream.Renewal, now time.Time) (credit, wait time.Duration) {
	rate := s.rate(r)
	owed := float64(max(0, a.spent.Sub(now)).Milliseconds()) * rate
	left := math.Floor(float64(int64(r.Limit)*s.rules.Budget.Burst.Milliseconds()) - owed)
	want := float64(r.Want.Milliseconds())
	given := max(0, min(want, left))
	a.spent = later(a.spent, now).Add(milliseconds(math.Ceil(given / rate)))
	return milliseconds(given), milliseconds(math.Ceil(max(0, want-given) / rate))
}

// rate is how much film an account may be sent in the time that it takes to play some.
func (s *Store) rate(r stream.Renewal) float64 {
	return float64(r.Limit) * float64(s.rules.Budget.Factor) / 1000
}

func milliseconds(n float64) time.Duration { return time.Duration(n) * time.Millisecond }

// SetLimit implements stream.Store.
func (s *Store) SetLimit(_ context.Context, id string, limit int) error {
	a, _, unlock := s.lock(id)
	defer unlock()
	a.limit = limit
	return nil
}

// RecallLimit implements stream.Store.
func (s *Store) RecallLimit(_ context.Context, id string, limit int) error {
	a, _, unlock := s.lock(id)
	defer unlock()
	a.limit = cmp.Or(a.limit, limit)
	return nil
}

// Stop implements stream.Store.
func (s *Store) Stop(_ context.Context, id string, stop stream.Stop) (stream.Result, error) {
	a, now, unlock := s.lock(id)
	defer unlock()
	k := a.find(stop.ID)
	switch {
	case k == nil:
		return a.result(stream.Unknown, now), nil
	case k.end != nil:
		return stream.Result{Outcome: stream.Ended, Now: now, End: *k.end, Active: len(a.live(now))}, nil
	}
	reason := stream.Terminated
	if k.lease.Session == stop.Session {
		reason = stream.Stopped
	}
	k.finish(stream.End{Reason: reason, By: stop.By}, now.Add(s.rules.Remember))
	return stream.Result{Outcome: stream.Done, Now: now, End: *k.end, Active: len(a.live(now))}, nil
}

// List implements stream.Store.
func (s *Store) List(_ context.Context, id string) (stream.Result, error) {
	a, now, unlock := s.lock(id)
	defer unlock()
	live := a.live(now)
	return stream.Result{Outcome: stream.Done, Now: now, Limit: a.limit, Active: len(live), Live: live}, nil
}
