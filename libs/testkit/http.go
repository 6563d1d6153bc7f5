package testkit

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"streamgate/libs/logging"
	"streamgate/libs/process"
	"streamgate/libs/service"
)

// Logger returns a logger that writes to the test's log.
func Logger(t testing.TB) *slog.Logger {
	return logging.New(t.Output(), logging.Text, slog.LevelWarn, t.Name())
}

// Run starts a service on free loopback ports, waits until it is ready, and stops it at the end of the test.
func Run(t testing.TB, s *service.Service) *service.Running {
	t.Helper()
	running, ended, _ := start(t, s)
	select {
	case <-running.Ready():
	case err := <-ended:
		ended <- nil
		t.Fatalf("start: %v", err)
	case <-t.Context().Done():
	}
	return running
}

// FreeAddr returns an address, host:port, where nothing listens.
func FreeAddr(t testing.TB) string {
	t.Helper()
	addr, err := process.FreeAddr(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// Start does what Run does, but doesn't wait until the service is ready. Stop ends the service before the test ends.
func Start(t testing.TB, s *service.Service) (running *service.Running, stop func()) {
	t.Helper()
	running, _, stop = start(t, s)
	return running, stop
}

// start also returns the error that the service ended with. It can be read once; stop then gets nil.
func start(t testing.TB, s *service.Service) (running *service.Running, ended chan error, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	running, err := s.Start(ctx, service.Settings{
		PublicAddr: "127.0.0.1:0", InternalAddr: "127.0.0.1:0", OperationsAddr: "127.0.0.1:0", DrainTimeout: 5e9,
	})
	if err != nil {
		cancel()
		t.Fatal(err)
	}
	ended = make(chan error, 1)
	go func() { ended <- running.Serve(ctx) }()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stop: %v", err)
		}
		ended <- nil
	}
	t.Cleanup(stop)
	return running, ended, stop
}

// Answer is a complete HTTP answer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// JSON decodes the body.
func (a Answer) JSON(t testing.TB) map[string]any {
	t.Helper()
	var out map[string]any
	if err := json.Unmarshal(a.Body, &out); err != nil {
		t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
	return out
}

// List decodes a body that is a list of objects.
func (a Answer) List(t testing.TB) []map[string]any {
	t.Helper()
	var out []map[string]any
	if err := json.Unmarshal(a.Body, &out); err != nil {
		t.Fatalf("%d %s: %v", a.Status, a.Body, err)
	}
	return out
}

// Option changes a request.
type Option func(*http.Request)

// Bearer sends an access token.
func Bearer(token string) Option { return Header("Authorization", "Bearer "+token) }

// Basic sends a name and a password.
func Basic(name, password string) Option {
	return func(r *http.Request) { r.SetBasicAuth(name, password) }
}

// Header sends a header.
func Header(name, value string) Option {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// Do sends a request. A body that begins with { is sent as JSON, any other as a form, "" as none; Header changes that.
func Do(t testing.TB, method, url, body string, options ...Option) Answer {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, reader)
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case strings.HasPrefix(body, "{"):
		request.Header.Set("Content-Type", "application/json")
	case body != "":
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, option := range options {
		option(request)
	}
	response, err := http.DefaultTransport.RoundTrip(request) // redirects are not followed: they are answers too
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{response.StatusCode, response.Header, text}
}

// Want fails the test unless the answer has this status, and shows the answer.
func (a Answer) Want(t testing.TB, status int) Answer {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d: %s", a.Status, status, a.Body)
	}
	return a
}

// Problem fails the test unless the answer is a problem document with this status and code, in which all fields are
// named.
func (a Answer) Problem(t testing.TB, status int, code string, fields ...string) Answer {
	t.Helper()
	a.Want(t, status)
	if got := a.Header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("content type %q of %s", got, a.Body)
	}
	document := a.JSON(t)
	if document["code"] != code || document["type"] != "urn:streamgate:problem:"+code || document["status"] != float64(status) {
		t.Fatalf("problem %s, want code %s", a.Body, code)
	}
	for _, field := range fields {
		if !strings.Contains(string(a.Body), `"field":"`+field+`"`) {
			t.Fatalf("problem %s doesn't name field %s", a.Body, field)
		}
	}
	return a
}

// Hidden are characters that nobody sees, or that turn the text around them: one of each kind. No name may have them.
var Hidden = []string{
	"\x00", "\x7f", "\u0085", "\u00ad", "\u034f", "\u061c", "\u115f", "\u180e", "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u2028", "\u2029",
	"\u202a", "\u202e", "\u2060", "\u2066", "\u2069", "\u2800", "\u3164", "\ue000", "\ufe0f", "\ufeff", "\ufff9", "\uffff", "\U000e0041",
}
