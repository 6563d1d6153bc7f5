package redisstore

import (
	"context"
	"slices"
	"sync"
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

// undoing are the starts that are being taken back.
type undoing struct {
	mu      sync.Mutex
	starts  []*unanswered
	running bool
}

// unanswered is a start whose answer didn't come. It may have been granted until the deadline; a lease later, nothing is left of it.
type unanswered struct {
	account  string
	id       stream.ID
	deadline time.Time
	done     bool // it is taken back, or was never granted
}

// undo takes back a start whose answer didn't come, as soon as the server can be asked.
func (s *Store) undo(account string, id stream.ID, deadline time.Time) {
	u := &s.undone
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.starts) == mostUndone {
		return
	}
	u.starts = append(u.starts, &unanswered{account: account, id: id, deadline: deadline})
	if !u.running {
		u.running = true
		go s.undoAll()
	}
}

// undoAll takes back starts until there are none. A server that is away has one goroutine asking it, however many there are.
func (s *Store) undoAll() {
	for {
		starts := s.undone.rest(time.Now().Add(-s.rules.Lease))
		if len(starts) == 0 {
			return
		}
		calls := make([]scriptCall, len(starts))
		for i, start := range starts {
			calls[i] = scriptCall{
				[]string{leasesKey(start.account)}, []any{start.id[:], s.rules.Keep().Milliseconds(), s.rules.Starts.Every.Milliseconds()},
			}
		}
		asked := time.Now()
		for i, reply := range s.callAll(context.Background(), undoScript, nil, calls) {
			starts[i].done = reply.err == nil && (reply.answer[0] == int64(1) || asked.After(starts[i].deadline))
		}
		time.Sleep(undoAgain)
	}
}

// rest returns what is still to be taken back, without starts that have lapsed: those with deadlines before a time. If there is nothing, undoAll ends.
func (u *undoing) rest(lapsed time.Time) []*unanswered {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.starts = slices.DeleteFunc(u.starts, func(start *unanswered) bool { return start.done || start.deadline.Before(lapsed) })
	u.running = len(u.starts) > 0
	return slices.Clone(u.starts)
}
