package httpserver_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"streamgate/libs/testkit"
)

// What panics outside of the handlers is answered, logged and counted as what panics in them.
func TestPanicOfTheRouter(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		s.Route(method, "/users/me", text("me"))
		s.Route(method, "/users/:id", text("somebody"))
	}
	s.POST("/users", s.Handle(text("added")))
	s.HandleMethodNotAllowed = true // Gin's own search for the methods of a path, which panics here
	for range 2 {
		answer := testkit.Do(t, http.MethodPost, s.URL+"/users/me?password=hunter3", "").Problem(t, 500, "internal")
		if id := answer.Header.Get("X-Request-Id"); id == "" || answer.JSON(t)["requestId"] != id || !strings.Contains(s.log.String(), "requestId="+id) {
			t.Errorf("%v %s can't be found in the log", answer.Header, answer.Body)
		}
	}
	if log := s.log.String(); strings.Count(log, "msg=panic") != 2 || !strings.Contains(log, "gin@") || strings.Contains(log, "hunter") {
		t.Errorf("the log should have the place, not the query: %s", log)
	}
	if scraped := s.scrape(t); !strings.Contains(scraped, `http_requests_total{code="500",listener="public",method="any",route="unrouted"} 2`) {
		t.Errorf("not counted: %s", scraped)
	}
}

// What net/http itself has to say about a service is seen.
func TestServerErrorsAreLogged(t *testing.T) {
	t.Parallel()
	log := &testkit.Log{}
	server := listenWith(t, log, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" { // of a handler without an engine, such as that of probes and metrics
			panic("oops")
		}
		w.WriteHeader(http.StatusOK)
		w.WriteHeader(http.StatusOK)
	}))
	testkit.Do(t, http.MethodGet, server.URL, "").Want(t, 200)
	if _, err := http.Get(server.URL + "/panic"); err == nil {
		t.Error("a panic is answered")
	}
	if said := log.String(); !strings.Contains(said, "superfluous") || !strings.Contains(said, "panic serving") || strings.Count(said, "level=WARN") < 2 {
		t.Errorf("logged %s", said)
	}
}

// Every kind of target that a request can have, and every method.
func TestTargets(t *testing.T) {
	t.Parallel()
	s := serve(t)
	show := s.Handle(func(c *gin.Context) error {
		c.String(http.StatusOK, c.FullPath())
		return nil
	})
	for _, path := range []string{"/users/me", "/users/:id", "/users/me/password", "/files/:id/*path", "/users"} {
		s.GET(path, show)
		s.HEAD(path, show)
		s.PUT(path, show)
	}
	s.DELETE("/users/me", show)
	s.DELETE("/users/:id", show)
	for request, want := range map[string]string{
		"GET /users/me":                     "200 ",
		"POST /users/me":                    "405 GET, HEAD, PUT, DELETE",
		"POST /users/you":                   "405 GET, HEAD, PUT, DELETE",
		"PATCH /users/you":                  "405 GET, HEAD, PUT, DELETE",
		"POST /users/m":                     "405 GET, HEAD, PUT, DELETE",
		"POST /users/me/":                   "404 ",
		"POST /users/me/password":           "405 GET, HEAD, PUT",
		"POST /users/you/password":          "404 ",
		"POST /users/":                      "404 ",
		"POST /users//":                     "404 ",
		"DELETE /users":                     "405 GET, HEAD, PUT",
		"DELETE /files/x/":                  "405 GET, HEAD, PUT",
		"DELETE /files/x%2Fy/z":             "405 GET, HEAD, PUT",
		"DELETE /files/x":                   "404 ",
		"PROPFIND /users/me":                "405 GET, HEAD, PUT, DELETE",
		"OPTIONS /users/me":                 "405 GET, HEAD, PUT, DELETE",
		"TRACE /users/me":                   "405 GET, HEAD, PUT, DELETE",
		"CONNECT /users/me":                 "405 GET, HEAD, PUT, DELETE",
		"CONNECT example.com:443":           "404 ",
		"GET http://example.com/users/me":   "200 ",
		"GET http://example.com":            "404 ",
		"POST http://example.com/users/you": "405 GET, HEAD, PUT, DELETE",
		"POST *":                            "404 ",
	} {
		answer, _ := s.raw(t, request+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		got := strings.Join([]string{http.StatusText(answer.Status), answer.Header.Get("Allow")}, " ")
		status, allow, _ := strings.Cut(want, " ")
		if status != strconv.Itoa(answer.Status) || allow != answer.Header.Get("Allow") {
			t.Errorf("%s: %s, want %s", request, got, want)
		}
		if answer.Status >= 500 {
			t.Errorf("%s: %s", request, got)
		}
	}
	if log := s.log.String(); strings.Contains(log, "panic") {
		t.Errorf("logged %s", log)
	}
}
