package lease

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"streamgate/libs/fault"
	"streamgate/libs/grant"
)

const (
	// RefusedFor is how long a refusal is remembered: a slot may become free at any moment.
	RefusedFor = time.Second
	// FailedFor is the shortest time between two questions about a stream when the first was not answered.
	FailedFor = time.Second
	// Usual is the length of a lease until session-svc has said how long it is.
	Usual = 10 * time.Second
	// Remembered is how many streams are remembered, the last asked for: at about 500 bytes each, 16 MB when it is full. What is
	// forgotten is only asked again.
	Remembered = 32 << 10
)

// Authority is who decides about leases.
type Authority interface {
	// Renew prolongs the lease of the grant's stream and says how long a lease is, more than 0. Its errors have the kinds fault.Gone for an ended
	// stream, fault.Forbidden when it had lapsed and no slot is free, fault.NotFound and fault.Invalid for a stream or a grant that
	// the authority doesn't know. With any other error there was no answer.
	Renew(ctx context.Context, grant string) (lease time.Duration, err error)
}

// Keeper remembers what the authority said. It is safe for concurrent use.
type Keeper struct {
	authority Authority
	now       func() time.Time
	streams   *lru.Cache[string, *stream]
	questions singleflight.Group
	usual     atomic.Int64 // the length of a lease as it was last heard, of whichever stream
}

// stream is what is remembered of one.
type stream struct {
	mu       sync.Mutex
	askAgain time.Time
	verdict  error         // what the authority said; nil lets it play
	final    bool          // the verdict is for good
	away     error         // why the last question got no answer; nil if it did
	lease    time.Duration // as it was last heard, or Usual before
	heard    bool          // there was an answer
	goesOn   time.Time     // how long it plays without an answer
}

// NewKeeper makes a keeper that remembers nothing yet.
func NewKeeper(authority Authority, now func() time.Time) *Keeper {
	streams, err := lru.New[string, *stream](Remembered)
	if err != nil {
		panic(err) // only for a size below one
	}
	k := &Keeper{authority: authority, now: now, streams: streams}
	k.usual.Store(int64(Usual))
	return k
}

// Check reports whether the stream of a grant, given as text and as what the text says, may play now. It asks the authority if it is time to;
// callers at the same time share one question. Its error is what the player is to be told.
func (k *Keeper) Check(ctx context.Context, text string, g *grant.Grant) error {
	s := k.stream(g.Stream)
	if fresh, verdict := s.fresh(k.now()); fresh {
		return verdict
	}
	// Not the caller's end: others wait for the same answer.
	ctx = context.WithoutCancel(ctx)
	_, _, _ = k.questions.Do(g.Stream, func() (any, error) {
		if fresh, _ := s.fresh(k.now()); !fresh { // else an answer came in between
			k.ask(ctx, s, text, g.Started)
		}
		return nil, nil
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.say(k.now())
}

// stream returns what is remembered of a stream.
func (k *Keeper) stream(id string) *stream {
	if s, ok := k.streams.Get(id); ok {
		return s
	}
	s := &stream{lease: time.Duration(k.usual.Load())}
	if first, known, _ := k.streams.PeekOrAdd(id, s); known {
		return first // somebody was faster
	}
	return s
}

// fresh reports whether what is remembered needs no question, and returns what it says.
func (s *stream) fresh(now time.Time) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.final || now.Before(s.askAgain) {
		return true, s.say(now)
	}
	return false, nil
}

// say returns what to tell the player. The caller holds mu.
func (s *stream) say(now time.Time) error {
	switch {
	case s.away == nil:
		return s.verdict
	case now.After(s.goesOn):
		return fault.Away("The check of this stream", s.away).After(max(s.askAgain.Sub(now), time.Second))
	default:
		return nil
	}
}

// ask asks the authority and remembers what it says.
func (k *Keeper) ask(ctx context.Context, s *stream, text string, started time.Time) {
	sent := k.now()
	lease, err := k.authority.Renew(ctx, text)
	answered := k.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch kind := fault.KindOf(err); {
	case err == nil:
		k.usual.Store(int64(lease))
		s.verdict, s.away, s.heard, s.lease = nil, nil, true, lease
		s.askAgain, s.goesOn = sent.Add(lease/3), sent.Add(2*lease)
	case kind == fault.Gone:
		s.verdict, s.away, s.final = err, nil, true
	case kind == fault.Forbidden, kind == fault.NotFound, kind == fault.Invalid:
		if kind != fault.Forbidden {
			err = fault.ErrNoPath // what is wrong with our question is not for the player
		}
		s.verdict, s.away, s.heard = err, nil, true
		s.askAgain, s.goesOn = answered.Add(RefusedFor), time.Time{}
	default:
		if !s.heard && !answered.After(started.Add(s.lease)) {
			s.goesOn = started.Add(2 * s.lease)
		}
		s.away, s.askAgain = err, answered.Add(max(s.lease/3, FailedFor))
	}
}
