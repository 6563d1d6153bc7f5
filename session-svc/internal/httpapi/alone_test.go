package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
)

// alone gives a configuration a Redis that no other test has, for what looks at all accounts, unless another replica has given it one.
func alone(t *testing.T) func(*config.Config) {
	t.Helper()
	return func(c *config.Config) {
		if c.Redis.URL == testkit.SharedRedis() {
			c.Redis.URL = database(t)
		}
	}
}

// databases is how many of a server's 16 databases tests have for themselves. The first one is shared.
const databases = 15

// database returns the address of a database of the shared server that is empty and of this test alone.
func database(t *testing.T) string {
	t.Helper()
	o, err := redis.ParseURL(testkit.SharedRedis())
	if err != nil {
		t.Fatal(err)
	}
	own := *o
	shared := redis.NewClient(o)
	t.Cleanup(func() { _ = shared.Close() })
	lock, owner := "", testkit.NewID()
	testkit.Eventually(t, "a database is free", func() bool {
		for n := range databases {
			own.DB, lock = 1+n, fmt.Sprintf("testkit:database:%d", 1+n)
			// Kept for no longer than a run of tests may take, for one that is killed.
			err := shared.SetArgs(t.Context(), lock, owner, redis.SetArgs{Mode: "NX", TTL: 20 * time.Minute}).Err()
			if err == nil {
				return true
			}
			if !errors.Is(err, redis.Nil) {
				t.Fatal(err)
			}
		}
		return false
	})
	t.Cleanup(func() { shared.Del(context.WithoutCancel(t.Context()), lock) })
	client := redis.NewClient(&own)
	defer func() { _ = client.Close() }()
	if err := client.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s/%d", strings.TrimSuffix(testkit.SharedRedis(), "/0"), own.DB)
}
