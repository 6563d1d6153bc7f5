package redisstore_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
	"streamgate/session-svc/internal/stream/storetest"
)

// open makes a client that waits and repeats nothing: on a busy machine, too, an answer is the first one.
func open(t testing.TB) redis.UniversalClient {
	t.Helper()
	o, err := redis.ParseURL(testkit.Redis(t))
	if err != nil {
		t.Fatal(err)
	}
	o.MaxRetries, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = -1, 10*time.Second, 10*time.Second, 10*time.Second
	client := redis.NewClient(o)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

type unobserved struct{}

func (unobserved) Script(string, time.Duration, error) {}

func (unobserved) Ended(stream.Reason, time.Duration) {}

func newStore(t testing.TB, rules stream.Rules) *redisstore.Store {
	return redisstore.New(open(t), redisstore.NewGuard(rules.Lease), rules, unobserved{})
}

// A lease that lapses later than a lease from now was set by a clock that was ahead. A store with a longer lease stands in for it.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	client := open(t)
	store := func(lease time.Duration) *redisstore.Store {
		return redisstore.New(client, redisstore.NewGuard(lease), stream.Rules{Lease: lease, Remember: time.Minute}, unobserved{})
	}
	const ahead, lease = 30 * time.Second, 2 * time.Second
	before, after := store(ahead+lease), store(lease)
	account := testkit.NewID()
	opened, err := after.Sessions(time.Hour).Open(t.Context(), account, session.Session{ID: session.NewID()}, false)
	if err != nil {
		t.Fatal(err)
	}
	start := func(on *redisstore.Store) stream.Result {
		t.Helper()
		r, err := on.Start(t.Context(), account, stream.Start{ID: stream.NewID(), Session: opened.ID, Content: testkit.NewID(), Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	live := func() int {
		t.Helper()
		r, err := after.List(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		return len(r.Live)
	}
	lapsed := start(after) // for the clock ahead, it lapsed long before the next decision
	ends := start(before)
	if live() != 1 {
		t.Errorf("%d streams are shown, one had lapsed at the last decision", live())
	}
	renewed, err := after.Renew(t.Context(), account, stream.Renewal{ID: ends.Lease.ID, Session: opened.ID, Limit: 2})
	if err != nil || renewed.Outcome != stream.Renewed {
		t.Fatal(renewed.Outcome, err)
	}
	if r := start(after); r.Outcome != stream.Granted {
		t.Errorf("%s, though one of two slots is free", r.Outcome)
	}
	back, err := after.Renew(t.Context(), account, stream.Renewal{ID: lapsed.Lease.ID, Session: opened.ID, Limit: 2})
	if err != nil || back.Outcome != stream.LimitReached {
		t.Error("a lease that had lapsed came back:", back.Outcome, err)
	}
	testkit.Eventually(t, "nothing lives longer than a lease", func() bool { return live() == 0 })
}

func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Stores {
		store := newStore(t, storetest.Rules)
		// The clock is the server's: time passes by itself, and a millisecond more makes sure that it did.
		return storetest.Stores{Streams: store, Sessions: store.Sessions(storetest.SessionTTL), Pass: func(d time.Duration) {
			<-time.After(d + time.Millisecond)
		}}
	})
}
