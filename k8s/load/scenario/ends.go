package scenario

import (
	"context"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/fault"
	"streamgate/k8s/load/player"
	"streamgate/k8s/load/stack"
	"streamgate/libs/wait"
)

// endsLease is so long that a replica of content-svc that isn't told of an end notices it too late.
const endsLease = 9 * time.Second

// ends stops streams while they are fetched at two replicas, and cuts the connections between content-svc and session-svc meanwhile: once by
// resets, so that only the news of ends is lost, and once wholly.
func ends(ctx context.Context, s Setting) (Verdict, error) {
	var link *fault.Link
	p := plan{lease: endsLease, between: func(internal []string) (string, error) {
		var err error
		link, err = fault.NewLink(internal[0][len("http://"):])
		if err != nil {
			return "", err
		}
		return "http://" + link.Addr(), nil
	}}
	return film(p, func(ctx context.Context, t *trial) error {
		t.closers = append(t.closers, link.Close)
		stop, err := t.endless(ctx)
		if err != nil {
			return err
		}
		defer stop()
		steps := []func() error{
			func() error { return wait.For(ctx, t.filmSpan()/2) },
			func() error {
				return t.during(check.Failures|check.Unpushed, func() error {
					for range 10 {
						if err := link.Reset(); err != nil {
							return err
						}
						if err := wait.For(ctx, 300*time.Millisecond); err != nil {
							return err
						}
					}
					return nil
				})
			},
			func() error { return wait.For(ctx, t.filmSpan()/2) },
			func() error {
				return t.during(check.Failures|check.Unpushed|check.Away, func() error {
					link.Down()
					if err := wait.For(ctx, 2*time.Second); err != nil {
						return err
					}
					return link.Set()
				})
			},
			func() error { return wait.For(ctx, 2*endsLease+t.filmSpan()/2) },
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})(ctx, s)
}

// endless has players on several accounts start streams and stop them, and goes on asking for a playlist of each, which is sent as long as the
// stream may play, for some time after its end. It does so until stop is called.
func (t *trial) endless(ctx context.Context) (stop func(), err error) {
	var all []*seat
	for range 4 {
		seats, err := t.seats(ctx, t.account(), 1, patient, stack.Short)
		if err != nil {
			return nil, err
		}
		all = append(all, seats...)
	}
	inner, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		together(all, func(_ int, s *seat) {
			for inner.Err() == nil {
				s.oneEnd(ctx)
			}
		})
	}()
	return func() { cancel(); <-done }, nil
}

// oneEnd starts a stream, fetches at both replicas, stops it, and goes on fetching for a while.
func (s *seat) oneEnd(ctx context.Context) {
	op := s.start(ctx, player.StartOptions{})
	if !op.Done() {
		_ = wait.For(ctx, 100*time.Millisecond)
		return
	}
	p := playing{op.Answer.Stream, op.Answer.Source, op.Answer.Ticket}
	fetch := func(d time.Duration) {
		for until := s.Recorder.Now() + d; s.Recorder.Now() < until; {
			for _, base := range s.system.Contents {
				s.Playlist(ctx, base, s.device, p.stream, p.source)
			}
			if wait.For(ctx, 20*time.Millisecond) != nil {
				return
			}
		}
	}
	fetch(time.Second + time.Duration(s.random.Int64N(int64(time.Second))))
	s.stop(ctx, p)
	fetch(2 * time.Second)
}
