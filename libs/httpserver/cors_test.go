package httpserver_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/testkit"
)

const site = "https://www.example.com"

// api is an engine with answers of every kind.
func api(t *testing.T, origins ...string) *server {
	t.Helper()
	s := serveWith(t, httpserver.Options{Origins: origins})
	s.POST("/streams", s.Handle(func(c *gin.Context) error {
		for _, name := range []string{"Location", "X-Stream-Limit", "X-Stream-Active"} {
			c.Header(name, "1")
		}
		c.String(http.StatusCreated, "started")
		return nil
	}))
	s.GET("/limit", s.Handle(func(*gin.Context) error { return fault.Away("It", errors.New("oops")) }))
	s.GET("/panic", s.Handle(func(*gin.Context) error { panic("oops") }))
	s.GET("/open", s.Handle(func(c *gin.Context) error { httpserver.AdmitAll(c.Writer); return errors.New("oops") }))
	return s
}

func list(header http.Header, name string) []string {
	return strings.Split(strings.ToLower(strings.ReplaceAll(header.Get(name), " ", "")), ",")
}

func TestPagesOfNamedOriginsMayCall(t *testing.T) {
	t.Parallel()
	s := api(t, "http://localhost:3000", site)
	for _, path := range []string{"/streams", "/limit", "/nothing", "/panic", "/streams/"} {
		preflight := testkit.Do(t, "OPTIONS", s.URL+path, "", testkit.Header("Origin", site), testkit.Header("Access-Control-Request-Method", "PUT"),
			testkit.Header("Access-Control-Request-Headers", "authorization,content-type,idempotency-key")).Want(t, 204)
		methods, headers := list(preflight.Header, "Access-Control-Allow-Methods"), list(preflight.Header, "Access-Control-Allow-Headers")
		for _, method := range []string{"get", "post", "put", "delete"} {
			if !slices.Contains(methods, method) {
				t.Errorf("%s: allows %v", path, methods)
			}
		}
		for _, header := range []string{"authorization", "content-type", "idempotency-key", "x-request-id", "last-event-id"} {
			if !slices.Contains(headers, header) {
				t.Errorf("%s: allows %v", path, headers)
			}
		}
		if preflight.Header.Get("Access-Control-Max-Age") == "" {
			t.Errorf("%s: asks before each request", path)
		}
		admitted(t, preflight, site)
	}
	for request, status := range map[string]int{
		"POST /streams": 201, "GET /limit": 503, "GET /nothing": 404, "DELETE /limit": 405, "GET /panic": 500, "GET /open": 500, "OPTIONS /limit": 405,
	} {
		method, path, _ := strings.Cut(request, " ")
		answer := testkit.Do(t, method, s.URL+path, "", testkit.Header("Origin", site)).Want(t, status)
		admitted(t, answer, site)
		exposed := list(answer.Header, "Access-Control-Expose-Headers")
		for _, name := range []string{
			"retry-after", "x-stream-limit", "x-stream-active", "x-total-count", "link", "location", "x-request-id", "etag", "www-authenticate",
		} {
			if !slices.Contains(exposed, name) {
				t.Errorf("%s exposes %v, not %s", request, exposed, name)
			}
		}
	}
	large := testkit.Do(t, "GET", s.URL, "", testkit.Header("Origin", site), testkit.Header("X", strings.Repeat("v", 17<<10))).Want(t, 431)
	admitted(t, large, site)
	admitted(t, testkit.Do(t, "GET", s.URL+"/limit", "", testkit.Header("Origin", "http://localhost:3000")), "http://localhost:3000")
}

func admitted(t *testing.T, answer testkit.Answer, origin string) {
	t.Helper()
	if answer.Header.Get("Access-Control-Allow-Origin") != origin || answer.Header.Get("Access-Control-Allow-Credentials") != "true" ||
		!slices.Contains(list(answer.Header, "Vary"), "origin") {
		t.Errorf("%d with %v", answer.Status, answer.Header)
	}
}

func TestPagesOfOtherOriginsMayNot(t *testing.T) {
	t.Parallel()
	none, named := api(t), api(t, site)
	for _, origin := range []string{
		"", "null", "*", "https://evil.example", "http://www.example.com", "https://www.example.com:443", "https://www.example.com.evil.example",
		"https://evil-www.example.com", "HTTPS://WWW.EXAMPLE.COM", "https://www.example.com/", site + ", https://evil.example",
	} {
		for _, s := range []*server{none, named} {
			answers := []testkit.Answer{
				testkit.Do(t, "GET", s.URL+"/limit", "", testkit.Header("Origin", origin)),
				testkit.Do(t, "OPTIONS", s.URL+"/limit", "", testkit.Header("Origin", origin), testkit.Header("Access-Control-Request-Method", "GET")).Want(t, 405),
			}
			for _, answer := range answers {
				for name := range answer.Header {
					if strings.HasPrefix(name, "Access-Control-") {
						t.Errorf("%q is answered with %s", origin, name)
					}
				}
			}
			if varies := answers[0].Header.Get("Vary") == "Origin"; varies != (s == named) {
				t.Errorf("%q: varies %v", origin, varies)
			}
			open := testkit.Do(t, "GET", s.URL+"/open", "", testkit.Header("Origin", origin))
			if open.Header.Get("Access-Control-Allow-Origin") != "*" || open.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%q is not admitted to what is open: %v", origin, open.Header)
			}
		}
	}
	for _, origin := range []string{site, "http://localhost:3000"} {
		if answer := testkit.Do(t, "GET", none.URL+"/limit", "", testkit.Header("Origin", origin)); answer.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s is admitted by default", origin)
		}
	}
}

func TestCheckOrigin(t *testing.T) {
	t.Parallel()
	for _, right := range []string{site, "http://localhost:3000", "https://xn--bcher-kva.example", "http://192.0.2.1", "http://[2001:db8::1]:8080"} {
		if err := httpserver.CheckOrigin(right); err != nil {
			t.Error(err)
		}
	}
	for wrong, remedy := range map[string]string{
		"":                            "such as https://www.example.com",
		"*":                           "without",
		"null":                        "such as",
		"www.example.com":             "such as",
		"//www.example.com":           "such as",
		"https://*.example.com":       "without",
		"https://www.example.com/":    "without a path",
		"https://www.example.com/a":   "without a path",
		"https://www.example.com?a=b": "without a path",
		"https://www.example.com#a":   "without a path",
		"https://a@www.example.com":   "such as",
		"https://Www.example.com":     "lower case",
		"HTTPS://www.example.com":     "lower case",
		"https://bücher.example":      "as browsers send it",
		"https://www.example.com:443": "write https://www.example.com",
		"http://www.example.com:80":   "write http://www.example.com",
		"http://www.example.com:":     "write http://www.example.com",
		"ftp://www.example.com":       "such as",
		"https://":                    "such as",
		"https://:443":                "such as",
		"https://a b":                 "such as",
	} {
		if err := httpserver.CheckOrigin(wrong); err == nil || !strings.Contains(err.Error(), remedy) || !strings.Contains(err.Error(), `"`+wrong+`"`) {
			t.Errorf("%q: error %v", wrong, err)
		}
	}
}
