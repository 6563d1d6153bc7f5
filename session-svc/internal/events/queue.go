package events

import (
	"context"
	"sync"
	"time"
)

// queue has accounts that wait for their turn, each once. One that is added during its turn gets another one afterwards, so that no account is
// in two hands.
type queue struct {
	mu     sync.Mutex
	order  []string
	states map[string]turn
	timers map[string]*later
	wake   chan struct{} // has room for one: there may be some in order
}

type turn uint8

const (
	waits turn = iota + 1 // in order
	has                   // its turn
	again                 // has it, and waits for another one
)

// later is when an account is to be added.
type later struct {
	at    time.Time
	timer *time.Timer
}

func newQueue() *queue {
	return &queue{states: map[string]turn{}, timers: map[string]*later{}, wake: make(chan struct{}, 1)}
}

func (q *queue) add(account string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.push(account)
}

func (q *queue) push(account string) {
	switch q.states[account] {
	case waits, again:
	case has:
		q.states[account] = again
	default:
		q.states[account] = waits
		q.order = append(q.order, account)
		q.poke()
	}
}

func (q *queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// after adds an account after a while, or earlier if that was asked for before.
func (q *queue) after(wait time.Duration, account string) {
	at := time.Now().Add(wait)
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.timers[account]; l != nil {
		if at.Before(l.at) {
			l.at = at
			l.timer.Reset(wait)
		}
		return
	}
	q.timers[account] = &later{at, time.AfterFunc(wait, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		delete(q.timers, account)
		q.push(account)
	})}
}

// next waits for an account and gives it its turn, until done. It returns false when the context has ended.
func (q *queue) next(ctx context.Context) (string, bool) {
	for {
		q.mu.Lock()
		if len(q.order) > 0 && ctx.Err() == nil {
			account := q.order[0]
			if q.order = q.order[1:]; len(q.order) > 0 {
				q.poke() // another one
			}
			q.states[account] = has
			q.mu.Unlock()
			return account, true
		}
		q.mu.Unlock()
		select {
		case <-ctx.Done():
			return "", false
		case <-q.wake:
		}
	}
}

// done ends the turn of an account.
func (q *queue) done(account string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	asked := q.states[account] == again
	delete(q.states, account)
	if asked {
		q.push(account)
	}
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.order)
}

// close ends what waits for its time.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for account, l := range q.timers {
		l.timer.Stop()
		delete(q.timers, account)
	}
}
