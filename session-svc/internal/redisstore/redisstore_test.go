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

func (unobserved) Ended(stream.Reason, time.Duration, time.Time) {}

func newStore(t testing.TB, rules stream.Rules) *redisstore.Store {
	return redisstore.New(open(t), redisstore.NewGuard(rules.Lease), rules, unobserved{})
}

// sawAhead moves the last sign of life of a stream into the future.
const sawAhead = `#!lua
local LEASE = '>c1I6I3c16c8I6c12c4Bc0'
local record = redis.call('GET', KEYS[1])
local at = 1 + 6 + 6
local out = {record:sub(1, at - 1)}
while at <= #record do
  local state, seen, cover, id, session, started, content, player, name, after = struct.unpack(LEASE, record, at)
  if id == ARGV[1] then seen = seen + ARGV[2] end
  table.insert(out, struct.pack(LEASE, state, seen, cover, id, session, started, content, player, #name, name))
  at = after
end
return redis.call('SET', KEYS[1], table.concat(out))
`

// A sign of life that is later than now was seen by a clock that was ahead.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	client := open(t)
	const lease = 2 * time.Second
	store := redisstore.New(client, redisstore.NewGuard(lease), stream.NewRules(lease), unobserved{})
	account := testkit.NewID()
	opened, err := store.Sessions(time.Hour).Open(t.Context(), account, session.Session{ID: session.NewID()}, session.FirstSignIn)
	if err != nil {
		t.Fatal(err)
	}
	start := func() stream.Result {
		t.Helper()
		r, err := store.Start(t.Context(), account, stream.Start{ID: stream.NewID(), Session: opened.ID, Content: testkit.NewID(), Limit: 2})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	live := func() int {
		t.Helper()
		r, err := store.List(t.Context(), account)
		if err != nil {
			t.Fatal(err)
		}
		return len(r.Live)
	}
	lapsed, plays := start(), start()
	// What another clock saw: that the first stream had lapsed long before the second was seen.
	ahead := redis.NewScript(sawAhead)
	if err := ahead.Run(t.Context(), client, []string{"a:{" + account + "}"}, plays.Lease.ID[:], 30_000).Err(); err != nil {
		t.Fatal(err)
	}
	if live() != 1 {
		t.Errorf("%d streams are shown, one had lapsed at the last decision", live())
	}
	renewed, err := store.Renew(t.Context(), account, stream.Renewal{ID: plays.Lease.ID, Session: opened.ID, Limit: 2})
	if err != nil || renewed.Outcome != stream.Renewed {
		t.Fatal(renewed.Outcome, err)
	}
	if r := start(); r.Outcome != stream.Granted {
		t.Errorf("%s, though one of two slots is free", r.Outcome)
	}
	back, err := store.Renew(t.Context(), account, stream.Renewal{ID: lapsed.Lease.ID, Session: opened.ID, Limit: 2})
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
