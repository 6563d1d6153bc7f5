package scenario

import (
	"context"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
)

const (
	// lookEvery is how often the machine is checked. late is by how much a check must be late to show that the machine
	// had no time for us: a good part of the 250 ms in which Redis must answer, since its server, the service and the
	// prover are held up one after the other.
	lookEvery, late = 10 * time.Millisecond, 60 * time.Millisecond
	// after is how long after such a moment requests may still fail.
	after = 300 * time.Millisecond
)

// stalls looks for moments in which the machine had no time for the prover, so most likely none for the services
// either. Requests that can't be answered in time may then fail; nothing else is excused. The function that it returns
// ends the search and returns the windows.
func stalls(ctx context.Context, recorder *history.Recorder) func() []check.Window {
	ctx, cancel := context.WithCancel(ctx)
	found := make(chan []check.Window, 1)
	go func() {
		var windows []check.Window
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for last := recorder.Now(); ; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				found <- windows
				return
			}
			now := recorder.Now()
			if now-last > lookEvery+late {
				windows = append(windows, check.Window{From: last, To: now + after, Excuse: check.Failures})
			}
			last = now
		}
	}()
	return func() []check.Window {
		cancel()
		return <-found
	}
}
