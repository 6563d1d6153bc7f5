package redisstore_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	peers "github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"

	"streamgate/libs/fault"
	"streamgate/libs/redisdb"
	"streamgate/libs/redisemu"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// server is a Redis of the test's own, which it may kill.
type server struct {
	port    int
	command []string
	process *exec.Cmd
}

func newServer(t *testing.T, options ...string) *server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server is installed")
	}
	var config net.ListenConfig
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address, _ := listener.Addr().(*net.TCPAddr)
	_ = listener.Close()
	s := &server{port: address.Port}
	s.command = slices.Concat([]string{program}, options, []string{"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", t.TempDir()})
	s.start(t)
	t.Cleanup(s.kill)
	return s
}

func (s *server) start(t *testing.T) {
	t.Helper()
	s.process = exec.CommandContext(context.WithoutCancel(t.Context()), s.command[0], s.command[1:]...)
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", s.port)})
	defer func() { _ = client.Close() }()
	testkit.Eventually(t, "Redis answers", func() bool { return client.Ping(t.Context()).Err() == nil })
}

// kill ends the server without a chance to write anything.
func (s *server) kill() {
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
}

func (s *server) do(t *testing.T, args ...any) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", s.port)})
	defer func() { _ = client.Close() }()
	if err := client.Do(t.Context(), args...).Err(); err != nil {
		t.Fatal(err)
	}
}

func (s *server) url() string { return fmt.Sprintf("redis://127.0.0.1:%d/0", s.port) }

// replica is what one session-svc has: a client whose connections its guard looks at.
func replica(t *testing.T, url string, rules stream.Rules) (*redisstore.Store, *redisstore.Guard) {
	t.Helper()
	guard := redisstore.NewGuard(rules.Lease)
	client, err := redisdb.Open(redisdb.Settings{URL: url}, "test", guard.Look)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return redisstore.New(client, guard, rules, unobserved{}), guard
}

// signedIn signs a device in to a new account.
func signedIn(t *testing.T, store *redisstore.Store) (account string, device session.ID) {
	t.Helper()
	account, device = testkit.NewID(), session.NewID()
	if _, err := store.Sessions(time.Hour).Open(t.Context(), account, session.Session{ID: device}, session.FirstSignIn); err != nil {
		t.Fatal(err)
	}
	return account, device
}

// until repeats a call that may fail while the server comes back, until it has this outcome.
func until(t *testing.T, want stream.Outcome, call func() (stream.Result, error)) {
	t.Helper()
	testkit.Eventually(t, string(want), func() bool {
		result, err := call()
		return err == nil && result.Outcome == want
	})
}

// confirm tells a new server that a session of before lives, as soon as it answers.
func confirm(t *testing.T, store *redisstore.Store, account string, id session.ID) {
	t.Helper()
	testkit.Eventually(t, "the session is confirmed", func() bool {
		lives, err := store.Sessions(time.Hour).Adopt(t.Context(), account, recorded(id))
		return err == nil && lives
	})
}

func TestRestartHoldsStartsBack(t *testing.T) {
	t.Parallel()
	redisServer := newServer(t, "--appendonly", "yes", "--appendfsync", "always")
	rules := stream.NewRules(3 * time.Second)
	store, guard := replica(t, redisServer.url(), rules)
	account, tv := signedIn(t, store)
	start := func() (stream.Result, error) {
		return store.Start(t.Context(), account, stream.Start{ID: stream.NewID(), Session: tv, Content: testkit.NewID(), Limit: 3})
	}
	until(t, stream.Granted, start)
	if guard.Held() != 0 {
		t.Fatal("an empty server has nothing to have forgotten")
	}

	redisServer.kill()
	redisServer.start(t)
	until(t, stream.NoSession, start)
	confirm(t, store, account, tv)
	until(t, stream.Held, start)
	// What the server had not written down when it was killed comes back by its ticket.
	forgotten := stream.Renewal{
		ID: stream.NewID(), Session: tv, Limit: 3, Ticket: &stream.Ticket{Content: testkit.NewID(), Started: time.Now()},
	}
	renew := func() (stream.Result, error) { return store.Renew(t.Context(), account, forgotten) }
	until(t, stream.Resumed, renew)
	another, _ := replica(t, redisServer.url(), rules) // one that starts now knows it too
	if r, err := another.Start(t.Context(), account, stream.Start{
		ID: stream.NewID(), Session: tv, Content: testkit.NewID(), Limit: 3,
	}); err == nil && r.Outcome == stream.Granted {
		t.Fatal("a new replica granted a start within a lease of the restart")
	}
	until(t, stream.Granted, start)
	forgotten.ID = stream.NewID()
	until(t, stream.Unknown, renew) // later, nothing comes back
}

