package redisstore_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"streamgate/libs/redisdb"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// To watch an account takes no time while the server is silent.
func TestWatchingWaitsForNobody(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	client, err := redisdb.Open(redisdb.Settings{URL: server.url()}, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	changes := redisstore.NewChanges(client)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); changes.Run(ctx) }()
	if err := server.process.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	all := make(chan struct{})
	go func() {
		defer close(all)
		for range 100 { // one call to the server takes half a second before it is given up
			_, stop := changes.Watch(testkit.NewID())
			defer stop()
		}
	}()
	select {
	case <-all:
	case <-time.After(10 * time.Second):
		t.Fatal("watchers wait for the server")
	}
	cancel()
	_ = server.process.Process.Signal(syscall.SIGCONT)
	<-ended
}

// Whatever changes while nobody can be told of it, a watcher looks again when there is a connection again.
func TestChangesSurviveALostConnection(t *testing.T) {
	t.Parallel()
	rules := stream.Rules{Lease: time.Minute, Remember: time.Minute}
	server := newServer(t)
	store, _ := replica(t, server.url(), rules) // the one that changes
	client, err := redisdb.Open(redisdb.Settings{URL: server.url()}, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	changes := redisstore.NewChanges(client) // the one that is told
	go changes.Run(t.Context())

	account := testkit.NewID()
	opened, err := store.Sessions(time.Hour).Open(t.Context(), account, session.Session{ID: session.NewID()}, session.FirstSignIn)
	if err != nil {
		t.Fatal(err)
	}
	told, stop := changes.Watch(account)
	defer stop()
	wait := func(of string) {
		t.Helper()
		select {
		case <-told:
		case <-time.After(10 * time.Second):
			t.Fatalf("not told of %s", of)
		}
	}
	wait("the subscription")
	for range 3 {
		server.do(t, "CLIENT", "KILL", "TYPE", "pubsub")
		start := stream.Start{ID: stream.NewID(), Session: opened.ID, Content: testkit.NewID(), Limit: 3}
		if r, err := store.Start(t.Context(), account, start); err != nil || r.Outcome != stream.Granted {
			t.Fatal(r.Outcome, err)
		}
		wait("a start while there was no connection")
	}
	server.kill()
	server.start(t)
	wait("a restart")
}
