package scenario

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
	"streamgate/k8s/load/player"
	"streamgate/k8s/load/stack"
	"streamgate/libs/wait"
)

// carousel has more players than slots, each of which starts a stream, takes what film it gets, and makes room for the next: by a stop, by a
// replacement, or as the same player.
func carousel(ctx context.Context, t *trial) error {
	var all []*seat
	for range 3 {
		seats, err := t.seats(ctx, t.account(), 2*Limit, greedy, stack.Short)
		if err != nil {
			return err
		}
		all = append(all, seats...)
	}
	until := t.recorder.Now() + t.filmSpan()
	together(all, func(i int, s *seat) {
		way := i / (2 * Limit)
		var last playing
		for s.Recorder.Now() < until {
			var o player.StartOptions
			switch way {
			case 1:
				o.Replace = last.stream
			case 2:
				o.Player = fmt.Sprintf("player %d", s.ID)
			}
			op := s.start(ctx, o)
			if !op.Done() {
				last = playing{}
				_ = wait.For(ctx, 20*time.Millisecond)
				continue
			}
			last = playing{op.Answer.Stream, op.Answer.Source, op.Answer.Ticket}
			s.fill(ctx, last, stack.Short)
			if way == 0 {
				s.stop(ctx, last)
			}
		}
		if last.stream != "" {
			s.stop(ctx, last)
		}
	})
	return nil
}

// filmSpan is long enough to be sent the whole burst several times, if nothing bounds it.
func (t *trial) filmSpan() time.Duration {
	if t.setting.Short {
		return 8 * time.Second
	}
	return 15 * time.Second
}

// many has agents share the addresses of all the slots of an account; each does as play says, until the time is over.
func many(agents int, f player.Film, play func(ctx context.Context, s *seat, agent int, p playing)) func(context.Context, *trial) error {
	return func(ctx context.Context, t *trial) error {
		owners, streams, err := t.owners(ctx, t.account(), patient, f)
		if err != nil {
			return err
		}
		seats := make([]*seat, Limit*agents)
		for i := range seats {
			seats[i] = t.seat(owners[i%Limit].device, greedy, f)
		}
		until := t.recorder.Now() + t.filmSpan()
		together(seats, func(i int, s *seat) {
			for s.Recorder.Now() < until && ctx.Err() == nil {
				play(ctx, s, i/Limit, streams[i%Limit])
			}
		})
		for i, s := range owners {
			s.stop(ctx, streams[i])
		}
		return nil
	}
}

// shared has twenty agents play the film of each address from its beginning.
var shared = many(20, stack.Short, func(ctx context.Context, s *seat, _ int, p playing) { s.fill(ctx, p, stack.Short) })

// replicas has an agent at each replica of content-svc, which asks it alone.
var replicas = many(4, stack.Short, func(ctx context.Context, s *seat, agent int, p playing) {
	s.system.Contents = s.t.stack.System().Contents[agent : agent+1]
	s.fill(ctx, p, stack.Short)
})

// seeks has the player of each stream seek without end.
var seeks = many(1, stack.Short, func(ctx context.Context, s *seat, _ int, p playing) {
	s.piece(ctx, p, stack.Short, s.random.IntN(stack.Short.Pieces))
})

// buffers has players take all the film that they get and then play from their buffers without a word, while others want their slots.
func buffers(ctx context.Context, t *trial) error {
	var silent atomic.Int64
	err := t.besieged(ctx, stack.Short, greedy, func(s *seat, p playing, until time.Duration) {
		had := time.Duration(s.fill(ctx, p, stack.Short)) * stack.Short.Length
		silent.Add(int64(had))
		_ = wait.For(ctx, until-s.Recorder.Now())
	})
	if had := time.Duration(silent.Load()) / Limit; err == nil && had < filmRule.Ahead/2 {
		t.fault("players got no more than %v of film ahead, on the average", had)
	}
	t.empties = filmRule.Ahead + t.rule.Lease + slack
	return err
}

// ahead has a player alone on its account, with the budget of all slots, take all the film that it gets.
func ahead(ctx context.Context, t *trial) error {
	seats, err := t.seats(ctx, t.account(), 1, greedy, stack.Short)
	if err != nil {
		return err
	}
	s := seats[0]
	p, err := s.must(ctx)
	if err != nil {
		return err
	}
	until := t.recorder.Now() + t.filmSpan()
	for n := 0; t.recorder.Now() < until && ctx.Err() == nil; {
		if op := s.piece(ctx, p, stack.Short, n); op.Done() {
			n++
		}
	}
	s.stop(ctx, p)
	return nil
}

