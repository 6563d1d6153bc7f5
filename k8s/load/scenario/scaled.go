package scenario

import (
	"context"
	"errors"
	"time"

	"streamgate/k8s/load/stack"
	"streamgate/libs/wait"
)

// scaled has players fetch while replicas of session-svc come and are killed behind the one address at which content-svc finds them, as behind
// a Service of Kubernetes. Nothing excuses a request that fails.
func scaled(ctx context.Context, s Setting) (Verdict, error) {
	var balancer *stack.Balancer
	var internal []string
	p := plan{sessions: 4, between: func(all []string) (string, error) {
		var err error
		internal = all
		balancer, err = stack.NewBalancer(ctx)
		if err != nil {
			return "", err
		}
		balancer.Lead(internal[:2]...)
		return balancer.URL(), nil
	}}
	return film(p, func(ctx context.Context, t *trial) error {
		t.closers = append(t.closers, balancer.Close)
		done := make(chan error, 1)
		go func() { done <- t.play(ctx, 4*t.filmSpan()/2) }()
		third := t.filmSpan() / 3
		for _, step := range []func(){
			func() { balancer.Lead(internal...) },
			func() { t.stack.Sessions[0].Kill() },
			func() { balancer.Lead(internal[1:]...) }, // as when the pod's readiness is noticed
			func() { t.stack.Sessions[1].Kill() },
			func() { balancer.Lead(internal[2:]...) },
		} {
			if err := wait.For(ctx, third); err != nil {
				return err
			}
			step()
		}
		err := <-done
		for _, killed := range t.stack.Sessions[:2] { // for the starts that look whether all slots are free
			err = errors.Join(err, killed.Start(ctx))
		}
		return err
	})(ctx, s)
}

// play has the slots of some accounts play a film as stock players do, for a time.
func (t *trial) play(ctx context.Context, d time.Duration) error {
	var all []*seat
	for range 4 {
		seats, err := t.seats(ctx, t.account(), Limit, patient, stack.Short)
		if err != nil {
			return err
		}
		all = append(all, seats...)
	}
	for _, s := range all {
		s.system.Sessions = s.system.Sessions[len(s.system.Sessions)-2:] // those that live
	}
	until := t.recorder.Now() + d
	together(all, func(_ int, s *seat) {
		p, err := s.must(ctx)
		if err != nil {
			t.fault("%v", err)
			return
		}
		for n := 0; s.Recorder.Now() < until && ctx.Err() == nil; {
			came, plays := t.came(ctx, s.piece(ctx, p, stack.Short, n))
			if !plays {
				return
			}
			if came {
				n++
			}
			_ = wait.For(ctx, 100*time.Millisecond)
		}
		s.stop(ctx, p)
	})
	return nil
}
