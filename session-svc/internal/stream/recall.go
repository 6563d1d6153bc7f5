package stream

import (
	"context"
	"time"

	"streamgate/libs/fault"
)

// Plans knows what accounts may do, also after the store has lost its memory.
type Plans interface {
	// Limit returns how many streams an account may play at once. Its error is fault.NotFound for an unknown one.
	Limit(ctx context.Context, account string) (int, error)
}

const (
	// recalling is how many limits are asked for at the same time, recalled how many wait for that.
	recalling, recalled = 16, 4096
	// recallAgain is the pause before a limit is asked for once more, recallFor how long that is tried.
	recallAgain, recallFor = time.Second, 10 * time.Minute
)

// recall puts back the limit of an account that the store has forgotten. Until then that of the token or grant counts, which may be of before a
// change of the plan; a start waits a lease after a loss of memory, and for most accounts that is long enough. Nobody waits for it, since what
// plays goes on without user-svc.
func (s *Streams) recall(account string) {
	select {
	case s.recalls <- struct{}{}:
	default:
		return // more than can be asked for in good time
	}
	go func() {
		defer func() { <-s.recalls }()
		for began := s.now(); s.now().Sub(began) < recallFor; time.Sleep(recallAgain) {
			if s.recallOnce(context.Background(), account) {
				return
			}
		}
	}()
}

// recallOnce reports whether it need not be tried again.
func (s *Streams) recallOnce(ctx context.Context, account string) bool {
	s.asking <- struct{}{}
	defer func() { <-s.asking }()
	limit, err := s.plans.Limit(ctx, account)
	if err != nil || limit == 0 {
		return err == nil || fault.KindOf(err) == fault.NotFound
	}
	return s.store.RecallLimit(ctx, account, limit) == nil
}
