package redisstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// recorded returns a session as it is recorded elsewhere.
func recorded(id session.ID) session.Session {
	now := time.Now().UTC().Truncate(time.Millisecond)
	return session.Session{ID: id, Device: "TV", Generation: 1, Created: now, Refreshed: now, Expires: now.Add(time.Hour)}
}

// A session that was opened in the last moment is lost by a promotion, and taken back; one that was ended before is not, though others were
// opened since.
func TestPromotionLosesNoSession(t *testing.T) {
	t.Parallel()
	primary, promoted := newServer(t), newServer(t)
	rules := stream.NewRules(3 * time.Second)
	store, _ := replica(t, primary.url(), rules)
	before := store.Sessions(time.Hour)
	account := testkit.NewID()
	open := func() session.ID {
		t.Helper()
		opened, err := before.Open(t.Context(), account, session.Session{ID: session.NewID(), Device: "TV"}, session.FirstSignIn)
		if err != nil {
			t.Fatal(err)
		}
		return opened.ID
	}
	signedOut := open()
	if err := before.End(t.Context(), account, session.Only(signedOut), ""); err != nil {
		t.Fatal(err)
	}
	kept, ended := open(), open()
	promoted.do(t, "REPLICAOF", "127.0.0.1", primary.port)
	direct := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", promoted.port)})
	defer func() { _ = direct.Close() }()
	testkit.Eventually(t, "the replica has the account", func() bool {
		count, _ := direct.DBSize(t.Context()).Result()
		return count > 0
	})
	promoted.do(t, "REPLICAOF", "127.0.0.1", 1) // it gets nothing any more
	lost := open()
	if err := before.End(t.Context(), account, session.Only(ended), ""); err != nil { // and doesn't hear of this end
		t.Fatal(err)
	}
	primary.kill()
	promoted.do(t, "REPLICAOF", "NO", "ONE")

	store, _ = replica(t, promoted.url(), rules)
	after := store.Sessions(time.Hour)
	adopt := func(id session.ID) bool {
		t.Helper()
		lives, err := after.Adopt(t.Context(), account, recorded(id))
		if err != nil {
			t.Fatal(err)
		}
		return lives
	}
	if !adopt(kept) || !adopt(lost) {
		t.Error("a session is lost")
	}
	if adopt(signedOut) {
		t.Error("a session came back that had been signed out")
	}
	if _, ok, err := after.Get(t.Context(), account, ended); ok || err != nil {
		t.Error("a session whose end is lost counts as living:", err)
	}
	fresh, err := after.Open(t.Context(), account, session.Session{ID: session.NewID(), Device: "TV"}, session.LaterSignIn)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := after.Get(t.Context(), account, fresh.ID); !ok || err != nil {
		t.Error("a new session doesn't count:", err)
	}
	start := func() (stream.Result, error) {
		return store.Start(t.Context(), account, stream.Start{ID: stream.NewID(), Session: kept, Content: testkit.NewID(), Limit: 3})
	}
	until(t, stream.Held, start)
	if err := after.End(t.Context(), account, session.AllBut(kept), ""); err != nil {
		t.Fatal(err)
	}
	if adopt(lost) {
		t.Error("a session came back after all others had been signed out")
	}
	if !adopt(kept) {
		t.Error("the one that was left is lost")
	}
	until(t, stream.Granted, start)
}

// What an older version kept of a session whose generation it didn't know is still read.
func TestSessionsOfAnOlderVersion(t *testing.T) {
	t.Parallel()
	redisServer := newServer(t)
	store, _ := replica(t, redisServer.url(), stream.NewRules(2*time.Second))
	sessions, account, tv := store.Sessions(time.Hour), testkit.NewID(), session.NewID()
	direct := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", redisServer.port)})
	defer func() { _ = direct.Close() }()
	now := time.Now().UnixMilli()
	kept := fmt.Sprintf("%d token %d %d TV", now+60_000, now, now)
	if err := direct.HSet(t.Context(), "s:{"+account+"}", string(tv[:]), kept).Err(); err != nil {
		t.Fatal(err)
	}
	refreshed, outcome, err := sessions.Refresh(t.Context(), account, session.Refresh{ID: tv, Generation: 5})
	if err != nil || outcome != session.Refreshed || refreshed.Generation != 6 || refreshed.Device != "TV" {
		t.Error(refreshed, outcome, err)
	}
}

// A refresh whose answer was lost is repeated with success an hour later; the token before it is a copy.
func TestRepeatedRefreshLate(t *testing.T) {
	t.Parallel()
	redisServer := newServer(t)
	store, _ := replica(t, redisServer.url(), stream.NewRules(2*time.Second))
	sessions, account, tv := store.Sessions(2*time.Hour), testkit.NewID(), session.NewID()
	direct := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", redisServer.port)})
	defer func() { _ = direct.Close() }()
	now := time.Now()
	kept := fmt.Sprintf("%d 3 %d 0 TV", now.Add(time.Hour).UnixMilli(), now.Add(-time.Hour).UnixMilli())
	if err := direct.HSet(t.Context(), "s:{"+account+"}", string(tv[:]), kept).Err(); err != nil {
		t.Fatal(err)
	}
	refresh := func(generation int32, want session.Outcome) session.Session {
		t.Helper()
		refreshed, outcome, err := sessions.Refresh(t.Context(), account, session.Refresh{ID: tv, Generation: generation})
		if err != nil || outcome != want {
			t.Fatal(outcome, err)
		}
		return refreshed
	}
	if again := refresh(2, session.Refreshed); again.Generation != 3 {
		t.Error(again)
	}
	refresh(3, session.Refreshed)
	refresh(2, session.Reused)
	refresh(4, session.Missing)
}

// Whatever brings a session back, it is kept as long as it lives.
func TestAdoptedSessionsAreKept(t *testing.T) {
	t.Parallel()
	redisServer := newServer(t)
	store, _ := replica(t, redisServer.url(), stream.NewRules(2*time.Second))
	const ttl = 30 * 24 * time.Hour
	sessions, account := store.Sessions(ttl), testkit.NewID()
	if err := sessions.End(t.Context(), account, session.Only(session.NewID()), ""); err != nil { // the first that is heard of the account
		t.Fatal(err)
	}
	if lives, err := sessions.Adopt(t.Context(), account, recorded(session.NewID())); err != nil || !lives {
		t.Fatal(lives, err)
	}
	direct := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", redisServer.port)})
	defer func() { _ = direct.Close() }()
	if kept, err := direct.PTTL(t.Context(), "s:{"+account+"}").Result(); err != nil || kept < ttl {
		t.Errorf("kept for %v, %v", kept, err)
	}
}
