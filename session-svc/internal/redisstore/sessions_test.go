package redisstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// A session that was opened in the last moment is lost by a promotion, and taken back by its token; one that was ended before is not,
// though others were opened since.
func TestPromotionLosesNoSession(t *testing.T) {
	t.Parallel()
	primary, promoted := newServer(t), newServer(t)
	rules := stream.NewRules(3 * time.Second)
	store, _ := replica(t, primary.url(), rules)
	before := store.Sessions(time.Hour)
	account, quiet := testkit.NewID(), testkit.NewID()
	open := func(account string) session.ID {
		t.Helper()
		opened, err := before.Open(t.Context(), account, session.Session{ID: session.NewID(), Device: "TV"}, session.FirstSignIn)
		if err != nil {
			t.Fatal(err)
		}
		return opened.ID
	}
	end := func(sessions *redisstore.SessionStore, which session.Selection) {
		t.Helper()
		if err := sessions.End(t.Context(), account, which, ""); err != nil {
			t.Fatal(err)
		}
	}
	signedOut := open(account)
	end(before, session.Only(signedOut))
	kept := open(account)
	open(quiet)
	promoted.do(t, "REPLICAOF", "127.0.0.1", primary.port)
	direct := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", promoted.port)})
	defer func() { _ = direct.Close() }()
	testkit.Eventually(t, "the replica has the accounts", func() bool {
		count, _ := direct.DBSize(t.Context()).Result()
		return count > 1
	})
	promoted.do(t, "REPLICAOF", "127.0.0.1", 1) // it gets nothing any more
	lost, alsoLost := open(account), open(account)
	lostAndQuiet := [2]session.ID{open(quiet), open(quiet)}
	primary.kill()
	promoted.do(t, "REPLICAOF", "NO", "ONE")

	store, _ = replica(t, promoted.url(), rules)
	after := store.Sessions(time.Hour)
	adopt := func(account string, id session.ID) bool {
		t.Helper()
		lives, err := after.Adopt(t.Context(), account, session.Session{ID: id, Device: "TV", Witness: session.ByToken})
		if err != nil {
			t.Fatal(err)
		}
		return lives
	}
	if !adopt(account, kept) || !adopt(account, lost) {
		t.Error("a session is lost")
	}
	if adopt(account, signedOut) {
		t.Error("a session came back that had been signed out")
	}
	start := func() (stream.Result, error) {
		return store.Start(t.Context(), account, stream.Start{ID: stream.NewID(), Session: kept, Content: testkit.NewID(), Limit: 3})
	}
	until(t, stream.Held, start)
	end(after, session.AllBut(kept))
	if adopt(account, lost) || adopt(account, alsoLost) {
		t.Error("a session came back after all others had been signed out")
	}
	if !adopt(account, kept) {
		t.Error("the one that was left is lost")
	}
	until(t, stream.Granted, start)
	// A device may be silent for longer than a lease, and the service that it then asks may have started since.
	if !adopt(quiet, lostAndQuiet[0]) {
		t.Error("a session is lost that nobody asked for within a lease of the promotion")
	}
	store, _ = replica(t, promoted.url(), rules)
	after = store.Sessions(time.Hour)
	if !adopt(quiet, lostAndQuiet[1]) {
		t.Error("a session is lost to a service that met the server a lease after the promotion")
	}
	if adopt(account, lost) {
		t.Error("a session came back a lease after all others had been signed out")
	}
}

