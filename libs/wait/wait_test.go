package wait_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"streamgate/libs/wait"
)

func TestFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := wait.For(ctx, 2*time.Second); err != nil || time.Since(began) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if err := wait.For(ctx, 2*time.Second); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestEvery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		calls, began := 0, time.Now()
		wait.Every(ctx, time.Second, func() { calls++ })
		if calls != 3 || time.Since(began) != 3500*time.Millisecond {
			t.Errorf("%d calls in %v", calls, time.Since(began))
		}
	})
}
