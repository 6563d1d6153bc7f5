package httpserver_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/bind"
	"streamgate/libs/httpserver"
	"streamgate/libs/logging"
	"streamgate/libs/metrics"
	"streamgate/libs/testkit"
)

// server is an engine on a port, with its log and its metrics.
type server struct {
	*httpserver.Engine

	URL      string
	log      *testkit.Log
	registry *prometheus.Registry
}

func serve(t testing.TB, proxies ...string) *server {
	t.Helper()
	return serveWith(t, httpserver.Options{TrustedProxies: proxies})
}

// serveWith does the same with any options.
func serveWith(t testing.TB, o httpserver.Options) *server {
	t.Helper()
	s := &server{log: &testkit.Log{}, registry: prometheus.NewRegistry()}
	log := logging.New(s.log, logging.Text, slog.LevelDebug, "test")
	var err error
	o.Listener, o.Log, o.Metrics = "public", log, metrics.NewHTTP(s.registry)
	if s.Engine, err = httpserver.New(o); err != nil {
		t.Fatal(err)
	}
	listening := httptest.NewUnstartedServer(s)
	listening.Config = httpserver.NewServer(s, log)
	listening.Listener = httpserver.Listen(listening.Listener)
	listening.Start()
	t.Cleanup(listening.Close)
	s.URL = listening.URL
	return s
}

// scrape returns the metrics as text.
func (s *server) scrape(t testing.TB) string {
	w := httptest.NewRecorder()
	metrics.Handler(s.registry).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

// raw sends bytes as they are, and returns the answer and the connection's reader.
func (s *server) raw(t testing.TB, request string) (testkit.Answer, *bufio.Reader) {
	t.Helper()
	u, _ := url.Parse(s.URL)
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	go func() { _, _ = io.WriteString(connection, request) }() // the server may close before it has read all
	reader := bufio.NewReader(connection)
	response, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.Close { // net/http's form of Connection: close
		response.Header.Set("Connection", "close")
	}
	return testkit.Answer{Status: response.StatusCode, Header: response.Header, Body: body}, reader
}

func text(words string) httpserver.Handler {
	return func(c *gin.Context) error {
		c.String(http.StatusOK, words)
		return nil
	}
}

func TestNoRoute(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.GET("/things/:id", s.Handle(text("thing")))
	s.DELETE("/things/:id", s.Handle(text("gone")))
	for _, path := range []string{
		"/", "/thing", "/things", "/things/", "/things/1/", "/things/1/2", "/THINGS/1", "//things/1", "/%74hings/1", "/things/../things/1/",
	} {
		testkit.Do(t, http.MethodGet, s.URL+path, "").Problem(t, 404, "not_found")
	}
	answer := testkit.Do(t, http.MethodPut, s.URL+"/things/1", "{}").Problem(t, 405, "method_not_allowed")
	if allow := answer.Header.Get("Allow"); allow != "GET, DELETE" {
		t.Errorf("Allow: %q", allow)
	}
	if !strings.Contains(string(answer.Body), "This path takes GET, DELETE, not PUT.") {
		t.Errorf("answered %s", answer.Body)
	}
	head := testkit.Do(t, http.MethodHead, s.URL+"/nothing", "").Want(t, 404)
	if len(head.Body) != 0 || head.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("HEAD is answered %v %s", head.Header, head.Body)
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.HEAD("/", s.Handle(text("words")))
	s.HEAD("/fails", s.Handle(func(*gin.Context) error { return errors.New("oops") }))
	if answer := testkit.Do(t, http.MethodHead, s.URL, "").Want(t, 200); len(answer.Body) != 0 {
		t.Errorf("answered with the body %s", answer.Body)
	}
	testkit.Do(t, http.MethodHead, s.URL+"/fails", "").Want(t, 500)
}

func TestPanicIsA500ThatSaysNothing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.GET("/panic", s.Handle(func(*gin.Context) error { panic("password hunter2") }))
	s.GET("/nil", s.Handle(func(c *gin.Context) error {
		none, _ := c.Value("nothing").(*http.Request)
		c.String(200, none.Method)
		return nil
	}))
	for _, path := range []string{"/panic?password=hunter3", "/nil"} {
		answer := testkit.Do(t, http.MethodGet, s.URL+path, "").Problem(t, 500, "internal")
		if strings.Contains(string(answer.Body), "hunter") || strings.Contains(string(answer.Body), "goroutine") {
			t.Errorf("the answer tells: %s", answer.Body)
		}
	}
	log := s.log.String()
	if !strings.Contains(log, "hunter2") || !strings.Contains(log, "engine_test.go") || strings.Contains(log, "hunter3") {
		t.Errorf("the log should have the reason and the place, not the query: %s", log)
	}
	testkit.Do(t, http.MethodGet, s.URL+"/", "").Problem(t, 404, "not_found") // and the server lives
}

