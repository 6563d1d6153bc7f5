package testkit

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"streamgate/libs/service"
)

// router is an engine, such as httpserver's.
type router interface {
	http.Handler

	Routes() gin.RoutesInfo
}

// walked are the methods of a walk: all that HTTP has, two of WebDAV's, and one of nobody's.
var walked = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "REPORT", "NONSENSE"}

// Walk sends every method to every path of a listener, with and without a slash at the end, and with many values of each parameter. It fails
// the test where nothing is answered, or a fault of our own, or a refusal without a problem document. Services that this one asks may be away.
func Walk(t testing.TB, handler http.Handler, options ...Option) {
	t.Helper()
	engine, ok := handler.(router)
	if !ok {
		t.Fatalf("%T has no routes", handler)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	for _, path := range paths(engine.Routes()) {
		for _, method := range walked {
			request, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			if method == http.MethodConnect {
				request.URL.Opaque = path // Go's client would send the host alone
			}
			for _, option := range options {
				option(request)
			}
			walk(t, method+" "+path, request)
		}
	}
}

// WalkAll walks the public listener of a service that runs, and the internal one without and with a secret.
func WalkAll(t testing.TB, s *service.Service, secret string) {
	t.Helper()
	Walk(t, s.Public)
	Walk(t, s.Internal)
	Walk(t, s.Internal, Header("Internal-Secret", secret))
}

func walk(t testing.TB, name string, request *http.Request) {
	t.Helper()
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	defer response.Body.Close()
	if response.StatusCode >= 500 && response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("%s is answered %d", name, response.StatusCode)
	}
	if response.Header.Get("X-Request-Id") == "" {
		t.Errorf("%s is answered without an id", name)
	}
	if response.StatusCode == http.StatusMethodNotAllowed && response.Header.Get("Allow") == "" {
		t.Errorf("%s is answered 405 without the methods that are allowed", name)
	}
	if response.StatusCode < 400 || request.Method == http.MethodHead {
		return
	}
	var document struct {
		Code string `json:"code"`
	}
	if err := json.UnmarshalRead(response.Body, &document); err != nil || document.Code == "" {
		t.Errorf("%s is answered %d without a problem document: %v", name, response.StatusCode, err)
	}
}

// paths returns paths of all routes, each with and without a slash at the end. A parameter is an id, a letter, nothing, or what another route
// has in its place: whole, its beginning, and something longer. Routers go astray between such.
func paths(routes gin.RoutesInfo) []string {
	var all []string
	for _, route := range routes {
		segments := strings.Split(route.Path, "/")
		for i, segment := range segments {
			for _, value := range values(routes, i, segment) {
				path := slices.Clone(segments)
				path[i] = value
				for j, other := range path {
					if i != j && isParameter(other) {
						path[j] = "x"
					}
				}
				joined := strings.Join(path, "/")
				all = append(all, joined, joined+"/")
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// values returns what a segment of a path can be.
func values(routes gin.RoutesInfo, i int, segment string) []string {
	if !isParameter(segment) {
		return []string{segment}
	}
	all := []string{NewID(), "x", ""}
	for _, other := range routes {
		if segments := strings.Split(other.Path, "/"); i < len(segments) && segments[i] != "" && !isParameter(segments[i]) {
			all = append(all, segments[i], segments[i][:len(segments[i])-1], segments[i]+"s")
		}
	}
	return all
}

func isParameter(segment string) bool {
	return strings.HasPrefix(segment, ":") || strings.HasPrefix(segment, "*")
}
