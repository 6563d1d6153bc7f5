package lease_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"streamgate/content-svc/internal/lease"
	"streamgate/libs/fault"
	"streamgate/libs/grant"
)

const ten = 10 * time.Second

var (
	errEnded = &fault.Error{Kind: fault.Gone, Code: "stream_ended", Members: map[string]any{"reason": "terminated", "by": "Phone"}}
	errLimit = &fault.Error{Kind: fault.Forbidden, Code: "stream_limit_reached", Members: map[string]any{"limit": 3, "active": 3}}
	errAway  = fault.Away("session-svc", errors.New("connection refused"))
)

// authority answers as it is told to, and counts.
type authority struct {
	mu    sync.Mutex
	lease time.Duration
	err   error
	asked atomic.Int64
	gate  chan struct{} // if set, answers wait for it
}

func (a *authority) Renew(ctx context.Context, _ string) (time.Duration, error) {
	a.asked.Add(1)
	if a.gate != nil {
		<-a.gate
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lease, a.err
}

func (a *authority) says(lease time.Duration, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lease, a.err = lease, err
}

// clock moves when it is told to.
type clock struct{ atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time       { return time.Unix(0, c.Load()) }
func (c *clock) pass(d time.Duration) { c.Add(int64(d)) }
func (c *clock) grant() *grant.Grant  { return c.grantOf("AAAAAAAAAAAAAAAAAAAAAA") }
func (c *clock) grantOf(stream string) *grant.Grant {
	return &grant.Grant{Stream: stream, Started: c.now()}
}

func setup() (*authority, *clock, *lease.Keeper) {
	a, c := &authority{lease: ten}, newClock()
	return a, c, lease.NewKeeper(a, c.now)
}

func want(t *testing.T, got, wanted error) {
	t.Helper()
	if !errors.Is(got, wanted) || (wanted == nil) != (got == nil) {
		t.Fatalf("verdict %v, want %v", got, wanted)
	}
}

func (a *authority) wantAsked(t *testing.T, n int64) {
	t.Helper()
	if got := a.asked.Load(); got != n {
		t.Fatalf("asked %d times, want %d", got, n)
	}
}

func TestAsksOnceInAThirdOfALease(t *testing.T) {
	t.Parallel()
	a, c, k := setup()
	g := c.grant()
	for range 301 { // 30 s in steps of a tenth: questions at 0, 3.4, 6.8, …
		want(t, k.Check(t.Context(), "grant", g), nil)
		c.pass(100 * time.Millisecond)
	}
	a.wantAsked(t, 9)
}

func TestManyAtOnceShareOneQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		a, c, k := setup()
		a.gate = make(chan struct{})
		g := c.grant()
		c.pass(2 * ten) // so that no answer would be a refusal
		check := func(ctx context.Context) {
			go func() {
				if err := k.Check(ctx, "grant", g); err != nil {
					t.Errorf("verdict %v", err)
				}
			}()
		}
		// The client whose request asks may leave: the others must get their answer.
		ctx, leave := context.WithCancel(t.Context())
		check(ctx)
		synctest.Wait()
		leave()
		for range 50 {
			check(t.Context())
		}
		synctest.Wait()
		close(a.gate)
		synctest.Wait()
		a.wantAsked(t, 1)
	})
}

func TestStreamsAreAskedAboutSeparately(t *testing.T) {
	t.Parallel()
	a, c, k := setup()
	want(t, k.Check(t.Context(), "one", c.grantOf("one")), nil)
	a.says(0, errEnded)
	want(t, k.Check(t.Context(), "two", c.grantOf("two")), errEnded)
	want(t, k.Check(t.Context(), "one", c.grantOf("one")), nil)
	a.wantAsked(t, 2)
}

func TestAnEndIsNoticedWithinFourSecondsAndIsFinal(t *testing.T) {
	t.Parallel()
	a, c, k := setup()
	g := c.grant()
	want(t, k.Check(t.Context(), "grant", g), nil)
	a.says(0, errEnded)
	c.pass(3300 * time.Millisecond)
	want(t, k.Check(t.Context(), "grant", g), nil)
	c.pass(100 * time.Millisecond)
	err := k.Check(t.Context(), "grant", g)
	want(t, err, errEnded)
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Members["by"] != "Phone" {
		t.Fatalf("%v has lost by whom", err)
	}
	a.says(ten, nil) // no lease comes back from the dead
	c.pass(time.Hour)
	want(t, k.Check(t.Context(), "grant", g), errEnded)
	a.wantAsked(t, 2)
}