// A restart that loses nothing brings nobody back who was signed out: not by himself, with all others, nor when the account has so many
// sessions that the end of one is forgotten.
func TestARestartBringsNobodyBack(t *testing.T) {
	t.Parallel()
	redisServer := newServer(t, "--appendonly", "yes", "--appendfsync", "always")
	rules := stream.NewRules(2 * time.Second)
	store, _ := replica(t, redisServer.url(), rules)
	sessions := func() *redisstore.SessionStore { return store.Sessions(time.Hour) }
	open := func(account string) session.ID {
		t.Helper()
		opened, err := sessions().Open(t.Context(), account, session.Session{ID: session.NewID(), Device: "TV"}, session.FirstSignIn)
		if err != nil {
			t.Fatal(err)
		}
		return opened.ID
	}
	end := func(account string, which session.Selection) {
		t.Helper()
		if err := sessions().End(t.Context(), account, which, ""); err != nil {
			t.Fatal(err)
		}
	}
	adopt := func(account string, id session.ID, witness session.Witness) bool {
		t.Helper()
		lives, err := sessions().Adopt(t.Context(), account, session.Session{ID: id, Device: "TV", Witness: witness})
		if err != nil {
			t.Fatal(err)
		}
		return lives
	}
	byItself, withOthers, crowded := testkit.NewID(), testkit.NewID(), testkit.NewID()
	left := open(byItself)
	end(byItself, session.Only(left))
	// What an hour makes of it: nothing but a grant can speak for the session any more.
	direct := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", redisServer.port)})
	defer func() { _ = direct.Close() }()
	anHourAgo := fmt.Sprintf("0 0 %d 0 ", time.Now().Add(-time.Hour).UnixMilli())
	if err := direct.HSet(t.Context(), "s:{"+byItself+"}", string(left[:]), anHourAgo).Err(); err != nil {
		t.Fatal(err)
	}
	open(byItself)
	lost, kept := session.NewID(), open(withOthers)
	end(withOthers, session.AllBut(kept))
	early := open(crowded)
	end(crowded, session.Only(early))
	for range session.MaxKnown + session.MaxSessions {
		open(crowded)
	}

	redisServer.kill()
	redisServer.start(t)
	store, _ = replica(t, redisServer.url(), rules)
	if adopt(byItself, left, session.ByGrant) {
		t.Error("a device that was signed out an hour ago is back by its grant")
	}
	for _, witness := range []session.Witness{session.ByToken, session.ByGrant} {
		if adopt(withOthers, lost, witness) {
			t.Errorf("one that had been signed out with all others is back, by a %s", witness)
		}
		if adopt(crowded, early, witness) {
			t.Errorf("one that was signed out before many others is back, by a %s", witness)
		}
	}
	recent := testkit.NewID()
	open(recent) // of an account that it hears of for the first time, the new server has lost nothing
	if adopt(recent, session.NewID(), session.ByToken) || adopt(recent, session.NewID(), session.ByGrant) {
		t.Error("a session that never was is there")
	}
	if !adopt(withOthers, kept, session.ByToken) {
		t.Error("the one that was left is gone")
	}
}

// Where more ends of unknown sessions were asked for than are kept, one that isn't kept is an end all the same.
func TestEndsThatAreNotKeptCount(t *testing.T) {
	t.Parallel()
	sessions, account := newStore(t, stream.NewRules(time.Minute)).Sessions(time.Hour), testkit.NewID()
	end := func(id session.ID) {
		t.Helper()
		if err := sessions.End(t.Context(), account, session.Only(id), ""); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 { // the first makes the account one that was forgotten
		end(session.NewID())
	}
	last := session.Session{ID: session.NewID(), Device: "TV", Witness: session.ByToken}
	end(last.ID)
	if lives, err := sessions.Adopt(t.Context(), account, last); err != nil || lives {
		t.Error("it is taken back:", lives, err)
	}
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
	tv := session.Session{ID: session.NewID(), Device: "TV", Witness: session.ByToken}
	if lives, err := sessions.Adopt(t.Context(), account, tv); err != nil || !lives {
		t.Fatal(lives, err)
	}
	direct := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", redisServer.port)})
	defer func() { _ = direct.Close() }()
	if kept, err := direct.PTTL(t.Context(), "s:{"+account+"}").Result(); err != nil || kept < ttl {
		t.Errorf("kept for %v, %v", kept, err)
	}
}
