package delivery_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"streamgate/libs/delivery"
	"streamgate/libs/fault"
	"streamgate/libs/grant"
	"streamgate/libs/pace"
)

const ten = 10 * time.Second

var (
	errEnded = &fault.Error{Kind: fault.Gone, Code: "stream_ended", Members: map[string]any{"reason": "terminated", "by": "Phone"}}
	errLimit = &fault.Error{Kind: fault.Forbidden, Code: "stream_limit_reached", Members: map[string]any{"limit": 3, "active": 3}}
	errAway  = fault.Away("session-svc", errors.New("connection refused"))
)

// authority answers as it is told to, with as much credit as is wanted unless told otherwise, and remembers what it was asked.
type authority struct {
	mu     sync.Mutex
	answer delivery.Answer
	away   error
	credit time.Duration // at most, if set; then more after a second
	calls  [][]delivery.Question
	gate   chan struct{} // if set, answers wait for it
}

func (a *authority) Renew(_ context.Context, questions []delivery.Question) ([]delivery.Answer, error) {
	a.mu.Lock()
	a.calls = append(a.calls, questions)
	gate := a.gate
	a.mu.Unlock()
	if gate != nil {
		<-gate
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	answers := make([]delivery.Answer, len(questions))
	for i, q := range questions {
		answers[i] = a.answer
		answers[i].Credit = max(0, q.Want)
		if a.credit > 0 && q.Want > a.credit {
			answers[i].Credit, answers[i].Wait = a.credit, time.Second
		}
	}
	return answers, a.away
}

// says sets the answer from now on.
func (a *authority) says(err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.away, a.answer.Err = nil, err
	if fault.KindOf(err) == fault.Unavailable {
		a.away = err
	}
}

// asked returns all questions so far.
func (a *authority) asked() []delivery.Question {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []delivery.Question
	for _, call := range a.calls {
		all = append(all, call...)
	}
	return all
}

// called returns how many calls there were.
func (a *authority) called() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.calls)
}

func (a *authority) wantAsked(t *testing.T, n int) {
	t.Helper()
	if got := len(a.asked()); got != n {
		t.Fatalf("asked %d times, want %d", got, n)
	}
}

// in runs a test with a clock that moves when all wait, and a keeper that runs.
func in(t *testing.T, test func(t *testing.T, a *authority, k *delivery.Keeper)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a := &authority{answer: delivery.Answer{Lease: ten, Holds: ten}}
		k := delivery.NewKeeper(a, pace.Usual, delivery.Usually, time.Now)
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go k.Run(ctx)
		test(t, a, k)
	})
}

// stream returns a stream that was started just now.
func stream(k *delivery.Keeper, name string) *delivery.Stream {
	return k.Stream("grant of "+name, &grant.Grant{Stream: name, Started: time.Now()})
}

func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // in synctest
	synctest.Wait()
}

func want(t *testing.T, got, wanted error) {
	t.Helper()
	if !errors.Is(got, wanted) || (wanted == nil) != (got == nil) {
		t.Fatalf("verdict %v, want %v", got, wanted)
	}
}

func wantAway(t *testing.T, err error) {
	t.Helper()
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Unavailable || e.RetryAfter < time.Second || e.RetryAfter > ten {
		t.Fatalf("verdict %#v, want unavailable", err)
	}
}
