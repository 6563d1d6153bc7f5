package redisstore_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"streamgate/libs/fault"
	"streamgate/libs/grant"
	"streamgate/libs/seal"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// records are those of user-svc, for one account. They count how often they are asked.
type records struct {
	mu     sync.Mutex
	known  map[session.ID]session.Session
	asked  int
	silent bool
}

func (r *records) Session(_ context.Context, _ string, id session.ID) (session.Session, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.silent {
		return session.Session{}, fault.New(fault.Unavailable, "unavailable", "silent")
	}
	found, ok := r.known[id]
	if !ok {
		return session.Session{}, fault.New(fault.NotFound, "session_not_found", "ended")
	}
	return found, nil
}

func (r *records) End(_ context.Context, _ string, which session.Selection) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.known {
		if which.Includes(id) {
			delete(r.known, id)
		}
	}
	return nil
}

// take returns how often the records were asked since the last time.
func (r *records) take() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = 0
	return asked
}

// films are those that every content has.
type films struct{}

func (films) Source(context.Context, string) (string, error) { return "film.mp4", nil }

func (films) Limit(context.Context, string) (int, error) { return 0, nil }

// domain is what a replica of session-svc does, over one Redis.
type domain struct {
	*stream.Streams

	sessions *session.Sessions
	account  string
}

func newDomain(t *testing.T, url, account string, recorded session.Records) domain {
	t.Helper()
	rules := stream.NewRules(2 * time.Second)
	store, guard := replica(t, url, rules)
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	refreshKeys, err := seal.ParseKeys("REFRESH_KEYS", []string{key})
	if err != nil {
		t.Fatal(err)
	}
	grantKeys, err := grant.ParseKeys("GRANT_KEYS", []string{key})
	if err != nil {
		t.Fatal(err)
	}
	sessions := session.New(store.Sessions(time.Hour), recorded, refreshKeys)
	metrics := stream.NewMetrics(prometheus.NewRegistry(), guard.Held)
	return domain{stream.New(store, sessions, films{}, films{}, grantKeys, rules, metrics), sessions, account}
}

