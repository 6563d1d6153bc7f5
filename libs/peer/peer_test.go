package peer_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/logging"
	"streamgate/libs/metrics"
	"streamgate/libs/peer"
	"streamgate/libs/problem"
	"streamgate/libs/testkit"
)

const secret = "0123456789abcdef"

// other is the other service: an engine that accepts the secrets, as those of one caller.
func other(t testing.TB, log io.Writer, secrets ...string) (*httpserver.Engine, string) {
	t.Helper()
	e, err := httpserver.New(httpserver.Options{
		Listener: "internal", Log: logging.New(log, logging.Text, slog.LevelInfo, "other"), Metrics: metrics.NewHTTP(prometheus.NewRegistry()),
	})
	if err != nil {
		t.Fatal(err)
	}
	peer.NewGate(e, peer.Callers{"user-svc": secrets})
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return e, server.URL
}

func client(url string, secrets ...string) *peer.Client {
	return peer.NewClient("session-svc", url, secrets, 5*time.Second)
}

type thing struct {
	Name string `json:"name"`
	N    int    `json:"n"`
}

func TestCall(t *testing.T) {
	t.Parallel()
	e, url := other(t, io.Discard, secret)
	e.POST("/things/:id", e.Handle(func(c *gin.Context) error {
		var in thing
		if err := bind.Body(c, &in); err != nil {
			return err
		}
		c.JSON(http.StatusCreated, thing{in.Name + c.Param("id") + c.Query("q") + c.GetHeader(problem.RequestIDHeader), in.N + 1})
		return nil
	}))
	e.DELETE("/things", e.Handle(func(c *gin.Context) error {
		c.Status(http.StatusNoContent)
		return bind.Nothing(c)
	}))
	ctx := logging.WithRequestID(t.Context(), "request-1")
	for _, base := range []string{url, url + "/"} {
		var out thing
		err := client(base, secret).Call(ctx, http.MethodPost, "/things/7", thing{"ü<", 1}, &out)
		if err != nil || out != (thing{"ü<7request-1", 2}) {
			t.Errorf("got %+v, %v", out, err)
		}
		if err := client(base, secret).Call(ctx, http.MethodDelete, "/things", nil, nil); err != nil {
			t.Error(err)
		}
	}
	response, err := client(url, secret).Send(t.Context(), http.MethodPost, "/things/a%2Fb", map[string][]string{"q": {"&x="}}, thing{})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusCreated || !strings.HasPrefix(string(body), `{"name":"a/b\u0026x=`) {
		t.Errorf("got %d %s, %v", response.StatusCode, body, err)
	}
}

func TestAnErrorComesBackAsItWas(t *testing.T) {
	t.Parallel()
	e, url := other(t, io.Discard, secret)
	var sent error
	e.GET("/", e.Handle(func(*gin.Context) error { return sent }))
	for _, kind := range []fault.Kind{
		fault.Invalid, fault.Unauthenticated, fault.Forbidden, fault.NotFound, fault.Conflict, fault.Gone, fault.TooLarge, fault.Unprocessable,
		fault.TooManyRequests, fault.Unavailable,
	} {
		want := &fault.Error{
			Kind: kind, Code: "stream_ended", Detail: "It has ended, \"ü\".", RetryAfter: 7 * time.Second,
			Fields:  []fault.Field{{Name: "a.0", Detail: "one"}, {Name: "b", Detail: "two"}},
			Members: map[string]any{"reason": "replaced", "limit": 3.0, "streams": []any{map[string]any{"id": "x"}}},
		}
		sent = fmt.Errorf("wrapped: %w", want)
		err := client(url, secret).Call(t.Context(), http.MethodGet, "/", nil, nil)
		got, ok := errors.AsType[*fault.Error](err)
		if !ok || got.Kind != kind || got.Code != want.Code || got.Detail != want.Detail || got.RetryAfter != want.RetryAfter ||
			!slices.Equal(got.Fields, want.Fields) || !reflect.DeepEqual(got.Members, want.Members) {
			t.Errorf("kind %d: got %+v, want %+v", kind, got, want)
		}
	}
	sent = fault.New(fault.NotFound, "thing_not_found", "No.")
	err := client(url, secret).Call(t.Context(), http.MethodGet, "/", nil, nil)
	if e, _ := errors.AsType[*fault.Error](err); e == nil || len(e.Members) != 0 || len(e.Fields) != 0 || e.RetryAfter != 0 {
		t.Errorf("got more than was sent: %+v", e)
	}
}

// unavailable fails the test unless the caller's client would get a 503 that names the other service and hides its
// insides.
func unavailable(t testing.TB, what string, err error, hidden ...string) {
	t.Helper()
	w := httptest.NewRecorder()
	problem.Write(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), slog.New(slog.DiscardHandler), err)
	body := w.Body.String()
	if w.Code != 503 || !strings.Contains(body, "session-svc is not available") || w.Header().Get("Retry-After") == "" {
		t.Errorf("%s: %v is answered %d %s", what, err, w.Code, body)
	}
	for _, part := range append(hidden, secret, "127.0.0.1") {
		if strings.Contains(body, part) {
			t.Errorf("%s: the answer tells %s", what, body)
		}
	}
	if err != nil && strings.Contains(err.Error(), "%!") {
		t.Errorf("%s: the log says %v", what, err)
	}
}

