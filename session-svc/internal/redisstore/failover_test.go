package redisstore_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"streamgate/libs/fault"
	"streamgate/libs/grant"
	"streamgate/libs/seal"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// records are those of user-svc, for one account. They count how often they are asked.
type records struct {
	mu     sync.Mutex
	known  map[session.ID]session.Session
	ends   session.Ends // of another issuer's account
	asked  int
	silent bool
}

func newRecords() *records {
	return &records{known: map[session.ID]session.Session{}, ends: session.Ends{Each: map[session.ID]time.Time{}}}
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
	if which.Others {
		r.ends.Others, r.ends.But = time.Now(), which.ID
	} else {
		r.ends.Each[which.ID] = time.Now()
	}
	for id := range r.known {
		if which.Includes(id) {
			delete(r.known, id)
		}
	}
	return nil
}

func (r *records) Ends(context.Context, string) (session.Ends, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	if r.silent {
		return session.Ends{}, fault.New(fault.Unavailable, "unavailable", "silent")
	}
	ends := r.ends
	ends.Each = maps.Clone(ends.Each)
	return ends, nil
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
	store, guard := replica(t, url, domainRules)
	return domainOver(t, store, guard, account, recorded)
}

var domainRules = stream.NewRules(2 * time.Second)

func domainOver(t *testing.T, store *redisstore.Store, guard *redisstore.Guard, account string, recorded session.Records) domain {
	t.Helper()
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
	return domain{stream.New(store, sessions, films{}, films{}, grantKeys, domainRules, metrics), sessions, account}
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
			redisServers, user := newPromotion(t), newRecords()
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
	redisServers, user := newPromotion(t), newRecords()
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

// losses are how Redis loses its memory, all of it or the last of it. They return the server that goes on.
var losses = map[string]func(t *testing.T, p promotion) *server{
	"a failover": func(t *testing.T, p promotion) *server {
		t.Helper()
		p.promote(t)
		return p.promoted
	},
	"FLUSHALL": func(t *testing.T, p promotion) *server {
		t.Helper()
		p.primary.do(t, "FLUSHALL")
		return p.primary
	},
}

// seenAt is another issuer's device, which signed in a while ago, with a token of that time.
func seenAt(ago time.Duration) *session.Sighting {
	at := time.Now().Add(-ago)
	return &session.Sighting{SignedIn: at, Issued: at, Device: "seen"}
}

// An end of a device of another issuer's account is an end, whichever memory Redis loses: all of it, or the last of it by a failover. By no token
// and no media address does the device come back. The others go on, and the records are asked once about the account.
func TestALossOfMemoryBringsNoForeignDeviceBack(t *testing.T) {
	t.Parallel()
	for name, lose := range losses {
		for what, which := range map[string]func(gone, kept session.ID) session.Selection{
			"one":        func(gone, _ session.ID) session.Selection { return session.Only(gone) },
			"all others": func(_, kept session.ID) session.Selection { return session.AllBut(kept) },
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				t.Parallel()
				redisServers, user := newPromotion(t), newRecords()
				before := newDomain(t, redisServers.primary.url(), testkit.NewID(), user)
				gone, kept := before.foreign(seenAt(time.Minute)), before.foreign(seenAt(time.Minute))
				var its, other stream.Playing
				for caller, playing := range map[*stream.Caller]*stream.Playing{&gone: &its, &kept: &other} {
					testkit.Eventually(t, "a device plays", func() (ok bool) {
						var err error
						*playing, err = before.Start(t.Context(), *caller, stream.Options{Content: content})
						return err == nil
					})
				}
				redisServers.cut(t)
				if err := before.sessions.SignOut(t.Context(), before.account, which(gone.Session, kept.Session), "test"); err != nil {
					t.Fatal(err)
				}
				user.take()
				after := newDomain(t, lose(t, redisServers).url(), before.account, user)
				// While nobody can say who was signed out, nobody is let in.
				user.silent = true
				if _, _, err := after.Heartbeat(t.Context(), kept, other.Lease.ID, other.Ticket); fault.KindOf(err) != fault.Unavailable {
					t.Error("nobody can say:", err)
				}
				user.silent = false
				user.take()
				if err := after.fetch(t, other); err != nil {
					t.Error("the other one's media address:", err)
				}
				if _, _, err := after.Heartbeat(t.Context(), kept, other.Lease.ID, other.Ticket); err != nil {
					t.Error("the other one's heartbeat:", err)
				}
				ended := func(what string, err error) {
					t.Helper()
					if !errors.Is(err, session.ErrEnded) {
						t.Errorf("%s: %v, want %v", what, err, session.ErrEnded)
					}
				}
				ended("its media address", after.fetch(t, its))
				_, _, err := after.Heartbeat(t.Context(), gone, its.Lease.ID, its.Ticket)
				ended("its heartbeat", err)
				refreshed := gone
				refreshed.Seen = &session.Sighting{SignedIn: gone.Seen.SignedIn, Issued: time.Now().Add(time.Minute)}
				for _, caller := range []stream.Caller{gone, refreshed} {
					_, err = after.Start(t.Context(), caller, stream.Options{Content: content})
					ended("its start", err)
				}
				if asked := user.take(); asked != 1 {
					t.Errorf("the records were asked %d times", asked)
				}
				testkit.Eventually(t, "who signs in again plays", func() bool {
					again := gone
					again.Seen = seenAt(-time.Minute)
					_, err := after.Start(t.Context(), again, stream.Options{Content: content})
					return err == nil
				})
			})
		}
	}
}

// foreign returns the caller of a new device.
func (d domain) foreign(seen *session.Sighting) stream.Caller {
	return stream.Caller{Account: d.account, Session: session.NewID(), Limit: 3, Seen: seen}
}

// forgetful are records that Redis loses its memory over, while they are read.
type forgetful struct {
	*records

	read func()
}

func (f forgetful) Ends(ctx context.Context, account string) (session.Ends, error) {
	ends, err := f.records.Ends(ctx, account)
	f.read()
	return ends, err
}

// A device is signed out, and then Redis forgets that, after the records were read and before what they said is taken back.
func TestAnEndThatIsForgottenWhileTheRecordsAreRead(t *testing.T) {
	t.Parallel()
	for name, lose := range losses {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			redisServers, user, account := newPromotion(t), newRecords(), testkit.NewID()
			desk := newDomain(t, redisServers.primary.url(), account, user)
			gone := desk.foreign(seenAt(time.Minute))
			// A client that finds the server that took over, as by a Sentinel.
			var port atomic.Int64
			port.Store(int64(redisServers.primary.port))
			guard := redisstore.NewGuard(domainRules.Lease)
			client := redis.NewClient(&redis.Options{
				OnConnect: guard.Look, Dialer: func(ctx context.Context, network, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", port.Load()))
				},
			})
			t.Cleanup(func() { _ = client.Close() })
			reads := 0
			d := domainOver(t, redisstore.New(client, guard, domainRules, unobserved{}), guard, account, forgetful{user, func() {
				if reads++; reads > 1 {
					return
				}
				redisServers.cut(t)
				if err := desk.sessions.SignOut(t.Context(), account, session.Only(gone.Session), "test"); err != nil {
					t.Error(err)
				}
				port.Store(int64(lose(t, redisServers).port))
			}})
			lives, err := d.sessions.Adopt(t.Context(), account, gone.Session, gone.Seen)
			if lives || err != nil {
				t.Error("it came back:", lives, err)
			}
			if reads != 2 {
				t.Errorf("the records were read %d times", reads)
			}
		})
	}
}
