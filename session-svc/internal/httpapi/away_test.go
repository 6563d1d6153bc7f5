package httpapi_test

import (
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
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
	g := start(t, func(c *config.Config) { c.Redis.URL = redis.url })
	tv := g.signIn(t, "TV")
	plays, _ := tv.playing(t, "")

	const promised = 300 * time.Millisecond
	// Once is enough: a machine that is busy with other things takes longer at times.
	for range 5 {
		phone := g.signIn(t, "phone") // whose session is not cached
		redis.Lock()
		heartbeat := make(chan testkit.Answer)
		go func() { heartbeat <- tv.do(t, http.MethodPost, "/streams/"+plays+"/heartbeat", "") }()
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