func TestBrokenAnswers(t *testing.T) {
	t.Parallel()
	s := serve(t)
	began := func(c *gin.Context) {
		c.String(http.StatusOK, "the beginning")
		c.Writer.Flush()
	}
	s.GET("/error", s.Handle(func(c *gin.Context) error { began(c); return errors.New("disk failed") }))
	s.GET("/panic", s.Handle(func(c *gin.Context) error { began(c); panic("disk failed") }))
	s.GET("/abort", s.Handle(func(c *gin.Context) error { began(c); panic(http.ErrAbortHandler) }))
	s.GET("/abort-first", s.Handle(func(*gin.Context) error { panic(fmt.Errorf("proxy: %w", http.ErrAbortHandler)) }))
	for _, path := range []string{"/error", "/panic", "/abort", "/abort-first"} {
		response, err := http.Get(s.URL + path)
		if err == nil {
			var body []byte
			body, err = io.ReadAll(response.Body)
			if strings.Contains(string(body), "problem") {
				t.Errorf("%s ends with %s", path, body)
			}
		}
		if err == nil {
			t.Errorf("%s looks like a whole answer", path)
		}
	}
	testkit.Eventually(t, "broken answers are counted, and none is in flight", func() bool {
		scraped := s.scrape(t)
		return strings.Count(scraped, `http_requests_total{`) == 4 && strings.Contains(scraped, `http_requests_in_flight{listener="public"} 0`)
	})
	if log := s.log.String(); strings.Count(log, "answer broken off") != 2 || strings.Count(log, "msg=panic") != 1 {
		t.Errorf("logged %s", log)
	}
}

