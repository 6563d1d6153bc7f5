package delivery

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"streamgate/libs/grant"
	"streamgate/libs/pace"
	"streamgate/libs/tracing"
	"streamgate/libs/wait"
)

const (
	// RefusedFor is how long a refusal is remembered: a slot may become free at any moment.
	RefusedFor = time.Second
	// FailedFor is the shortest time between two questions about a stream when the first was not answered.
	FailedFor = time.Second
	// Usual is the length of a lease until session-svc has said how long it is.
	Usual = 10 * time.Second
	// Remembered is how many streams are remembered, the last asked for. What is forgotten is only asked again.
	Remembered = 128 << 10

	// calls is how many calls are under way at once. While they are, further questions gather for the next one.
	calls = 4
	// asked is how many questions one call has at most: with the longest grants, they fit in the largest body that is read.
	asked = 64
	// tick is how often the keeper looks which questions that nobody waits for are due.
	tick = 100 * time.Millisecond
	// gathered is the part of a lease for which such questions are gathered, in whole ticks.
	gathered = 12
)

// Patience is how long players wait for what they are told.
type Patience struct {
	// Hold is how long a request for film that isn't due is held at most.
	Hold time.Duration
	// Slow is how long a player that was refused and goes on asking waits for each answer.
	Slow time.Duration
}

// Usually is the patience of a server that sends the film itself: below the 10 s after which hls.js and Shaka give up.
var Usually = Patience{Hold: 8 * time.Second, Slow: 250 * time.Millisecond}

// Keeper remembers streams and asks about them. It is safe for concurrent use.
type Keeper struct {
	authority Authority
	rules     pace.Rules
	patience  Patience
	now       func() time.Time
	streams   *lru.Cache[string, *Stream]
	usual     atomic.Int64 // the length of a lease as it was last heard, of whichever stream

	mu    sync.Mutex
	queue []*question // to be asked at once
	under int         // calls under way

	later map[int64][]*Stream // to be asked about, by the tick at which it is time
}

// question is one that is to be asked, or is being asked.
type question struct {
	stream     *Stream
	sent, want time.Duration
	alive      time.Time        // the last sign of life
	of         *tracing.Request // who asks, if it is traced
	done       chan struct{}    // closed with the answer
}

// NewKeeper makes a keeper that remembers nothing yet. It asks what nobody waits for only while Run runs.
func NewKeeper(authority Authority, rules pace.Rules, patience Patience, now func() time.Time) *Keeper {
	streams, err := lru.New[string, *Stream](Remembered)
	if err != nil {
		panic(err) // only for a size below one
	}
	k := &Keeper{authority: authority, rules: rules, patience: patience, now: now, streams: streams, later: map[int64][]*Stream{}}
	k.usual.Store(int64(Usual))
	return k
}

// Stream returns what is remembered of the stream of a grant, given as text and as what the text says.
func (k *Keeper) Stream(text string, g *grant.Grant) *Stream {
	if s, ok := k.streams.Get(g.Stream); ok {
		return s
	}
	s := &Stream{keeper: k, grant: text, started: g.Started, lease: time.Duration(k.usual.Load())}
	if first, known, _ := k.streams.PeekOrAdd(g.Stream, s); known {
		return first // somebody was faster
	}
	return s
}

// Ended says that a stream has ended. The reason is asked for at once, if the stream is sent here.
func (k *Keeper) Ended(stream string) {
	if s, ok := k.streams.Peek(stream); ok {
		s.recheckEnded()
	}
}

// Missed says that ends may have happened that Ended wasn't told of. All streams that may be sent something are asked about.
func (k *Keeper) Missed() {
	for _, s := range k.streams.Values() {
		s.recheck()
	}
}

// Run asks what nobody waits for, until ctx ends.
func (k *Keeper) Run(ctx context.Context) {
	wait.Every(ctx, tick, k.askDue)
}

// askDue asks about the streams whose time has come.
func (k *Keeper) askDue() {
	now := slot(k.now())
	var due []*Stream
	k.mu.Lock()
	for at, streams := range k.later {
		if at <= now {
			due = append(due, streams...)
			delete(k.later, at)
		}
	}
	k.mu.Unlock()
	for _, s := range due {
		s.mu.Lock()
		if !s.queued.IsZero() && slot(s.queued) <= now {
			s.queued = time.Time{}
			if !s.final {
				s.ask(nil)
			}
		}
		s.mu.Unlock()
	}
}

// slot returns which tick a time falls into.
func slot(at time.Time) int64 { return at.UnixNano() / int64(tick) }

// schedule has a stream asked about at a time. The stream's lock is held.
func (k *Keeper) schedule(s *Stream, at time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := slot(at)
	k.later[n] = append(k.later[n], s)
}

// send asks a question as soon as there is a call for it.
func (k *Keeper) send(q *question) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.queue = append(k.queue, q)
	if k.under < calls {
		k.under++
		go k.call()
	}
}

// call asks all questions that there are, in one call after the other.
func (k *Keeper) call() {
	for {
		k.mu.Lock()
		batch := k.queue[:min(len(k.queue), asked)]
		k.queue = k.queue[len(batch):]
		if len(batch) == 0 {
			k.queue = nil
			k.under--
			k.mu.Unlock()
			return
		}
		k.mu.Unlock()
		k.renew(batch)
	}
}

var errAnswers = errors.New("session-svc: an answer is missing")

func (k *Keeper) renew(batch []*question) {
	questions := make([]Question, len(batch))
	for i, q := range batch {
		questions[i] = Question{q.stream.grant, q.sent, q.want, k.now().Sub(q.alive).Truncate(time.Millisecond)}
	}
	began := k.now()
	answers, err := k.authority.Renew(asker(batch).Context(context.Background()), questions) // bounded by the authority; not one caller's alone
	if err == nil && len(answers) != len(batch) {
		err = errAnswers
	}
	for i, q := range batch {
		answer := Answer{Err: err}
		if err == nil {
			answer = answers[i]
		}
		q.stream.answered(q, answer, began)
		close(q.done)
	}
}

// asker returns the first of those who ask that is traced, whose trace has the call.
func asker(batch []*question) *tracing.Request {
	for _, q := range batch {
		if q.of != nil {
			return q.of
		}
	}
	return nil
}
