package httpapi_test

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"streamgate/libs/grant"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/stream"
)

// silence lets a server's answers pass, except while it is locked.
type silence struct {
	sync.RWMutex

	url string
}

// newSilence returns one in front of a Redis.
func newSilence(t *testing.T, server string) *silence {
	t.Helper()
	address, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	s, upstream := &silence{}, address.Host
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			redis, err := net.Dial("tcp", upstream)
			if err != nil {
				_ = client.Close()
				continue
			}
			go s.pass(redis, client, func() func() { return func() {} })
			go s.pass(client, redis, func() func() { s.RLock(); return s.RUnlock })
		}
	}()
	address.Host = listener.Addr().String()
	s.url = address.String()
	return s
}

// pass copies until one side ends. It calls may before each piece, and the function that may returned after it.
func (s *silence) pass(to, from net.Conn, may func() (passed func())) {
	defer func() { _, _ = to.Close(), from.Close() }()
	piece := make([]byte, 64<<10)
	for {
		n, err := from.Read(piece)
		if err != nil {
			return
		}
		passed := may()
		_, err = to.Write(piece[:n])
		passed()
		if err != nil {
			return
		}
	}
}

// While Redis says nothing, a new stream is refused within 300 ms (P5) and the catalogue answers as fast, while a playing stream waits for Redis
// and goes on.
func TestRedisSilent(t *testing.T) {
	t.Parallel()
	redis := newSilence(t, testkit.Redis(t))
	g, tv := signedIn(t, func(c *config.Config) { c.Redis.URL = redis.url })
	plays, _ := tv.playing(t, "")

	const promised = 300 * time.Millisecond
	// Once is enough: a machine that is busy with other things takes longer at times.
	for range 5 {
		phone := g.signIn(t, "phone") // whose session is not cached
		redis.Lock()
		heartbeat := make(chan testkit.Answer)
		go func() { heartbeat <- tv.heartbeat(t, plays, "") }()
		began := time.Now()
		refused := tv.play(t, "")
		start := time.Since(began)
		catalogue := phone.do(t, http.MethodGet, "/content", "")
		content := time.Since(began) - start
		redis.Unlock()
		renewed := <-heartbeat
		if refused.Problem(t, http.StatusServiceUnavailable, "unavailable").Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		catalogue.Want(t, http.StatusOK)
		if start < promised && content < promised && renewed.Status == http.StatusOK {
			return
		}
		t.Logf("a start took %v, the catalogue %v, a heartbeat got %d", start, content, renewed.Status)
	}
	t.Error("never as promised")
}

// While Redis says nothing, nobody knows who is still signed in: what writes or administers is refused, in time, and reading goes on.
func TestNothingIsChangedWhileRedisIsSilent(t *testing.T) {
	t.Parallel()
	redis := newSilence(t, testkit.Redis(t))
	g := start(t, func(c *config.Config) { c.Redis.URL = redis.url })
	item, account := `{"type":"vod","name":"Bars","src":"demo/bars.mp4"}`, "/accounts/"+g.account
	for _, request := range []struct {
		method, path, body string
		goesOn             bool
	}{
		{http.MethodGet, "/content", "", true},
		{http.MethodHead, "/content", "", true},
		{http.MethodGet, "/content/" + g.content, "", true},
		{http.MethodPost, "/content", item, false},
		{http.MethodPut, "/content/" + g.content, item, false},
		{http.MethodDelete, "/content/" + g.content, "", false},
		{http.MethodPut, account + "/plan", `{"maxStreams":5,"onLimit":"evict-oldest"}`, false},
		{http.MethodGet, account + "/streams", "", false},
		{http.MethodDelete, account + "/streams", "", false},
		{http.MethodDelete, account + "/streams/" + stream.NewID().String(), "", false},
		{http.MethodGet, "/sessions", "", false},
		{http.MethodDelete, "/sessions", "", false},
		{http.MethodDelete, "/sessions/AAAAAAAAAAA", "", false},
		{http.MethodPost, "/streams", `{"content":"` + g.content + `"}`, false},
		{http.MethodDelete, "/streams/" + stream.NewID().String(), "", false},
		{http.MethodGet, "/streams", "", false},
		{http.MethodGet, "/streams/events", "", false},
	} {
		desk := g.signIn(t, "Desk") // whose session is not cached
		desk.becomeAdmin(t)
		redis.Lock()
		answer := desk.do(t, request.method, request.path, request.body)
		redis.Unlock()
		if request.goesOn {
			answer.Want(t, http.StatusOK)
		} else if answer.Problem(t, http.StatusServiceUnavailable, "unavailable").Header.Get("Retry-After") == "" {
			t.Errorf("%s %s: no Retry-After", request.method, request.path)
		}
	}
	for len(g.neigh.requests) > 0 {
		if r := <-g.neigh.requests; r.Method != http.MethodGet && r.Method != http.MethodHead {
			t.Errorf("%s %s reached content-svc", r.Method, r.URL.Path)
		}
	}
	if n := len(g.neigh.signedIn); n != 17 {
		t.Errorf("%d are signed in", n)
	}
}