func TestErrorsEndTheChain(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.GET("/", s.Handle(func(*gin.Context) error { return errors.New("no") }), s.Handle(text("reached")))
	if answer := testkit.Do(t, http.MethodGet, s.URL, "").Problem(t, 500, "internal"); strings.Contains(string(answer.Body), "reached") {
		t.Errorf("answered %s", answer.Body)
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.GET("/", s.Handle(func(*gin.Context) error { return errors.New("oops") }))
	for id, kept := range map[string]bool{
		"abc-DEF_1.2":             true,
		strings.Repeat("x", 64):   true,
		strings.Repeat("x", 65):   false,
		"":                        false,
		"a b":                     false,
		"a\tb":                    false,
		`"},{"level":"ERROR`:      false,
		"a=b":                     false,
		"ü":                       false,
		"<script>":                false,
		"a, b":                    false,
		"../../etc/passwd":        false,
		"${jndi:ldap://evil/a}":   false,
		"\x1b[31mred":             false,
		"00-trace-parent-is-okay": true,
	} {
		header := http.Header{}
		header.Set("X-Request-Id", id)
		if id == "\x1b[31mred" {
			continue // Go's own client and server refuse it
		}
		answer := testkit.Do(t, http.MethodGet, s.URL, "", testkit.Header("X-Request-Id", id)).Problem(t, 500, "internal")
		got := answer.Header.Get("X-Request-Id")
		if (got == id) != kept || len(got) < 10 && !kept {
			t.Errorf("%q became %q", id, got)
		}
		if answer.JSON(t)["requestId"] != got || !strings.Contains(s.log.String(), "requestId="+got) {
			t.Errorf("%q is not in the document and the log", got)
		}
	}
	first, second := testkit.Do(t, http.MethodGet, s.URL, ""), testkit.Do(t, http.MethodGet, s.URL, "")
	if first.Header.Get("X-Request-Id") == second.Header.Get("X-Request-Id") {
		t.Error("two requests got one id")
	}
}

func TestHeadersThatAreTooLarge(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.GET("/", s.Handle(text("reached")))
	many := make([]testkit.Option, 0, 200)
	for i := range 200 {
		many = append(many, testkit.Header(fmt.Sprintf("X-Header-%d", i), strings.Repeat("v", 90)))
	}
	for name, send := range map[string]func() testkit.Answer{
		"one header": func() testkit.Answer {
			return testkit.Do(t, "GET", s.URL, "", testkit.Header("X", strings.Repeat("v", 17<<10)))
		},
		"many headers": func() testkit.Answer { return testkit.Do(t, "GET", s.URL, "", many...) },
		"address":      func() testkit.Answer { return testkit.Do(t, "GET", s.URL+"/?q="+strings.Repeat("v", 17<<10), "") },
		"unknown path": func() testkit.Answer { return testkit.Do(t, "GET", s.URL+"/"+strings.Repeat("v", 17<<10), "") },
		"host": func() testkit.Answer {
			return testkit.Do(t, "GET", s.URL, "", func(r *http.Request) { r.Host = strings.Repeat("v", 17<<10) })
		},
		"with a body": func() testkit.Answer {
			return testkit.Do(t, "GET", s.URL, "a=b", testkit.Header("X", strings.Repeat("v", 17<<10)))
		},
		"another route": func() testkit.Answer {
			return testkit.Do(t, "PUT", s.URL, "", testkit.Header("X", strings.Repeat("v", 17<<10)))
		},
	} {
		if answer := send().Problem(t, 431, "headers_too_large"); strings.Contains(string(answer.Body), "reached") {
			t.Errorf("%s: the handler was reached", name)
		}
	}
	testkit.Do(t, "GET", s.URL, "", testkit.Header("X", strings.Repeat("v", 15<<10))).Want(t, 200)
	// Headers that are larger by far are not even read.
	answer, _ := s.raw(t, "GET / HTTP/1.1\r\nHost: x\r\nX: "+strings.Repeat("v", 1<<20)+"\r\n\r\n")
	if answer.Problem(t, 431, "headers_too_large"); answer.Header.Get("X-Request-Id") != "" {
		t.Error("a megabyte of headers reached the engine")
	}
}

func TestBodiesThatAreTooLarge(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var into struct {
		A string `json:"a"`
	}
	s.POST("/reads", s.Handle(func(c *gin.Context) error { return bind.Body(c, &into) }))
	s.POST("/ignores", s.Handle(text("reached")))
	chunks := func(size, count int) string {
		return strings.Repeat(fmt.Sprintf("%x\r\n%s\r\n", size, strings.Repeat("a", size)), count)
	}
	head := "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	known := func(path string, size int) string {
		return fmt.Sprintf(head+"Content-Length: %d\r\n\r\n", path, size) + "a=" + strings.Repeat("a", size-2)
	}
	unknown := func(path, chunks string) string {
		return fmt.Sprintf(head+"Transfer-Encoding: chunked\r\n\r\n2\r\na=\r\n", path) + chunks
	}
	const end = "0\r\n\r\n"
	for name, request := range map[string]string{
		"one byte":               known("/reads", httpserver.MaxBody+1),
		"by far":                 known("/reads", 4<<20),
		"where no handler reads": known("/ignores", httpserver.MaxBody+1),
		"where there is nothing": known("/nothing", httpserver.MaxBody+1),
		"declared only":          fmt.Sprintf(head+"Content-Length: 9999999999\r\n\r\n", "/reads"),
		"chunked":                unknown("/reads", chunks(httpserver.MaxBody, 1)+end),
		"in small chunks":        unknown("/reads", chunks(100, 1000)+end),
		"chunked without end":    unknown("/reads", chunks(1000, 10_000)),
	} {
		answer, reader := s.raw(t, request)
		answer.Problem(t, 413, "body_too_large")
		if answer.Header.Get("Connection") != "close" {
			t.Errorf("%s: the connection stays open: %v", name, answer.Header)
		}
		if _, err := reader.ReadByte(); err == nil {
			t.Errorf("%s: more was answered on the connection", name)
		}
	}
	for name, request := range map[string]string{
		"exactly": known("/reads", httpserver.MaxBody), "chunked exactly": unknown("/reads", chunks(httpserver.MaxBody-2, 1)+end),
	} {
		if answer, _ := s.raw(t, request); answer.Status != 200 || answer.Header.Get("Connection") == "close" {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	// A handler that ignores a chunked body answers before it is read, and no byte of the body is taken for a request.
	smuggled := "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	request := fmt.Sprintf(head+"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", "/ignores", len(smuggled), smuggled)
	answer, reader := s.raw(t, request+"GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
	answer.Want(t, 200)
	if rest, _ := io.ReadAll(reader); strings.Count(string(rest), "HTTP/1.1 ") != 1 {
		t.Errorf("after it came %s", rest)
	}
}

func TestPathParameters(t *testing.T) {
	t.Parallel()
	s := serve(t)
	show := func(c *gin.Context) error {
		c.String(200, "%s %q", c.FullPath(), c.Param("p"))
		return nil
	}
	s.GET("/one/:p", s.Handle(show))
	s.GET("/all/*p", s.Handle(show))
	for path, want := range map[string]string{
		"/one/a+b":             `/one/:p "a+b"`,
		"/one/a%2Bb":           `/one/:p "a+b"`,
		"/one/a%20b":           `/one/:p "a b"`,
		"/one/a%2Fb":           `/one/:p "a/b"`,
		"/one/a+b%2Fc%20d":     `/one/:p "a+b/c d"`, // Gin's own unescaping makes a space of the plus here
		"/one/%252F":           `/one/:p "%2F"`,
		"/one/%2e%2e":          `/one/:p ".."`,
		"/one/%00":             `/one/:p "\x00"`,
		"/all/a/b+c%2Fd(1)":    `/all/*p "/a/b+c/d(1)"`,
		"/all/a%2f..%2f..%2fb": `/all/*p "/a/../../b"`,
		"/all/ü%c3%bc+":        `/all/*p "/üü+"`,
	} {
		if got := string(testkit.Do(t, http.MethodGet, s.URL+path, "").Want(t, 200).Body); got != want {
			t.Errorf("%s reached %s, want %s", path, got, want)
		}
	}
}

func TestClientIPAndBaseURL(t *testing.T) {
	t.Parallel()
	show := func(s *server) {
		s.GET("/", s.Handle(func(c *gin.Context) error {
			c.String(200, "%s %s", c.ClientIP(), s.BaseURL(c))
			return nil
		}))
	}
	none, loopback, exact, far := serve(t), serve(t, "127.0.0.0/8", "10.0.0.0/8"), serve(t, "127.0.0.1", "::1"), serve(t, "10.0.0.0/8")
	for _, s := range []*server{none, loopback, exact, far} {
		show(s)
	}
	headers := func(pairs ...string) testkit.Option {
		return func(r *http.Request) {
			r.Host = "video.example"
			for i := 0; i < len(pairs); i += 2 {
				r.Header.Add(pairs[i], pairs[i+1])
			}
		}
	}
	forwarded := headers("X-Forwarded-For", "1.2.3.4", "X-Forwarded-Proto", "https")
	for name, test := range map[string]struct {
		s    *server
		sent testkit.Option
		want string
	}{
		"no proxy":                   {none, headers(), "127.0.0.1 http://video.example"},
		"no proxy is trusted":        {none, forwarded, "127.0.0.1 http://video.example"},
		"not this one":               {far, forwarded, "127.0.0.1 http://video.example"},
		"trusted by network":         {loopback, forwarded, "1.2.3.4 https://video.example"},
		"trusted by address":         {exact, forwarded, "1.2.3.4 https://video.example"},
		"plain HTTP before":          {loopback, headers("X-Forwarded-For", "1.2.3.4", "X-Forwarded-Proto", "http"), "1.2.3.4 http://video.example"},
		"no scheme of the client's":  {loopback, headers("X-Forwarded-Proto", "javascript"), "127.0.0.1 http://video.example"},
		"the last that is untrusted": {loopback, headers("X-Forwarded-For", "6.6.6.6, 1.2.3.4, 10.1.1.1"), "1.2.3.4 http://video.example"},
		"in two lines":               {loopback, headers("X-Forwarded-For", "6.6.6.6", "X-Forwarded-For", "1.2.3.4"), "1.2.3.4 http://video.example"},
		"no address":                 {loopback, headers("X-Forwarded-For", "localhost"), "127.0.0.1 http://video.example"},
		"garbage before a proxy":     {loopback, headers("X-Forwarded-For", "x, 10.1.1.1", "X-Real-Ip", "6.6.6.6"), "10.1.1.1 http://video.example"},
		"another header":             {loopback, headers("X-Real-Ip", "6.6.6.6"), "127.0.0.1 http://video.example"},
		"another host":               {loopback, headers("X-Forwarded-Host", "films.example", "X-Forwarded-Port", "8443"), "127.0.0.1 http://films.example:8443"},
		"another host, untrusted":    {none, headers("X-Forwarded-Host", "evil.example", "X-Forwarded-Port", "8443"), "127.0.0.1 http://video.example"},
		"with a port":                {loopback, headers("X-Forwarded-For", "[2001:db8::1]:51000"), "2001:db8::1 http://video.example"},
		"RFC 7239":                   {loopback, headers("Forwarded", "for=1.2.3.4:4711;proto=https;host=films.example"), "1.2.3.4 https://films.example"},
		"mapped IPv4":                {loopback, headers("X-Forwarded-For", "::ffff:1.2.3.4"), "1.2.3.4 http://video.example"},
		"IPv6":                       {loopback, headers("X-Forwarded-For", "2001:db8::1"), "2001:db8::1 http://video.example"},
	} {
		if got := string(testkit.Do(t, http.MethodGet, test.s.URL, "", test.sent).Want(t, 200).Body); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	for _, wrong := range []string{"10.0.0.0/33", "proxy.local", ""} {
		_, err := httpserver.New(httpserver.Options{TrustedProxies: []string{wrong}, Metrics: metrics.NewHTTP(prometheus.NewRegistry())})
		if err == nil || !strings.Contains(err.Error(), "TRUSTED_PROXIES") {
			t.Errorf("proxy %q: error %v", wrong, err)
		}
	}
}

func TestTheContextEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	s := serve(t)
	began, ended := make(chan struct{}), make(chan error, 1)
	s.GET("/", s.Handle(func(c *gin.Context) error {
		close(began)
		<-c.Done() // the gin.Context itself
		ended <- c.Err()
		return c.Err()
	}))
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(connection, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-began
	_ = connection.Close()
	if err := <-ended; err == nil {
		t.Error("the context ended without an error")
	}
	testkit.Eventually(t, "it counts as the client's end", func() bool {
		return strings.Contains(s.scrape(t), `http_requests_total{code="499",listener="public",method="GET",route="/"} 1`)
	})
	if log := s.log.String(); log != "" {
		t.Errorf("logged %s", log)
	}
}

func TestEveryAnswerForbidsSniffing(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.GET("/", s.Handle(text("<html>")))
	for _, answer := range []testkit.Answer{
		testkit.Do(t, "GET", s.URL, ""), testkit.Do(t, "GET", s.URL+"/nothing", ""), testkit.Do(t, "PUT", s.URL, ""),
		testkit.Do(t, "GET", s.URL, "", testkit.Header("X", strings.Repeat("v", 17<<10))),
	} {
		if got := answer.Header.Get("X-Content-Type-Options"); got != "nosniff" {
			t.Errorf("%d with %q", answer.Status, got)
		}
		if bytes.Contains([]byte(answer.Header.Get("Server")), []byte("/")) {
			t.Errorf("it tells its version: %v", answer.Header)
		}
	}
}
