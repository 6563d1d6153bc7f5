package audience

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
	"streamgate/k8s/load/player"
)

// Limit is how many streams an account may have.
const Limit = 3

// Options of a load. A part whose period is 0 is left out.
type Options struct {
	Base     string // address of the ingress
	Content  string // what is played
	Lease    time.Duration
	Accounts []*Account // each plays one stream with heartbeats, and one by fetching video, unless there are none

	Heartbeats time.Duration // how often each stream has a heartbeat
	Fetches    time.Duration // how often each fetches a part of its video
	Visits     time.Duration // how often an account starts a third stream, is refused a fourth, and stops the third
	SignIns    time.Duration // how often a device signs in, looks at the catalogue and signs out
	Listeners  int           // of how many accounts a device listens to the events
}

// Audience is a running load.
type Audience struct {
	options   Options
	transport http.RoundTripper
	recorder  *history.Recorder
	began     time.Time
	ended     chan struct{}
	clients   atomic.Int32
	loops     sync.WaitGroup
	asking    sync.WaitGroup
	streams   []*playing

	mu       sync.Mutex
	requests []Request
	lost     map[string]string
	figures  *Figures
}

// playing is a stream that is meant to play all the time.
type playing struct {
	account    *Account
	id, source string
}

const (
	// timeout of a request. No client waits longer.
	timeout = 15 * time.Second
	// connections is how many a load has open at most. When a cluster is stuck, further requests wait, which counts as
	// well: Docker's proxy in front of kind's nodes ends for good when it has no file left for one more.
	connections = 500
)

// Begin signs in the accounts whose tokens are old, and starts first the streams and then the load.
func Begin(ctx context.Context, o Options) (*Audience, error) {
	transport := player.NewTransport()
	transport.MaxConnsPerHost = connections
	a := &Audience{
		options: o, transport: transport, recorder: history.NewRecorder(), began: time.Now(), ended: make(chan struct{}), lost: map[string]string{},
	}
	var signIns errgroup.Group
	signIns.SetLimit(2)
	for _, account := range o.Accounts {
		if time.Since(account.signedIn) > lasts {
			signIns.Go(func() error { return account.SignIn(ctx, o.Base) })
		}
	}
	if err := signIns.Wait(); err != nil {
		return nil, err
	}
	for _, kind := range []struct {
		period time.Duration
		do     func(ctx context.Context, p *playing, due time.Time)
	}{{o.Heartbeats, a.heartbeat}, {o.Fetches, a.fetch}} {
		if kind.period == 0 {
			continue
		}
		for i, account := range o.Accounts {
			op := a.start(ctx, account, time.Now(), http.StatusCreated)
			if !op.Done() {
				f := a.End(context.WithoutCancel(ctx))
				return nil, fmt.Errorf("start a stream: %s", f.Failed()[0].Fault)
			}
			p := &playing{account, op.Answer.Stream, op.Answer.Source}
			a.streams = append(a.streams, p)
			a.every(kind.period, i, len(o.Accounts), func(due time.Time) { kind.do(ctx, p, due) })
		}
	}
	// An account has one visit at a time: its fourth stream is only a fourth while no other visit has a third.
	visited := make(chan *Account, len(o.Accounts))
	for _, account := range o.Accounts {
		visited <- account
	}
	a.every(o.Visits, 0, 1, func(due time.Time) {
		account := <-visited
		a.visit(ctx, account, due)
		visited <- account
	})
	var signedIn atomic.Int32
	a.every(o.SignIns, 0, 1, func(due time.Time) { a.signIn(ctx, o.Accounts[int(signedIn.Add(1))%len(o.Accounts)], due) })
	for i := range o.Listeners {
		a.loops.Go(func() { a.listen(ctx, o.Accounts[i%len(o.Accounts)]) })
	}
	return a, nil
}

// every calls do once in a period, on time, however long it takes. Loops that do the same share the period evenly.
func (a *Audience) every(period time.Duration, i, of int, do func(due time.Time)) {
	if period == 0 {
		return
	}
	a.loops.Go(func() {
		due := time.Now().Add(period * time.Duration(i) / time.Duration(of))
		timer := time.NewTimer(time.Until(due))
		defer timer.Stop()
		for {
			select {
			case <-a.ended:
				return
			case <-timer.C:
			}
			at := due
			a.asking.Go(func() { do(at) })
			due = due.Add(period)
			timer.Reset(time.Until(due))
		}
	})
}

// Answered returns how many requests have ended by now.
func (a *Audience) Answered() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.requests)
}

// Reached returns an error while fewer requests than that have ended.
func (a *Audience) Reached(requests int) error {
	if n := a.Answered(); n < requests {
		return fmt.Errorf("%d requests have ended, not yet %d", n, requests)
	}
	return nil
}

// End ends the load, checks that all streams are still there, and stops them. Called again, it returns the same
// figures.
func (a *Audience) End(ctx context.Context) *Figures {
	if a.figures != nil {
		return a.figures
	}
	close(a.ended)
	a.loops.Wait()
	a.asking.Wait()
	for _, p := range a.streams {
		a.stillThere(ctx, p)
	}
	for _, p := range a.streams {
		a.stop(ctx, p.account, p.id, time.Now())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	f := &Figures{Began: a.began, Took: time.Since(a.began), Requests: a.requests}
	for id, why := range a.lost {
		f.Lost = append(f.Lost, "stream "+id+": "+why)
	}
	f.Rule = check.Run(a.recorder.History(), check.Rule{Lease: a.options.Lease, Limit: Limit, Late: timeout})
	a.figures = f
	return f
}

// note records a request.
func (a *Audience) note(r Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests = append(a.requests, r)
}

// lose remembers why a stream was lost, the first time.
func (a *Audience) lose(id, why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lost[id] == "" {
		a.lost[id] = why
	}
}
