package delivery

import (
	"context"
	"sync"
	"time"

	"streamgate/libs/fault"
	"streamgate/libs/pace"
	"streamgate/libs/tracing"
	"streamgate/libs/wait"
)

const (
	// mostReserve bounds the film that is wanted in advance.
	mostReserve = 30 * time.Second
	// early is how much earlier such a request is answered, so that the player's next one meets film that is due. A player takes a refused
	// request for no sign of a slow line, but one that was answered late for one.
	early = time.Second
)

// Stream is what is remembered of one stream.
type Stream struct {
	keeper  *Keeper
	grant   string
	started time.Time

	mu       sync.Mutex
	verdict  error         // what the authority said; nil lets it play
	final    bool          // the verdict is for good
	heard    bool          // there was an answer
	away     error         // why the last question got no answer; nil if it did
	lease    time.Duration // as it was last heard, or Usual before
	askAgain time.Time     // when the next question is due
	holds    time.Time     // until when the verdict lets it play without another
	goesOn   time.Time     // how long it plays without an answer
	asking   *question     // the one that waits for its answer
	queued   time.Time     // when the keeper asks about it; zero if it doesn't
	alive    time.Time     // the last sign of life
	refusals int           // since it last played

	pace    pace.Stream
	placed  bool
	ahead   time.Duration // of the first answer
	sent    time.Duration // film that no question has told of yet
	credit  time.Duration // film that may be sent; below 0 if more was sent
	reserve time.Duration // film to have credit for in advance
	more    time.Time     // when there is more credit

	cut map[int]func() // called when it ends, by whom
	key int
}

// Check reports whether the stream may play now. If nothing is known that still holds, it asks; callers at the same time share one
// question. Its error is what the player is to be told.
func (s *Stream) Check(ctx context.Context) error {
	s.mu.Lock()
	now := s.keeper.now()
	s.alive = now
	switch {
	case s.final:
	case s.verdict != nil && now.Before(s.askAgain):
		s.refusals++
	case s.away != nil && (now.Before(s.askAgain) || !now.After(s.goesOn)):
		s.plan(now)
	case s.verdict == nil && s.away == nil && now.Before(s.holds):
		s.plan(now)
	default:
		if err := s.wait(ctx); err != nil {
			s.mu.Unlock()
			return err
		}
		now = s.keeper.now()
	}
	verdict := s.say(now)
	slow := verdict != nil && s.refusals > 1 && s.keeper.patience.Slow > 0
	s.mu.Unlock()
	if slow {
		_ = wait.For(ctx, s.keeper.patience.Slow)
	}
	return verdict
}

// Admit returns when a piece of film may be sent, and counts it as sent. It waits for a while if it has to, and then fails with ErrEarly.
func (s *Stream) Admit(ctx context.Context, p pace.Piece) error {
	return s.admit(ctx, p, s.keeper.patience.Hold)
}

// Flow is Admit for a piece of a film that is being sent: it waits for as long as it has to.
func (s *Stream) Flow(ctx context.Context, p pace.Piece) error {
	return s.admit(ctx, p, 1<<62)
}

func (s *Stream) admit(ctx context.Context, p pace.Piece, hold time.Duration) error {
	began := s.keeper.now()
	for {
		if err := s.Check(ctx); err != nil {
			return err
		}
		s.mu.Lock()
		now := s.keeper.now()
		left, err := s.due(ctx, p, now)
		if err != nil {
			s.mu.Unlock()
			return err
		}
		if left <= 0 {
			s.take(p, now)
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		if hold < 1<<62 {
			left = min(left-early, hold-now.Sub(began))
			if left <= 0 {
				return ErrEarly
			}
		}
		if wait.For(ctx, min(left, time.Second)) != nil { // a second, since the stream may end
			return context.Cause(ctx)
		}
	}
}

// due returns how long a piece has to wait. The lock is held.
func (s *Stream) due(ctx context.Context, p pace.Piece, now time.Time) (time.Duration, error) {
	if !s.placed {
		s.placed = true
		s.pace.Taken(p, s.ahead, now, s.keeper.rules)
	}
	wait := s.pace.Due(p, now, s.keeper.rules)
	s.reserve = reserveFor(p.Duration)
	if wait > 0 || s.affords(p) {
		return wait, nil
	}
	if !now.Before(s.more) {
		if err := s.wait(ctx); err != nil {
			return 0, err
		}
		if s.affords(p) {
			return 0, nil
		}
	}
	return max(s.more.Sub(s.keeper.now()), tick), nil
}

// affords reports whether a piece waits for no more film of the budget: what it needs is there, or nobody can be asked for it, or the
// stream has ended, as the next look at it says. The lock is held.
func (s *Stream) affords(p pace.Piece) bool {
	return s.away != nil || s.verdict != nil || s.credit >= min(p.Duration, mostReserve)
}

// reserveFor returns how much film is wanted in advance by who is sent pieces like this: some pieces more, so that few are waited for, and
// no more than that, since what isn't used is lost to the account, but for that of a stream whose end was told of.
func reserveFor(piece time.Duration) time.Duration {
	return min(mostReserve, max(2*piece, min(10*piece, 10*time.Second)))
}

// take counts a piece as sent. The lock is held.
func (s *Stream) take(p pace.Piece, now time.Time) {
	s.pace.Send(p, now, s.keeper.rules)
	s.sent += p.Duration
	s.credit -= p.Duration
	if s.credit < s.reserve/2 && !now.Before(s.more) && s.away == nil {
		s.queue(now)
	}
	s.plan(now)
}

// WhenEnded has f called when the stream ends, or at once if it has. f must not block, and is not called any more once stop has returned.
func (s *Stream) WhenEnded(f func()) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.verdict != nil {
		f()
		return func() {}
	}
	if s.cut == nil {
		s.cut = map[int]func(){}
	}
	s.key++
	key := s.key
	s.cut[key] = f
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.cut, key)
	}
}