func TestARefusalIsAskedAgainAfterASecond(t *testing.T) {
	t.Parallel()
	a, c, k := setup()
	g := c.grant()
	a.says(0, errLimit)
	want(t, k.Check(t.Context(), "grant", g), errLimit)
	c.pass(900 * time.Millisecond)
	a.says(ten, nil) // a slot is free
	want(t, k.Check(t.Context(), "grant", g), errLimit)
	c.pass(100 * time.Millisecond)
	want(t, k.Check(t.Context(), "grant", g), nil)
	a.wantAsked(t, 2)
}

func TestWhatTheAuthorityDoesNotKnowIsNotThere(t *testing.T) {
	t.Parallel()
	for _, said := range []error{fault.BadField("grant", "is too old"), fault.New(fault.NotFound, "stream_not_found", "No such stream.")} {
		a, c, k := setup()
		a.says(0, said)
		want(t, k.Check(t.Context(), "grant", c.grant()), fault.ErrNoPath)
	}
}

// Design, P5: "running ones play on to the end of their lease plus one lease of grace".
func TestARunningStreamPlaysOnForALeaseOfGrace(t *testing.T) {
	t.Parallel()
	a, c, k := setup()
	g := c.grant()
	want(t, k.Check(t.Context(), "grant", g), nil)
	a.says(0, errAway)
	for range 199 { // to 19.9 s
		c.pass(100 * time.Millisecond)
		want(t, k.Check(t.Context(), "grant", g), nil)
	}
	if asked := a.asked.Load(); asked > 7 {
		t.Fatalf("asked %d times while nobody answered, want once in a third of a lease", asked)
	}
	c.pass(200 * time.Millisecond)
	err := k.Check(t.Context(), "grant", g)
	if e, ok := errors.AsType[*fault.Error](err); !ok || e.Kind != fault.Unavailable || e.RetryAfter < time.Second || e.RetryAfter > ten/3 {
		t.Fatalf("after the grace: %#v", err)
	}
	a.says(ten, nil)
	c.pass(ten / 3)
	want(t, k.Check(t.Context(), "grant", g), nil)
}

func TestAStreamThatWasJustGrantedPlaysWhileNobodyAnswers(t *testing.T) {
	t.Parallel()
	a, c, k := setup()
	a.says(0, errAway)
	g := c.grant()
	c.pass(9 * time.Second)
	want(t, k.Check(t.Context(), "grant", g), nil)
	c.pass(11 * time.Second) // its lease was to 10 s, its grace is to 20 s
	want(t, k.Check(t.Context(), "grant", g), nil)
	c.pass(time.Second)
	if err := k.Check(t.Context(), "grant", g); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("verdict %v", err)
	}
}

func TestAStrangerIsNotPlayedWhileNobodyAnswers(t *testing.T) {
	t.Parallel()
	a, c, k := setup()
	a.says(0, errAway)
	g := c.grant()
	c.pass(ten + time.Millisecond)
	for range 30 { // in three seconds
		if err := k.Check(t.Context(), "grant", g); fault.KindOf(err) != fault.Unavailable {
			t.Fatalf("verdict %v", err)
		}
		c.pass(100 * time.Millisecond)
	}
	a.wantAsked(t, 1)
	a.says(ten, nil)
	c.pass(time.Second)
	want(t, k.Check(t.Context(), "grant", g), nil)
}

func TestHowLongALeaseIsIsLearned(t *testing.T) {
	t.Parallel()
	a, c, k := setup()
	a.says(2*time.Second, nil)
	want(t, k.Check(t.Context(), "one", c.grantOf("one")), nil)
	a.says(0, errAway)
	g := c.grantOf("two")
	c.pass(3 * time.Second) // longer than a lease here, shorter than the usual one
	if err := k.Check(t.Context(), "two", g); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("verdict %v", err)
	}
	a.wantAsked(t, 2)
	c.pass(time.Second) // with so short a lease, a second and not a third of it
	_ = k.Check(t.Context(), "two", g)
	a.wantAsked(t, 3)
}

// A refusal is an answer: it must not turn into a permission because nobody answers the next question.
func TestARefusedStreamHasNoGrace(t *testing.T) {
	t.Parallel()
	a, c, k := setup()
	g := c.grant()
	want(t, k.Check(t.Context(), "grant", g), nil)
	c.pass(4 * time.Second)
	a.says(0, errLimit)
	want(t, k.Check(t.Context(), "grant", g), errLimit)
	c.pass(time.Second)
	a.says(0, errAway)
	if err := k.Check(t.Context(), "grant", g); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("verdict %v", err)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	a, c, k := setup()
	first := c.grantOf("first")
	want(t, k.Check(t.Context(), "grant", first), nil)
	for i := range lease.Remembered {
		g := c.grantOf(time.Duration(i).String())
		want(t, k.Check(t.Context(), "grant", g), nil)
	}
	a.wantAsked(t, 1+lease.Remembered)
	want(t, k.Check(t.Context(), "grant", first), nil) // forgotten, and asked again
	a.wantAsked(t, 2+lease.Remembered)
}