// segments has stock players play a film whose pieces are longer than the lease, while others want their slots.
func segments(ctx context.Context, t *trial) error {
	err := t.besieged(ctx, stack.Long, patient, func(s *seat, p playing, until time.Duration) {
		ends := s.Recorder.Now() // when all is played that came
		for n := 0; s.Recorder.Now() < until && ctx.Err() == nil; {
			if ends-s.Recorder.Now() > stack.Long.Length {
				_ = wait.For(ctx, 100*time.Millisecond)
				continue
			}
			came, plays := t.came(ctx, s.piece(ctx, p, stack.Long, n))
			if !plays {
				return
			}
			if came {
				ends = max(ends, s.Recorder.Now()) + stack.Long.Length
				n++
			}
		}
		s.stop(ctx, p)
	})
	return err
}

// came reports whether a piece came that a player asked for, and whether the player plays on. If it has to wait, it waits for a second.
func (t *trial) came(ctx context.Context, op history.Op) (came, plays bool) {
	switch {
	case op.Done():
		return true, true
	case op.Slowed():
		_ = wait.For(ctx, time.Second)
		return false, true
	default:
		t.fault("a player that never stopped was turned away: %d %s", op.Answer.Status, op.Answer.Code)
		return false, false
	}
}

// besieged has the owners of all slots play, while as many others try to start.
func (t *trial) besieged(ctx context.Context, f player.Film, timeout time.Duration, play func(s *seat, p playing, until time.Duration)) error {
	account := t.account()
	owners, streams, err := t.owners(ctx, account, timeout, f)
	if err != nil {
		return err
	}
	rivals, err := t.seats(ctx, account, Limit, greedy, f)
	if err != nil {
		return err
	}
	until := t.recorder.Now() + t.filmSpan() + 10*time.Second
	together(append(rivals, owners...), func(i int, s *seat) {
		if i < Limit {
			s.rival(ctx, f, until-time.Second)
			return
		}
		play(s, streams[i-Limit], until)
	})
	return nil
}

// lowered lets six streams lapse, sets the account's limit to two, and lets all six go on at once.
func lowered(ctx context.Context, t *trial) error {
	const before, after = 2 * Limit, 2
	account := t.account()
	t.rule.Limits = append(t.rule.Limits, check.Limit{Account: account, Limit: before})
	seats, err := t.seats(ctx, account, before, patient, stack.Short)
	if err != nil {
		return err
	}
	streams := make([]playing, before)
	for i, s := range seats {
		if s.device, err = t.stack.SignInWith(ctx, account, before); err != nil {
			return err
		}
		if streams[i], err = s.must(ctx); err != nil {
			return err
		}
		s.piece(ctx, streams[i], stack.Short, 0)
	}
	if err := wait.For(ctx, 2*t.rule.Lease); err != nil {
		return err
	}
	from := t.recorder.Now()
	if err := t.stack.SetLimit(ctx, account, after); err != nil {
		return err
	}
	t.rule.Limits = append(t.rule.Limits, check.Limit{Account: account, From: from, To: t.recorder.Now(), Limit: after})
	var resumed atomic.Int64
	together(seats, func(i int, s *seat) {
		ask := func() history.Op { return s.piece(ctx, streams[i], stack.Short, 1) }
		if i%2 == 0 {
			ask = func() history.Op {
				return s.Heartbeat(ctx, s.system.Sessions[0], s.device, streams[i].stream, streams[i].ticket)
			}
		}
		for range 5 {
			if op := ask(); op.Done() {
				resumed.Add(1)
				return
			}
		}
	})
	if n := resumed.Load(); n != after {
		t.fault("%d of %d streams went on after the limit was set to %d", n, before, after)
	}
	for i, s := range seats {
		s.stop(ctx, streams[i])
	}
	// A limit that counts from now on for the start of other devices, too.
	t.accounts = nil
	return nil
}

// fewStarts is a plan in which a bound of starts is met at once.
var fewStarts = plan{settings: []string{"STARTS_EVERY=500ms", "STARTS_BURST=10"}}

// started starts and stops as fast as it goes.
func started(ctx context.Context, t *trial) error {
	t.rule.Film.StartsEvery, t.rule.Film.StartsBurst = 500*time.Millisecond, 10
	seats, err := t.seats(ctx, t.account(), Limit, patient, stack.Short)
	if err != nil {
		return err
	}
	until := t.recorder.Now() + t.filmSpan()
	var bounded atomic.Int64
	together(seats, func(_ int, s *seat) {
		for s.Recorder.Now() < until {
			op := s.start(ctx, player.StartOptions{})
			if op.Done() {
				s.stop(ctx, playing{stream: op.Answer.Stream})
			} else if op.Slowed() {
				bounded.Add(1)
				_ = wait.For(ctx, 50*time.Millisecond)
			}
		}
	})
	if bounded.Load() == 0 {
		t.fault("no start was answered 429 %s", history.CodeStarts)
	}
	return wait.For(ctx, 3*t.rule.Film.StartsEvery) // for the starts that look whether all slots are free
}