// A call that is the first to meet a new server is answered as one that knew of it: nothing was told beforehand.
func TestTheFirstCallKnowsThatTheServerIsNew(t *testing.T) {
	t.Parallel()
	redisServer := newServer(t, "--appendonly", "yes", "--appendfsync", "always")
	rules := stream.NewRules(time.Minute)
	store, _ := replica(t, redisServer.url(), rules)
	account, tv := signedIn(t, store)
	redisServer.kill()
	redisServer.start(t)

	// Each has connections and a guard of its own, which have not seen the server.
	first := func() *redisstore.Store {
		t.Helper()
		store, guard := replica(t, redisServer.url(), rules)
		if guard.Held() != 0 {
			t.Fatal("it has been to the server already")
		}
		return store
	}
	lostSession := recorded(session.NewID())
	if lives, err := first().Sessions(time.Hour).Adopt(t.Context(), account, lostSession); err != nil || !lives {
		t.Error("a session that the server may have lost is not taken back:", err)
	}
	lostStream := stream.Renewal{ID: stream.NewID(), Session: tv, Limit: 3, Ticket: &stream.Ticket{Content: testkit.NewID(), Started: time.Now()}}
	renewing := first()
	if r, err := renewing.Renew(t.Context(), account, lostStream); err != nil || r.Outcome != stream.NoSession {
		t.Error("a session whose end the server may lack:", r.Outcome, err)
	}
	confirm(t, renewing, account, tv)
	if r, err := renewing.Renew(t.Context(), account, lostStream); err != nil || r.Outcome != stream.Resumed {
		t.Error("a stream that the server may have lost:", r.Outcome, err)
	}
	other := testkit.NewID()
	if _, err := store.Sessions(time.Hour).Open(t.Context(), other, session.Session{ID: tv}, session.FirstSignIn); err != nil {
		t.Fatal(err)
	}
	if err := first().Sessions(time.Hour).End(t.Context(), other, session.Only(lostSession.ID), ""); err != nil {
		t.Fatal(err)
	}
	if lives, err := store.Sessions(time.Hour).Adopt(t.Context(), other, lostSession); err != nil || lives {
		t.Error("a session that was ended on the new server is taken back:", err)
	}
}

// plannedStop is what is done in a cluster before Redis is stopped.
func plannedStop(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../../k8s/redis/templates/configmap.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, commands, ok := strings.Cut(string(text), "\n  stop: |\n")
	if !ok || !strings.Contains(commands, redisdb.StoppedKey) {
		t.Fatal("no commands to stop Redis")
	}
	return strings.Split(strings.TrimSpace(commands), "\n")
}

// After a planned stop nothing was lost, and nothing is held back, once, whichever replica meets the server first.
func TestAPlannedRestartHoldsNothingBack(t *testing.T) {
	t.Parallel()
	redisServer := newServer(t, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
	s := newScreens(t, redisServer.url())
	playing := s.request()
	until(t, stream.Granted, func() (stream.Result, error) { return s.start(t, playing) })
	connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", redisServer.port))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	for _, command := range plannedStop(t) {
		if _, err := fmt.Fprintf(connection, "%s\r\n", strings.TrimSpace(command)); err != nil {
			t.Fatal(err)
		}
	}
	if err := connection.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answers, lines := bufio.NewReader(connection), ""
	for range 6 { // OK, QUEUED, QUEUED, an array of two
		line, err := answers.ReadString('\n')
		if err != nil {
			t.Fatal(lines, err)
		}
		lines += strings.TrimSpace(line) + " "
	}
	if lines != "+OK +QUEUED +QUEUED *2 +OK +OK " {
		t.Fatal(lines)
	}
	if r, err := s.start(t, s.request()); err == nil {
		t.Error("written after the last write:", r.Outcome)
	}
	restart := func(signal syscall.Signal) {
		t.Helper()
		if err := redisServer.process.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		_ = redisServer.process.Wait()
		redisServer.start(t)
	}
	restart(syscall.SIGTERM)
	for range 2 { // the one that was there, and one that meets the server now
		testkit.Eventually(t, "the server is used again", func() bool { _, err := s.List(t.Context(), s.account); return err == nil })
		if s.live(t) == 0 {
			t.Error("what played is gone")
		}
		if r, err := s.start(t, s.request()); err != nil || r.Outcome != stream.Granted {
			t.Error(r.Outcome, err)
		}
		s.Store, _ = replica(t, redisServer.url(), stream.NewRules(time.Minute))
	}
	restart(syscall.SIGKILL)
	s.Store, _ = replica(t, redisServer.url(), stream.NewRules(time.Minute))
	confirm(t, s.Store, s.account, s.tv)
	if r, err := s.start(t, s.request()); err != nil || r.Outcome != stream.Held {
		t.Error("after a crash:", r.Outcome, err)
	}
}

