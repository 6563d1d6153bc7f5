package scenario

import (
	"context"
	"time"

	"streamgate/k8s/load/fault"
	"streamgate/libs/wait"
)

// clockStep is by how much clocks are set: many leases.
const clockStep = 30 * time.Second

// steps are forward, back, back and forward, so that both directions happen to a clock that was right and to one that
// was wrong.
var steps = []time.Duration{clockStep, -clockStep, -clockStep, clockStep}

// clockOfRedis steps the clock that decides: all leases lapse when it is set forward, and live on when it is set back.
// At no instant of that clock may more of them than the limit live, and no ended stream may be served for longer than
// content-svc remembers an answer.
func clockOfRedis(ctx context.Context, s Setting) (Verdict, error) {
	clock, err := fault.NewClock(s.Dir, "redis")
	if err != nil {
		return Verdict{}, err
	}
	return simple(plan{env: clock.Env(s.Clock), noOrder: true}, func(ctx context.Context, t *trial) error {
		return t.steps(ctx, func(by time.Duration) error {
			var err error
			t.load.Still(func() {
				t.recorder.Stepped(by)
				err = clock.Step(by)
			})
			return err
		})
	})(ctx, s)
}

// clockOfService steps a clock that takes no part in any decision, so nothing is excused.
func clockOfService(ctx context.Context, s Setting) (Verdict, error) {
	clock, err := fault.NewClock(s.Dir, "service")
	if err != nil {
		return Verdict{}, err
	}
	change := func(replica int) (string, []string) {
		if replica > 0 {
			return "", nil
		}
		return s.Stepped, clock.Env("")
	}
	return simple(plan{change: change}, func(ctx context.Context, t *trial) error { return t.steps(ctx, clock.Step) })(ctx, s)
}

func (t *trial) steps(ctx context.Context, step func(time.Duration) error) error {
	for i, by := range steps {
		if i > 0 {
			if err := wait.For(ctx, Lease+Lease/2); err != nil {
				return err
			}
		}
		if err := step(by); err != nil {
			return err
		}
	}
	return nil
}
