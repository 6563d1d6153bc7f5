package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/client"
	"streamgate/libs/testkit"
)

// program is a device of libs/client. user-svc's part, the tokens, is a stand-in's; the rest is the real service.
type program struct {
	*client.Client
	*device

	refreshes atomic.Int64
	away      atomic.Bool // the service doesn't answer
}

func (g *gate) program(t *testing.T, name string) *program {
	t.Helper()
	p := &program{device: g.signIn(t, name)}
	to, err := url.Parse(g.PublicURL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.FlushInterval = -1
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case p.away.Load():
			panic(http.ErrAbortHandler)
		case r.URL.Path == "/auth/refresh":
			p.refreshes.Add(1)
			_ = json.MarshalWrite(w, map[string]any{"token": p.token, "expiresIn": 60, "refreshToken": "next"})
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(front.Close)
	p.Client = client.New(client.Options{BaseURL: front.URL, RefreshToken: "first"})
	return p
}

func (p *program) start(t *testing.T, o client.StartOptions) *client.Stream {
	t.Helper()
	o.Content = p.content
	s, err := p.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// keep keeps a stream in the background, and returns what ended it.
func keep(ctx context.Context, s *client.Stream) <-chan error {
	ended := make(chan error, 1)
	go func() { ended <- s.Keep(ctx) }()
	return ended
}

func TestTheClientKeepsAStream(t *testing.T) {
	t.Parallel()
	tv := start(t).program(t, "TV")
	s := tv.start(t, client.StartOptions{Device: "Living room"})
	if s.Device != "Living room" || s.Content != tv.content || s.Source == "" {
		t.Errorf("%+v", s)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := keep(ctx, s)
	until := time.Now().Add(2 * lease)
	for time.Now().Before(until) {
		if now := tv.active(t); !slices.Equal(now, []string{s.ID}) {
			t.Fatalf("%v is active", now)
		}
		<-time.After(lease / 4)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	testkit.Eventually(t, "it lapses", func() bool { return len(tv.active(t)) == 0 })
	if resumed, err := s.Beat(t.Context()); err != nil || !resumed {
		t.Errorf("resumed %v: %v", resumed, err)
	}
	for range 2 {
		if err := s.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if n := tv.refreshes.Load(); n != 1 {
		t.Errorf("%d refreshes", n)
	}
}

func TestTheClientIsRefusedAndTakesOver(t *testing.T) {
	t.Parallel()
	g := start(t)
	tv, phone := g.program(t, "TV"), g.program(t, "Phone")
	var streams []*client.Stream
	for range 3 {
		streams = append(streams, tv.start(t, client.StartOptions{Device: "TV"}))
	}
	_, err := phone.Start(t.Context(), client.StartOptions{Content: phone.content})
	refused, ok := errors.AsType[*client.RefusedError](err)
	if !ok || refused.Limit != 3 || len(refused.Streams) != 3 || refused.RetryAfter <= 0 || refused.Streams[0].Device != "TV" {
		t.Fatalf("%v: %+v", err, refused)
	}
	ended := keep(t.Context(), streams[0])
	phone.start(t, client.StartOptions{Replace: streams[0].ID})
	end, ok := errors.AsType[*client.EndedError](<-ended)
	if !ok || end.Reason != "replaced" || end.By == "" {
		t.Errorf("%+v", end)
	}
	if _, err := phone.Start(t.Context(), client.StartOptions{Content: "x"}); err == nil {
		t.Error("a start of nothing")
	} else if p, ok := errors.AsType[*client.Problem](err); !ok || p.Status != http.StatusBadRequest || p.Code != "invalid_input" || p.RequestID == "" {
		t.Errorf("%+v", err)
	}
}

func TestTheClientOutlivesAServiceThatIsAway(t *testing.T) {
	t.Parallel()
	tv := start(t).program(t, "TV")
	s := tv.start(t, client.StartOptions{Device: "TV"})
	ended := keep(t.Context(), s)
	tv.away.Store(true)
	testkit.Eventually(t, "it lapses", func() bool { return len(tv.active(t)) == 0 })
	tv.away.Store(false)
	testkit.Eventually(t, "it has its place again", func() bool { return slices.Equal(tv.active(t), []string{s.ID}) })
	tv.do(t, http.MethodDelete, "/streams/"+s.ID, "").Want(t, http.StatusNoContent)
	if end, ok := errors.AsType[*client.EndedError](<-ended); !ok || end.Reason != "stopped" {
		t.Errorf("%+v", end)
	}
}

func TestTheClientIsToldOfChanges(t *testing.T) {
	t.Parallel()
	g := start(t)
	tv, phone := g.program(t, "TV"), g.program(t, "Phone")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := make(chan client.Account)
	failed := make(chan error, 1)
	go func() {
		for playing, err := range phone.Watch(ctx) {
			if err != nil {
				failed <- err
				return
			}
			told <- playing
		}
	}()
	next := func(active int) client.Account {
		t.Helper()
		for {
			select {
			case playing := <-told:
				if playing.Active == active {
					return playing
				}
			case err := <-failed:
				t.Fatal(err)
			case <-time.After(10 * time.Second):
				t.Fatalf("nothing was told of %d streams", active)
			}
		}
	}
	next(0)
	s := tv.start(t, client.StartOptions{Device: "TV"})
	if playing := next(1); playing.Limit != 3 || playing.Streams[0].ID != s.ID || playing.Streams[0].Device != "TV" {
		t.Errorf("%+v", playing)
	}
	if now, err := phone.Account(t.Context()); err != nil || now.Active != 1 {
		t.Errorf("%+v: %v", now, err)
	}
	if err := phone.Stop(t.Context(), s.ID); err != nil {
		t.Error(err)
	}
	next(0)
	tv.do(t, http.MethodDelete, "/sessions/"+phone.session, "").Want(t, http.StatusNoContent)
	for {
		select {
		case <-told:
			continue
		case err := <-failed:
			if p, ok := errors.AsType[*client.Problem](err); !ok || p.Status != http.StatusUnauthorized {
				t.Error(err)
			}
		case <-time.After(15 * time.Second):
			t.Error("a device that was signed out is not told")
		}
		return
	}
}