func (d domain) open(t *testing.T, in *records, device string) session.Session {
	t.Helper()
	opened, _, err := d.sessions.Open(t.Context(), d.account, device, session.FirstSignIn)
	if err != nil {
		t.Fatal(err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.known[opened.ID] = opened
	return opened
}

func (d domain) start(t *testing.T, by session.Session, key string) (stream.Playing, error) {
	t.Helper()
	return d.Start(t.Context(), d.callerOf(by), stream.Options{Content: content, Key: key})
}

func (d domain) callerOf(s session.Session) stream.Caller {
	return stream.Caller{Account: d.account, Session: s.ID, Limit: 3}
}

// fetch renews a stream by its media address, as content-svc does.
func (d domain) fetch(t *testing.T, p stream.Playing) error {
	t.Helper()
	sealed := strings.Split(path.Dir(p.Source), "/")[2]
	_, errs := d.RenewByGrants(t.Context(), []stream.Sent{{Grant: sealed}})
	return errs[0]
}

// promotion is a Redis with a replica that gets nothing any more once it is cut off, until it takes over.
type promotion struct{ primary, promoted *server }

func newPromotion(t *testing.T) promotion {
	t.Helper()
	return promotion{newServer(t), newServer(t)}
}

// cut lets the replica have what there is, and nothing after it.
func (p promotion) cut(t *testing.T) {
	t.Helper()
	p.promoted.do(t, "REPLICAOF", "127.0.0.1", p.primary.port)
	clients := map[*server]*redis.Client{}
	for _, s := range []*server{p.primary, p.promoted} {
		client := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", s.port)})
		defer func() { _ = client.Close() }()
		clients[s] = client
	}
	testkit.Eventually(t, "the replica has it all", func() bool {
		want, _ := clients[p.primary].DBSize(t.Context()).Result()
		got, _ := clients[p.promoted].DBSize(t.Context()).Result()
		return want > 0 && got == want
	})
	p.promoted.do(t, "REPLICAOF", "127.0.0.1", 1)
}

func (p promotion) promote(t *testing.T) {
	t.Helper()
	p.primary.kill()
	p.promoted.do(t, "REPLICAOF", "NO", "ONE")
}

// An end that a failover loses is an end: by no token and no media address does the device come back, whether it starts, repeats a start, or
// goes on with a stream that played. The others go on, and the records are asked once about each.
func TestAFailoverThatLosesAnEndBringsNobodyBack(t *testing.T) {
	t.Parallel()
	for name, signOut := range map[string]func(d domain, gone, kept session.ID) error{
		"one": func(d domain, gone, _ session.ID) error {
			return d.sessions.SignOut(t.Context(), d.account, session.Only(gone), "test")
		},
		"all others": func(d domain, _, kept session.ID) error {
			return d.sessions.SignOut(t.Context(), d.account, session.AllBut(kept), "test")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redisServers, user := newPromotion(t), &records{known: map[session.ID]session.Session{}}
			before := newDomain(t, redisServers.primary.url(), testkit.NewID(), user)
			gone, kept := before.open(t, user, "gone"), before.open(t, user, "kept")
			its, err := before.start(t, gone, "key")
			if err != nil {
				t.Fatal(err)
			}
			other, err := before.start(t, kept, "")
			if err != nil {
				t.Fatal(err)
			}
			redisServers.cut(t)
			if err := signOut(before, gone.ID, kept.ID); err != nil {
				t.Fatal(err)
			}
			redisServers.promote(t)

			after := newDomain(t, redisServers.promoted.url(), before.account, user)
			ended := func(what string, err error) {
				t.Helper()
				if !errors.Is(err, session.ErrEnded) {
					t.Errorf("%s: %v, want %v", what, err, session.ErrEnded)
				}
			}
			if err := after.fetch(t, other); err != nil {
				t.Error("the other one's media address:", err)
			}
			ended("its media address", after.fetch(t, its))
			_, _, err = after.Heartbeat(t.Context(), after.callerOf(gone), its.Lease.ID, "")
			ended("its heartbeat", err)
			_, err = after.start(t, gone, "key")
			ended("its repeated start", err)
			if listed, err := after.sessions.List(t.Context(), after.account, false); err != nil || len(listed) != 1 || listed[0].ID != kept.ID {
				t.Error("devices:", listed, err)
			}
			user.take()
			testkit.Eventually(t, "the other one plays", func() bool {
				_, err := after.start(t, kept, "")
				return err == nil
			})
			if err := after.fetch(t, other); err != nil {
				t.Error("the other one's media address, later:", err)
			}
			if asked := user.take(); asked > 0 {
				t.Error("the records were asked again:", asked)
			}
			_, err = after.start(t, gone, "")
			ended("its start", err)
		})
	}
}

// While nobody can say who is signed in, a session whose end the server may lack is neither let in nor signed out.
func TestAfterAFailoverNobodyCanSay(t *testing.T) {
	t.Parallel()
	redisServers, user := newPromotion(t), &records{known: map[session.ID]session.Session{}}
	before := newDomain(t, redisServers.primary.url(), testkit.NewID(), user)
	tv := before.open(t, user, "TV")
	playing, err := before.start(t, tv, "")
	if err != nil {
		t.Fatal(err)
	}
	redisServers.cut(t)
	redisServers.promote(t)
	user.silent = true
	after := newDomain(t, redisServers.promoted.url(), before.account, user)
	if _, err := after.start(t, tv, ""); fault.KindOf(err) != fault.Unavailable {
		t.Error("a start:", err)
	}
	if err := after.fetch(t, playing); fault.KindOf(err) != fault.Unavailable {
		t.Error("its media address:", err)
	}
	user.silent = false
	if err := after.fetch(t, playing); err != nil {
		t.Error("its media address, later:", err)
	}
}