// Sentinels answer little else than who the primary is; they are looked at as servers are.
func TestSentinelNamesThePrimary(t *testing.T) {
	t.Parallel()
	primary := newServer(t)
	config := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, "sentinel monitor streams 127.0.0.1 %d 1\n", primary.port), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := newServer(t, config, "--sentinel")
	rules := stream.NewRules(10 * time.Second)
	guard := redisstore.NewGuard(rules.Lease)
	client, err := redisdb.Open(redisdb.Settings{URL: sentinel.url() + "?master_name=streams", Mode: "sentinel"}, "test", guard.Look)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	store := redisstore.New(client, guard, rules, unobserved{})
	if r, err := store.List(t.Context(), testkit.NewID()); err != nil || r.Outcome != stream.Done {
		t.Error(r.Outcome, err)
	}
}

// A start that is the first call to a new server changes nothing: what it would have replaced plays on, and its repetition is granted.
func TestTheFirstStartLeavesWhatPlays(t *testing.T) {
	t.Parallel()
	redisServer := newServer(t, "--appendonly", "yes", "--appendfsync", "always")
	rules := stream.NewRules(3 * time.Second)
	store, _ := replica(t, redisServer.url(), rules)
	account, tv := signedIn(t, store)
	playing := stream.Start{ID: stream.NewID(), Session: tv, Content: testkit.NewID(), Limit: 3, Player: stream.Player{1}}
	until(t, stream.Granted, func() (stream.Result, error) { return store.Start(t.Context(), account, playing) })
	redisServer.kill()
	redisServer.start(t)

	store, guard := replica(t, redisServer.url(), rules)
	reload := playing
	reload.ID = stream.NewID()
	if r, err := store.Start(t.Context(), account, reload); err != nil || r.Outcome != stream.NoSession {
		t.Error("a session whose end the server may lack:", r.Outcome, err)
	}
	confirm(t, store, account, tv)
	if r, err := store.Start(t.Context(), account, reload); err != nil || r.Outcome != stream.Held || guard.Held() == 0 {
		t.Fatal(r.Outcome, err)
	}
	if r, err := store.Renew(t.Context(), account, stream.Renewal{ID: playing.ID, Session: tv, Limit: 3}); err != nil || r.Outcome != stream.Renewed {
		t.Error("what played:", r.Outcome, err)
	}
	testkit.Eventually(t, "the start that was held is granted when it is repeated", func() bool {
		r, err := store.Start(t.Context(), account, reload)
		if err == nil && r.Outcome != stream.Held && r.Outcome != stream.Granted {
			t.Fatal(r.Outcome)
		}
		return r.Outcome == stream.Granted
	})
}