func TestTheOthersFailureIsUnavailable(t *testing.T) {
	t.Parallel()
	e, url := other(t, io.Discard, secret)
	e.GET("/panic", e.Handle(func(*gin.Context) error { panic("hunter2") }))
	e.GET("/error", e.Handle(func(*gin.Context) error { return errors.New("hunter2") }))
	for path, answer := range map[string]func(c *gin.Context){
		"/html":      func(c *gin.Context) { c.Data(404, "text/html", []byte("<html>hunter2")) },
		"/json":      func(c *gin.Context) { c.JSON(404, gin.H{"error": "hunter2"}) },
		"/teapot":    func(c *gin.Context) { c.JSON(418, gin.H{"code": "teapot", "detail": "hunter2"}) },
		"/gateway":   func(c *gin.Context) { c.JSON(502, gin.H{"code": "bad_gateway", "detail": "hunter2"}) },
		"/nothing":   func(c *gin.Context) { c.Status(403) },
		"/endless":   func(c *gin.Context) { c.Data(400, "application/json", []byte(strings.Repeat("[", 20_000))) },
		"/repeated":  func(c *gin.Context) { c.Data(400, "application/json", []byte(`{"code":"a","code":"b"}`)) },
		"/no-answer": func(c *gin.Context) { c.Data(200, "text/html", []byte("<html>hunter2")) },
		"/cut-off":   func(c *gin.Context) { c.Data(200, "application/json", []byte(`{"name":"hunter2`)) },
		"/two":       func(c *gin.Context) { c.Data(200, "application/json", []byte(`{}{"name":"hunter2"}`)) },
		"/broken": func(c *gin.Context) {
			c.Header("Content-Length", "100")
			c.Status(200)
			c.Writer.WriteHeaderNow()
			panic(http.ErrAbortHandler)
		},
	} {
		e.GET(path, answer)
	}
	for _, route := range e.Routes() {
		unavailable(t, route.Path, client(url, secret).Call(t.Context(), http.MethodGet, route.Path, nil, &thing{}), "hunter2")
	}
	impatient := peer.NewClient("session-svc", hanging(t), []string{secret}, 50*time.Millisecond)
	unavailable(t, "hung", impatient.Call(t.Context(), http.MethodGet, "/", nil, nil))
	gone := httptest.NewServer(nil)
	gone.Close()
	unavailable(t, "no server", client(gone.URL, secret).Call(t.Context(), http.MethodGet, "/", nil, nil))
	deadline, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	unavailable(t, "our deadline", client(hanging(t), secret).Call(deadline, http.MethodGet, "/", nil, nil))
}

func hanging(t testing.TB) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(server.Close)
	return server.URL
}

func TestACallerWhoLeft(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := client(hanging(t), secret).Call(ctx, http.MethodGet, "/", nil, nil)
	if !errors.Is(err, context.Canceled) || fault.KindOf(err) == fault.Unavailable {
		t.Errorf("error %v", err)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	const newer, foreign = "fedcba9876543210", "aaaaaaaaaaaaaaaa"
	for name, test := range map[string]struct {
		accepted []string
		sent     string
		want     bool
	}{
		"before the change":   {[]string{secret}, secret, true},
		"both, the old sent":  {[]string{newer, secret}, secret, true},
		"both, the new sent":  {[]string{secret, newer}, newer, true},
		"the old withdrawn":   {[]string{newer}, secret, false},
		"another":             {[]string{secret}, foreign, false},
		"none":                {[]string{secret}, "", false},
		"nothing is accepted": {nil, secret, false},
		"a beginning":         {[]string{secret}, secret[:15], false},
		"more":                {[]string{secret}, secret + "0", false},
		"both in one":         {[]string{newer, secret}, newer + "," + secret, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, url := other(t, io.Discard, test.accepted...)
			var reached atomic.Bool
			e.GET("/", e.Handle(func(c *gin.Context) error {
				reached.Store(true)
				c.Status(http.StatusNoContent)
				return nil
			}))
			err := client(url, test.sent).Call(t.Context(), http.MethodGet, "/", nil, nil)
			if reached.Load() != test.want || (err == nil) != test.want {
				t.Errorf("reached %t, error %v", reached.Load(), err)
			}
			if !test.want {
				// Our own fault, not the client's: it must not look like a 401 that a new sign-in would solve.
				unavailable(t, name, err, "internal_secret")
				answer := testkit.Do(t, http.MethodGet, url+"/", "", testkit.Header(peer.SecretHeader, test.sent))
				answer.Problem(t, 401, "internal_secret_invalid")
			}
		})
	}
}

func TestTheSecretGoesNowhereElse(t *testing.T) {
	t.Parallel()
	var given atomic.Value
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		given.Store(r.Header.Get(peer.SecretHeader))
	}))
	t.Cleanup(elsewhere.Close)
	e, address := other(t, io.Discard, secret)
	e.GET("/", func(c *gin.Context) { c.Redirect(http.StatusTemporaryRedirect, elsewhere.URL) })
	err := client(address, secret).Call(t.Context(), http.MethodGet, "/", nil, nil)
	unavailable(t, "a redirect", err)
	if given.Load() != nil {
		t.Errorf("another server was asked, with the secret %q", given.Load())
	}
}

func TestARequestThatCanNotBe(t *testing.T) {
	t.Parallel()
	c := client("http://127.0.0.1", secret)
	if err := c.Call(t.Context(), "BAD METHOD", "/", nil, nil); err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("a method with a space: %v", err)
	}
	if err := c.Call(t.Context(), http.MethodPost, "/", make(chan int), nil); err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("what JSON can't say: %v", err)
	}
	if _, err := c.Send(t.Context(), http.MethodGet, "/%zz", url.Values{}, nil); err == nil || fault.KindOf(err) != fault.Internal {
		t.Errorf("a broken path: %v", err)
	}
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodDelete {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprint(w, `{"name":"x","n":1} `)
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := client(server.URL, secret)
	for range 3 {
		err := errors.Join(c.Call(t.Context(), http.MethodGet, "/", nil, &thing{}), c.Call(t.Context(), http.MethodDelete, "/", nil, nil))
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections for six calls, one after the other", n)
	}
}
