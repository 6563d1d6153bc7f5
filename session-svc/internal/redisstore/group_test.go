package redisstore_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/fault"
	"streamgate/libs/redisdb"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// Each of many callers at once gets the answer to its own call, also of a server that doesn't know the scripts yet.
func TestEachCallerGetsItsAnswer(t *testing.T) {
	t.Parallel()
	rules := stream.Rules{Lease: time.Minute, Remember: time.Minute}
	store := redisstore.New(open(t), redisstore.NewGuard(rules.Lease), rules, unobserved{})
	const crowd = 200
	var calls sync.WaitGroup
	for range crowd {
		calls.Go(func() {
			account := testkit.NewID()
			opened, err := store.Sessions(time.Hour).Open(t.Context(), account, session.Session{ID: session.NewID()}, session.FirstSignIn)
			if err != nil {
				t.Error(err)
				return
			}
			start := stream.Start{ID: stream.NewID(), Session: opened.ID, Content: testkit.NewID(), Limit: 1}
			granted, err := store.Start(t.Context(), account, start)
			if err != nil || granted.Outcome != stream.Granted || granted.Lease.ID != start.ID {
				t.Error(granted, err)
			}
			list, err := store.List(t.Context(), account)
			if err != nil || len(list.Live) != 1 || list.Live[0].ID != start.ID {
				t.Error(list, err)
			}
		})
	}
	calls.Wait()
}

// A server that isn't what it should be says why to each caller.
func TestEachCallerIsToldWhy(t *testing.T) {
	t.Parallel()
	refuse := func(ctx context.Context, connection *redis.Conn) error { return connection.Do(ctx, "nonsense").Err() }
	client, err := redisdb.Open(redisdb.Settings{URL: newServer(t).url()}, "test", refuse)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	rules := stream.NewRules(time.Minute)
	store := redisstore.New(client, redisstore.NewGuard(rules.Lease), rules, unobserved{})
	if _, err = store.List(t.Context(), testkit.NewID()); err == nil || !strings.Contains(err.Error(), "unknown command 'nonsense'") {
		t.Error(err)
	}
}

// A caller that leaves, or waits for a server that doesn't answer, leaves alone and in time.
func TestACallerMayLeave(t *testing.T) {
	t.Parallel()
	rules := stream.Rules{Lease: time.Minute, Remember: time.Minute}
	server := newServer(t)
	client, err := redisdb.Open(redisdb.Settings{URL: server.url()}, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	store := redisstore.New(client, redisstore.NewGuard(rules.Lease), rules, unobserved{})
	if _, err := store.List(t.Context(), testkit.NewID()); err != nil {
		t.Fatal(err)
	}
	if err := server.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	ctx, leave := context.WithCancel(t.Context())
	left, away := make(chan error, 1), make(chan error, 200)
	go func() {
		_, err := store.List(ctx, testkit.NewID())
		left <- err
	}()
	for range cap(away) {
		go func() {
			_, err := store.List(t.Context(), testkit.NewID())
			away <- err
		}()
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	began := time.Now()
	for range cap(away) {
		if err := <-away; fault.KindOf(err) != fault.Unavailable {
			t.Error(err)
		}
	}
	if took := time.Since(began); took > 5*time.Second { // one after the other they would take the longer
		t.Errorf("a crowd waited for %v", took)
	}
	if err := server.process.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the server is used again", func() bool {
		_, err := store.List(t.Context(), testkit.NewID())
		return err == nil
	})
}
