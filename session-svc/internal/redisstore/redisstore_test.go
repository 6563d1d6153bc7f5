package redisstore_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/stream"
	"streamgate/session-svc/internal/stream/storetest"
)

func open(t testing.TB) redis.UniversalClient {
	t.Helper()
	client, err := redisdb.Open(redisdb.Settings{URL: testkit.Redis(t)}, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

type unobserved struct{}

func (unobserved) Script(string, time.Duration, error) {}

func (unobserved) Ended(stream.Reason, time.Duration) {}

func newStore(t testing.TB, rules stream.Rules) *redisstore.Store {
	return redisstore.New(open(t), redisstore.NewGuard(rules.Lease), rules, unobserved{})
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
