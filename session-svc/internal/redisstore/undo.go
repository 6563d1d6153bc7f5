package redisstore

import (
	"context"
	"time"

	"streamgate/libs/redisdb"
	"streamgate/session-svc/internal/stream"
)

const (
	// answerTime is how long before a start's deadline it is granted at the latest, so that its answer arrives.
	answerTime = 50 * time.Millisecond
	// startWindow is how long before its deadline a start can be granted. A server that sees a deadline further ahead has another clock
	// than the one that we know.
	startWindow = 2 * redisdb.AnswerWithin
	// mostUndone bounds the starts that are taken back at the same time. Others lapse by themselves.
	mostUndone = 1024
	// undoAgain is the pause before a start is taken back once more.
	undoAgain = 100 * time.Millisecond
)

// undo takes back a start whose answer didn't come, as soon as the server can be asked. It may have been granted until the deadline; a
// lease later, nothing is left of it.
func (s *Store) undo(account string, id stream.ID, deadline time.Time) {
	select {
	case s.undone <- struct{}{}:
	default:
		return
	}
	go func() {
		defer func() { <-s.undone }()
		for lapsed := deadline.Add(s.rules.Lease); time.Now().Before(lapsed); time.Sleep(undoAgain) {
			asked := time.Now()
			answer, err := s.call(context.Background(), undoScript, []string{leasesKey(account)}, id[:],
				s.rules.Keep().Milliseconds(), s.rules.Starts.Every.Milliseconds())
			if err == nil && (answer[0] == int64(1) || asked.After(deadline)) {
				return
			}
		}
	}()
}