// A full server takes no new stream. What plays goes on and can be ended, and its device stays signed in.
func TestFullServerRenewsAndStops(t *testing.T) {
	t.Parallel()
	full := newServer(t, "--maxmemory-policy", "noeviction")
	store, _ := replica(t, full.url(), stream.NewRules(10*time.Second))
	sessions, account := store.Sessions(time.Hour), testkit.NewID()
	opened, err := sessions.Open(t.Context(), account, session.Session{ID: session.NewID(), Device: "TV"}, session.FirstSignIn)
	if err != nil {
		t.Fatal(err)
	}
	start := func() (stream.Result, error) {
		return store.Start(t.Context(), account, stream.Start{ID: stream.NewID(), Session: opened.ID, Content: testkit.NewID(), Limit: 3})
	}
	playing, err := start()
	if err != nil || playing.Outcome != stream.Granted {
		t.Fatal(playing, err)
	}
	full.do(t, "CONFIG", "SET", "maxmemory", "1mb") // less than an empty server needs
	if r, err := start(); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a start on a full server: %v, %v", r.Outcome, err)
	}
	renewed, err := store.Renew(t.Context(), account, stream.Renewal{ID: playing.Lease.ID, Session: opened.ID, Limit: 3})
	if err != nil || renewed.Outcome != stream.Renewed {
		t.Error("renew:", renewed.Outcome, err)
	}
	if _, outcome, err := sessions.Refresh(t.Context(), account, session.Refresh{ID: opened.ID, Generation: 1}); err != nil || outcome != session.Refreshed {
		t.Error("refresh:", outcome, err)
	}
	if listed, err := store.List(t.Context(), account); err != nil || len(listed.Live) != 1 {
		t.Error("list:", listed, err)
	}
	stopped, err := store.Stop(t.Context(), account, stream.Stop{ID: playing.Lease.ID, Session: opened.ID})
	if err != nil || stopped.Outcome != stream.Done {
		t.Error("stop:", stopped.Outcome, err)
	}
	if err := sessions.End(t.Context(), account, session.Only(opened.ID), ""); err != nil {
		t.Error("end:", err)
	}
}

// On a cluster, when a node was promoted is written down in one of its own slots, so that a service that starts later is told.
func TestAPromotionIsWrittenDownInASlotOfTheNode(t *testing.T) {
	t.Parallel()
	mini, scripts := miniredis.RunT(t), redisemu.Scripts()
	mini.Server().SetPreHook(func(peer *peers.Peer, command string, args ...string) bool {
		switch {
		case command == "INFO":
			peer.WriteBulk("run_id:a\r\nrole:master\r\nmaster_replid:b\r\nsecond_repl_offset:7\r\n")
		case len(args) > 0 && (strings.HasSuffix(args[0], ":0") || strings.HasSuffix(args[0], ":1")):
			peer.WriteError("MOVED 1 127.0.0.1:1")
		default:
			return scripts(peer, command, args...)
		}
		return true
	})
	rules := stream.NewRules(time.Second)
	ask := func() *redisstore.Guard {
		t.Helper()
		store, guard := replica(t, "redis://"+mini.Addr(), rules)
		if _, err := store.List(t.Context(), testkit.NewID()); err != nil {
			t.Fatal(err)
		}
		return guard
	}
	first := ask()
	if first.Held() == 0 {
		t.Fatal("starts are not held back by a server that was promoted")
	}
	testkit.Eventually(t, "the hold ends", func() bool { return first.Held() == 0 })
	if late := ask(); late.Held() > 0 || late.Since() != first.Since() {
		t.Errorf("one that starts later is not told: held for %v, since %d and %d", late.Held(), late.Since(), first.Since())
	}
}

func TestPromotionHoldsStartsBack(t *testing.T) {
	t.Parallel()
	primary, promoted := newServer(t), newServer(t)
	rules := stream.NewRules(2 * time.Second)
	before, _ := replica(t, primary.url(), rules)
	account, tv := signedIn(t, before)
	promoted.do(t, "REPLICAOF", "127.0.0.1", primary.port)
	after, _ := replica(t, promoted.url(), rules)
	testkit.Eventually(t, "the replica has the session, and is not used", func() bool {
		client := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", promoted.port)})
		defer func() { _ = client.Close() }()
		count, _ := client.DBSize(t.Context()).Result()
		_, err := after.List(t.Context(), account)
		return count > 0 && err != nil
	})
	start := func(store *redisstore.Store) func() (stream.Result, error) {
		return func() (stream.Result, error) {
			return store.Start(t.Context(), account, stream.Start{ID: stream.NewID(), Session: tv, Content: testkit.NewID(), Limit: 3})
		}
	}
	primary.kill()
	promoted.do(t, "REPLICAOF", "NO", "ONE")
	until(t, stream.NoSession, start(after))
	confirm(t, after, account, tv)
	until(t, stream.Held, start(after))
	until(t, stream.Granted, start(after))
	late, guard := replica(t, promoted.url(), rules) // one that starts later is told that the promotion is past
	until(t, stream.Granted, start(late))
	if guard.Held() != 0 {
		t.Error("held", guard.Held())
	}
}
