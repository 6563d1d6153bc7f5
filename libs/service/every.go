package service

import (
	"context"
	"log/slog"
	"time"
)

// Every returns background work that takes a step again and again, with a pause before each, until its context ends. A step that fails is
// logged, and taken again after the next pause.
func Every(pause time.Duration, log *slog.Logger, step Step) func(context.Context) {
	return func(ctx context.Context) {
		tick := time.NewTicker(pause)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := step.Do(ctx); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "a step failed that is taken again", "step", step.Name, "error", err)
			}
		}
	}
}