// plan has the next question asked when it is due. The lock is held.
func (s *Stream) plan(now time.Time) {
	if s.queued.IsZero() {
		at := s.askAgain
		if at.Before(now) {
			at = now
		}
		s.queue(at)
	}
}

// queue has a question asked at a time or a little before, together with those about other streams, unless one is to be asked earlier. The
// lock is held.
func (s *Stream) queue(at time.Time) {
	together, now := max(tick, (s.lease/gathered).Truncate(tick)), s.keeper.now()
	if before := at.Truncate(together); before.After(now) && s.away == nil {
		at = before
	} else if !at.After(now) {
		at = now.Truncate(together).Add(together)
	}
	if s.final || !s.queued.IsZero() && !at.Before(s.queued) {
		return
	}
	s.queued = at
	s.keeper.schedule(s, at)
}

// recheck asks about a stream that may be sent something.
func (s *Stream) recheck() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.playable() {
		s.ask(nil)
	}
}

// recheckEnded is recheck of a stream of which an end was told. Its question gives its credit back: should it live on, it gets that again with
// the answer, and if there is none, the credit is lost, since it may have gone back.
func (s *Stream) recheckEnded() {
	s.mu.Lock()
	defer s.mu.Unlock()
	back := s.credit.Truncate(time.Millisecond)
	switch {
	case !s.playable():
	case s.asking == nil && back > 0:
		s.credit -= back
		s.askFor(nil, -back)
	default:
		s.ask(nil)
	}
}

// playable reports whether a stream may be sent something, as far as is known. The lock is held.
func (s *Stream) playable() bool {
	now := s.keeper.now()
	return !s.final && s.verdict == nil && (now.Before(s.holds) || now.Before(s.goesOn))
}

// ask asks for a request, or for none, unless an answer is waited for already. The lock is held.
func (s *Stream) ask(of *tracing.Request) *question {
	return s.askFor(of, max(0, s.reserve-s.credit).Truncate(time.Millisecond))
}

// askFor is ask for this much film next.
func (s *Stream) askFor(of *tracing.Request, want time.Duration) *question {
	if s.asking == nil {
		s.asking = &question{stream: s, done: make(chan struct{}), of: of, alive: s.alive, sent: s.sent.Truncate(time.Millisecond), want: want}
		s.sent -= s.asking.sent
		s.keeper.send(s.asking)
	}
	return s.asking
}

// wait asks and waits for the answer. It fails if the context ends before. The lock is held before and after, and not meanwhile.
func (s *Stream) wait(ctx context.Context) error {
	q := s.ask(tracing.Of(ctx)) //nolint:contextcheck // others wait for the same answer
	s.mu.Unlock()
	defer s.mu.Lock()
	select {
	case <-q.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// say returns what to tell the player. The lock is held.
func (s *Stream) say(now time.Time) error {
	switch {
	case s.away == nil:
		return s.verdict
	case now.After(s.goesOn):
		return fault.Away("The check of this stream", s.away).After(max(s.askAgain.Sub(now), time.Second))
	default:
		return nil
	}
}

// answered remembers what the authority said to a question that was sent at began.
func (s *Stream) answered(q *question, a Answer, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asking = nil
	now := s.keeper.now()
	switch kind := fault.KindOf(a.Err); {
	case a.Err == nil:
		s.keeper.usual.Store(int64(a.Lease))
		if !s.heard {
			s.ahead = a.Ahead
		}
		s.verdict, s.away, s.heard, s.lease, s.refusals = nil, nil, true, a.Lease, 0
		s.askAgain, s.holds, s.goesOn = began.Add(a.Lease/3), began.Add(a.Holds), began.Add(a.Holds+a.Lease)
		s.credit += a.Credit - min(0, q.want)
		s.more = now.Add(a.Wait)
	case kind == fault.Gone:
		s.verdict, s.away, s.final = a.Err, nil, true
		s.cutOff()
	case kind == fault.Forbidden, kind == fault.NotFound, kind == fault.Invalid:
		s.verdict = a.Err
		if kind != fault.Forbidden {
			s.verdict = ErrUnknown // what is wrong with our question is not for the player
		}
		s.away, s.heard, s.refusals = nil, true, s.refusals+1
		s.askAgain, s.goesOn, s.holds = now.Add(RefusedFor), time.Time{}, time.Time{}
		s.cutOff()
	default:
		if !s.heard && !now.After(s.started.Add(s.lease)) {
			s.goesOn = s.started.Add(2 * s.lease)
		}
		s.sent += q.sent
		s.away, s.askAgain = a.Err, now.Add(max(s.lease/3, FailedFor))
	}
}

// cutOff breaks off what is being sent. The lock is held.
func (s *Stream) cutOff() {
	for _, f := range s.cut {
		f()
	}
	s.cut = nil
}
