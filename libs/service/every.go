package service

import (
	"context"
	"log/slog"
	"time"

	"streamgate/libs/wait"
)

// Every returns background work that takes a step again and again, with a pause before each, until its context ends. A step that fails is
// logged, and taken again after the next pause.
func Every(pause time.Duration, log *slog.Logger, step Step) func(context.Context) {
	return func(ctx context.Context) {
		wait.Every(ctx, pause, func() {
			if err := step.Do(ctx); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "a step failed that is taken again", "step", step.Name, "error", err)
			}
		})
	}
}