// TestMemoryLost begins with a device that session-svc doesn't know, as after Redis has lost its memory.
func TestMemoryLost(t *testing.T) {
	t.Parallel()
	g := start(t)
	tv := &device{gate: g, session: "AAAAAAAAAAA"}
	g.neigh.record(tv.session)
	tv.token = g.sign(t, tv.claims())
	tv.do(t, http.MethodGet, "/content", "").Want(t, http.StatusOK)
	held := tv.play(t, "").Problem(t, http.StatusServiceUnavailable, "recovering")
	if held.Header.Get("Retry-After") != "2" {
		t.Error(held.Header)
	}
	keys, err := grant.ParseKeys("GRANT_KEYS", g.cfg.GrantKeys)
	if err != nil {
		t.Fatal(err)
	}
	id := stream.NewID().String()
	sign := func(lasts time.Duration) string {
		t.Helper()
		ticket, err := keys.Seal(grant.Grant{
			Stream: id, Account: g.account, Session: tv.session, Content: g.content, Limit: 3, Started: time.Now(), Expires: time.Now().Add(lasts),
		})
		if err != nil {
			t.Fatal(err)
		}
		return ticket
	}
	ticket, expired := sign(time.Hour), sign(-time.Minute)
	tv.heartbeat(t, id, "").Problem(t, http.StatusNotFound, "stream_not_found")
	tv.heartbeat(t, id, "ticket="+expired).Problem(t, http.StatusNotFound, "stream_not_found")
	if body := tv.heartbeat(t, id, "ticket="+ticket).Want(t, http.StatusOK).JSON(t); body["resumed"] != true {
		t.Error(body)
	}
	tv.heartbeat(t, id, "ticket="+expired).Want(t, http.StatusOK) // it restores nothing, and a stream that plays doesn't need it
	tv.heartbeat(t, id, `{"ticket":"`+ticket[1:]+`"}`).Problem(t, http.StatusBadRequest, "invalid_input", "ticket")
	if active := tv.active(t); !slices.Equal(active, []string{id}) {
		t.Error(active)
	}
	testkit.Eventually(t, "starts are granted again", func() bool { return tv.play(t, "").Status == http.StatusOK })
}

// A plan that was lowered counts after Redis has lost its memory, though tokens and grants of before say otherwise.
func TestALowerPlanOutlivesALossOfMemory(t *testing.T) {
	t.Parallel()
	g := start(t)
	g.neigh.limit = 1
	g.neigh.record("AAAAAAAAAAA")
	tv := &device{gate: g, session: "AAAAAAAAAAA"} // which session-svc doesn't know
	tv.token = g.sign(t, tv.claims())
	tv.play(t, "").Problem(t, http.StatusServiceUnavailable, "recovering")
	testkit.Eventually(t, "a start is granted", func() bool { return tv.play(t, "").Status == http.StatusOK })
	if refused := tv.play(t, "").Problem(t, http.StatusForbidden, "stream_limit_reached").JSON(t); refused["limit"] != 1.0 {
		t.Error(refused)
	}
}
