package events

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// sendWithin bounds one try to send.
	sendWithin = 10 * time.Second
	// batchFor is how long a relay goes on with the events that it took, before it notes which the sink has got.
	batchFor = 5 * time.Second
	// holdFor is how long nobody else takes an account's events for a sink.
	holdFor = batchFor + sendWithin + 5*time.Second
	// busyAgain is the longest pause until an account is tried again that another relay is at, which may be done sooner than it may take.
	busyAgain = time.Second
	// workers send to a sink at the same time, each for another account.
	workers = 16
	// lookers look at accounts at the same time.
	lookers = 4
	// storeAgain is the pause after the store was away.
	storeAgain = time.Second
	// leastPause and mostPause bound the pause after a failure, which doubles from one to the next.
	leastPause, mostPause = 500 * time.Millisecond, 30 * time.Second
	// lookLate is how long after its time a lapse is looked for.
	lookLate = 20 * time.Millisecond
	// roundsShare is the share of time in which all accounts are gone through: one of so many parts.
	roundsShare = 50
	// looksAhead is how many accounts of a round wait at once.
	looksAhead = 1000
	// noteWithin bounds what is noted when the service ends.
	noteWithin = 2 * time.Second
)

// Relay brings events from the outbox to the sinks, in one replica of the service.
type Relay struct {
	id      string
	outbox  Outbox
	lease   time.Duration
	keep    time.Duration
	log     *slog.Logger
	metrics *relayMetrics
	looks   *queue
	lines   []*line
	names   []string
}

// Options are the arguments of NewRelay.
type Options struct {
	Outbox   Outbox
	Sinks    []Sink
	Lease    time.Duration // of streams
	Keep     time.Duration // how long a sink may be down without losing events
	Registry *prometheus.Registry
	Log      *slog.Logger
}

// line brings events to one sink.
type line struct {
	*Relay

	sink     Sink
	accounts *queue
	failures atomic.Int64 // since the last success
}

// NewRelay returns a relay. Nothing is brought before Run.
func NewRelay(o Options) *Relay {
	r := &Relay{
		id: rand.Text(), outbox: o.Outbox, lease: o.Lease, keep: o.Keep, log: o.Log, looks: newQueue(),
	}
	for _, sink := range o.Sinks {
		r.lines = append(r.lines, &line{Relay: r, sink: sink, accounts: newQueue()})
		r.names = append(r.names, sink.Name())
	}
	r.metrics = newRelayMetrics(o.Registry, r.names)
	o.Outbox.Hear(r.hear)
	return r
}

// hear is told of events of this replica.
func (r *Relay) hear(account string) {
	r.bring(account)
	r.looks.after(r.lease+lookLate, account)
}

func (r *Relay) bring(account string) {
	for _, l := range r.lines {
		l.accounts.add(account)
	}
}

// Run brings events until the context ends, and closes the sinks.
func (r *Relay) Run(ctx context.Context) {
	var all sync.WaitGroup
	for range lookers {
		all.Go(func() { r.look(ctx) })
	}
	all.Go(func() { r.rounds(ctx) })
	for _, l := range r.lines {
		for range workers {
			all.Go(func() { l.work(ctx) })
		}
	}
	all.Wait()
	r.looks.close()
	for _, l := range r.lines {
		l.accounts.close()
		l.sink.Close()
	}
}

// look looks at accounts whose time has come: has a lease lapsed, are there events?
func (r *Relay) look(ctx context.Context) {
	for account, ok := r.looks.next(ctx); ok; account, ok = r.looks.next(ctx) {
		next, waiting, err := r.outbox.Look(ctx, account)
		switch {
		case err != nil:
			r.looks.after(storeAgain, account)
		case next > 0:
			r.looks.after(next+lookLate, account)
		}
		if waiting {
			r.bring(account)
		}
		r.looks.done(account)
	}
}

// rounds goes through all accounts at the start and now and then, for those whose replica was killed.
func (r *Relay) rounds(ctx context.Context) {
	every := time.Duration(0) // what was left behind when this replica began
	for {
		began := time.Now()
		_, err := r.outbox.Round(ctx, r.id, every, func(account string) {
			r.looks.add(account)
			for r.looks.length() > looksAhead && ctx.Err() == nil {
				pause(ctx, lookLate)
			}
		})
		every = 3 * r.lease
		wait := max(every, roundsShare*time.Since(began))
		if err != nil {
			wait = storeAgain
		}
		if !pause(ctx, wait) {
			return
		}
	}
}

// work brings the sink its events, one account after the other.
func (l *line) work(ctx context.Context) {
	for account, ok := l.accounts.next(ctx); ok; account, ok = l.accounts.next(ctx) {
		switch wait, err := l.account(ctx, account); {
		case err != nil && ctx.Err() == nil:
			// The sink, or the store: the others of the line go on, and find out for themselves.
			pause(ctx, wait)
			l.accounts.add(account)
		case wait > 0:
			l.accounts.after(wait, account)
		}
		l.accounts.done(account)
	}
}

// account brings the sink what an account has for it. With an error or without, wait is when it is worth to try again; 0 is not.
func (l *line) account(ctx context.Context, account string) (wait time.Duration, err error) {
	for {
		batch, err := l.outbox.Take(ctx, account, l.sink.Name(), l.id, holdFor)
		if err != nil {
			return storeAgain, err
		}
		if batch.Last == 0 {
			if batch.Busy == 0 {
				l.metrics.settled(l.sink.Name(), account)
			}
			return min(batch.Busy, busyAgain), nil
		}
		upTo, sendErr := l.send(ctx, batch)
		// Also when the service ends: else a good part of them would be sent again, and nobody would send the rest for a while.
		noting, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
		all, err := l.outbox.Sent(noting, account, l.sink.Name(), l.id, upTo, l.names)
		cancel()
		if sendErr != nil {
			return l.failed(ctx, account, sendErr), sendErr
		}
		if err != nil {
			return storeAgain, err
		}
		if all {
			l.metrics.settled(l.sink.Name(), account)
			return 0, nil
		}
		if ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
}

// send sends events one after the other, and returns the number of the last one that the sink has got, or that it is too late for.
func (l *line) send(ctx context.Context, batch Batch) (upTo int64, err error) {
	began := time.Now()
	dropped := batch.Dropped
	defer func() { l.metrics.dropped(l.sink.Name(), dropped) }()
	for i := range batch.Events {
		e := &batch.Events[i]
		if time.Since(began) > batchFor {
			return e.Sequence - 1, nil
		}
		if batch.Now.Sub(e.Time) > l.keep {
			dropped++
			continue
		}
		within, cancel := context.WithTimeout(ctx, sendWithin)
		err := l.sink.Send(within, e)
		cancel()
		if err != nil {
			l.metrics.waits(l.sink.Name(), e.Account, e.Time)
			return e.Sequence - 1, err
		}
		l.failures.Store(0)
		l.metrics.delivered(l.sink.Name())
	}
	return batch.Last, nil
}

// failed counts a failure, and returns for how long the worker pauses.
func (l *line) failed(ctx context.Context, account string, err error) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	failures := l.failures.Add(1)
	l.metrics.failed(l.sink.Name())
	wait := min(mostPause, leastPause<<min(failures-1, 10))
	if later, ok := errors.AsType[*LaterError](err); ok {
		wait = max(wait, later.After)
	}
	l.log.WarnContext(ctx, "an event was not delivered", "sink", l.sink.Name(), "account", account, "againIn", wait.String(), "error", err)
	return wait
}

// pause waits, and reports whether the context has not ended.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
