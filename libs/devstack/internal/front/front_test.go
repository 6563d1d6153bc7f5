package front_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"streamgate/libs/devstack/internal/front"
	"streamgate/libs/devstack/routes"
)

var table = routes.Table{
	{Path: "/users"}: "user-svc", {Path: "/content"}: "session-svc", {Path: "/streams"}: "session-svc", {Path: "/media"}: "content-svc", {Path: "/", Exact: true}: "content-svc",
}

// startFront puts the front before one handler that stands in for all services.
func startFront(t *testing.T, service http.HandlerFunc) *httptest.Server {
	t.Helper()
	backend := httptest.NewServer(service)
	t.Cleanup(backend.Close)
	address := backend.Listener.Addr().String()
	server := httptest.NewServer(front.New(table, map[string]string{"user-svc": address, "session-svc": address, "content-svc": address}))
	t.Cleanup(server.Close)
	return server
}

func send(t *testing.T, method, url, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(request.Header, header)
	if host := header.Get("Host"); host != "" {
		request.Host = host
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(text)
}

func TestBodyOfAGetPasses(t *testing.T) {
	t.Parallel()
	server := startFront(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Content-Type"), body)
	})
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	_, body := send(t, http.MethodGet, server.URL+"/content", "access_token=eyJ", header)
	if want := "GET application/x-www-form-urlencoded access_token=eyJ"; body != want {
		t.Errorf("the service saw %q, want %q", body, want)
	}
}

func TestForwardedHeadersAreOurs(t *testing.T) {
	t.Parallel()
	server := startFront(t, func(_ http.ResponseWriter, r *http.Request) {
		want := map[string]string{
			"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "streams.example.com",
			"Forwarded": "", "X-Real-Ip": "",
		}
		for name, value := range want {
			if got := strings.Join(r.Header.Values(name), "; "); got != value {
				t.Errorf("%s is %q, want %q", name, got, value)
			}
		}
		if r.Host != "streams.example.com" {
			t.Errorf("Host is %q", r.Host)
		}
	})
	send(t, http.MethodGet, server.URL+"/users", "", http.Header{
		"Host":              {"streams.example.com"},
		"X-Forwarded-For":   {"203.0.113.9"},
		"X-Forwarded-Proto": {"https"},
		"X-Forwarded-Host":  {"evil.example"},
		"Forwarded":         {"for=203.0.113.9"},
		"X-Real-Ip":         {"203.0.113.9"},
	})
}

func TestPathAndQueryPassAsTheyAre(t *testing.T) {
	t.Parallel()
	server := startFront(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RequestURI) })
	const target = "/media/grant/a%2Fb%20c?x=1;y=2&%zz&x=3"
	if _, body := send(t, http.MethodGet, server.URL+target, "", nil); body != target {
		t.Errorf("the service saw %q, want %q", body, target)
	}
}

func TestAnswersAreNotHeldBack(t *testing.T) {
	t.Parallel()
	seen := make(chan struct{})
	server := startFront(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: first\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-seen: // only a client that has read the first line lets this answer end
		case <-r.Context().Done():
		}
	})
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/streams/events", nil)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if line, err := bufio.NewReader(response.Body).ReadString('\n'); err != nil || line != "data: first\n" {
		t.Errorf("read %q, %v", line, err)
	}
	close(seen)
}

func TestOwnAnswers(t *testing.T) {
	t.Parallel()
	broken := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })) // hangs up
	t.Cleanup(broken.Close)
	away, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = away.Close()
	server := httptest.NewServer(front.New(table, map[string]string{"user-svc": away.Addr().String(), "session-svc": broken.Listener.Addr().String()}))
	t.Cleanup(server.Close)

	tests := []struct {
		path   string
		status int
		code   string
	}{
		{"/usersX", http.StatusNotFound, "not_found"},
		{"/users/%2e%2e/media", http.StatusNotFound, "not_found"},
		{"/users", http.StatusServiceUnavailable, "unavailable"},
		{"/content", http.StatusBadGateway, "bad_gateway"},
	}
	for _, test := range tests {
		response, body := send(t, http.MethodPost, server.URL+test.path, "a=b", nil)
		var problem struct {
			Type, Code string
			Status     int
		}
		if err := json.Unmarshal([]byte(body), &problem); err != nil {
			t.Errorf("%s: %v in %q", test.path, err, body)
		}
		if response.StatusCode != test.status || problem.Status != test.status || problem.Code != test.code ||
			problem.Type != "urn:streamgate:problem:"+test.code || response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", test.path, response.StatusCode, body)
		}
	}
}
