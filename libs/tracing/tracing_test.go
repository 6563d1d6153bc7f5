package tracing_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/logging"
	"streamgate/libs/metrics"
	"streamgate/libs/testkit"
	"streamgate/libs/tracing"
)

const (
	// strange is a trace that somebody says that a request belongs to, as sampled.
	strange    = "0af7651916cd43dd8448eb211c80319c"
	sampled    = "00-" + strange + "-b7ad6b7169203331-01"
	notSampled = "00-" + strange + "-b7ad6b7169203331-00"
)

// under is an engine with the middleware under test.
type under struct {
	*httpserver.Engine

	t        testing.TB
	traces   *tracing.Tracing
	registry *prometheus.Registry
	log      *testkit.Log
}

// begin makes an engine that traces by these settings.
func begin(t testing.TB, s tracing.Settings, proxies ...string) *under {
	t.Helper()
	u := &under{t: t, registry: prometheus.NewRegistry(), log: &testkit.Log{}}
	log := logging.New(u.log, logging.Text, slog.LevelInfo, "any-svc")
	u.traces = tracing.New(s, proxies, "any-svc", "v1.2.3", u.registry, log)
	var err error
	u.Engine, err = httpserver.New(httpserver.Options{
		Listener: "public", Log: log, Metrics: metrics.NewHTTP(u.registry), Traces: u.traces.Public(), TrustedProxies: proxies,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.close() })
	u.Read("/media/:grant/*path", func(c *gin.Context) error { c.Status(http.StatusOK); return nil })
	u.Read("/fails", func(*gin.Context) error { return errors.New("secret-of-the-database") })
	u.Read("/refuses", func(*gin.Context) error { return fault.BadField("email", "secret-of-a-person") })
	u.Read("/panics", func(*gin.Context) error { panic("secret-of-a-panic") })
	u.Read("/breaks", func(*gin.Context) error { panic(http.ErrAbortHandler) })
	return u
}

func (u *under) close() {
	u.t.Helper()
	if err := u.traces.Close(context.Background()); err != nil {
		u.t.Error(err)
	}
}

// get asks for a path from an address of the documentation.
func (u *under) get(path string, header ...string) {
	u.t.Helper()
	request := httptest.NewRequestWithContext(u.t.Context(), http.MethodGet, path, nil)
	request.RemoteAddr = "192.0.2.7:1234"
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	defer func() {
		if reason := recover(); reason != nil && reason != http.ErrAbortHandler { //nolint:errorlint // any reason but this very one
			panic(reason)
		}
	}()
	u.ServeHTTP(httptest.NewRecorder(), request)
}

func all(c *testkit.Collector) tracing.Settings { return tracing.Settings{Endpoint: c.URL, Share: 1} }

// names returns those of the spans, in order.
func names(spans []testkit.Span) []string {
	var all []string
	for _, s := range spans {
		all = append(all, s.Name)
	}
	slices.Sort(all)
	return all
}

// Spans say the route, and nothing that a client, a database or an error says. Closing delivers them.
func TestSpansOfRequests(t *testing.T) {
	t.Parallel()
	c := testkit.NewCollector(t)
	s := all(c)
	s.Headers = []string{"x-key=a%20key"}
	u := begin(t, s)
	for _, path := range []string{
		"/media/secret-grant/secret-path.mp4?secret-query=1",
		"/fails?email=secret@example.com", "/refuses", "/panics", "/breaks", "/secret-nowhere",
	} {
		u.get(path, "Authorization", "Bearer secret-token", "Cookie", "a=secret-cookie", "User-Agent", "secret-agent",
			"X-Forwarded-For", "198.51.100.99",
			"Tracestate", "a=secret-state", "Baggage", "a=secret-baggage", "Traceparent", sampled)
	}
	u.close()
	spans := c.Spans()
	want := []string{"GET /breaks", "GET /fails", "GET /media/:grant/*path", "GET /panics", "GET /refuses", "unrouted"}
	if got := names(spans); !slices.Equal(got, want) {
		t.Fatalf("spans %q", got)
	}
	status := map[string]int64{"/fails": 500, "/media/:grant/*path": 200, "/panics": 500, "/refuses": 400}
	for _, span := range spans {
		route, _ := span.Attribute("http.route").(string)
		if want := status[route]; want != 0 && (span.Attribute("http.response.status_code") != want || (span.Status.Code != 0) != (want == 500)) {
			t.Errorf("%s: %v", route, span)
		}
		if span.Service != "any-svc" || len(span.ParentSpanId) != 0 || len(span.Links) != 0 {
			t.Errorf("%v", span)
		}
	}
	raw, header := c.Raw()
	for _, hidden := range []string{"secret", "192.0.2.7", "198.51.100.99", "example.com"} {
		if strings.Contains(raw, hidden) {
			t.Errorf("the spans have %q", hidden)
		}
	}
	if header.Get("X-Key") != "a key" {
		t.Errorf("headers %v", header)
	}
}

// A share of the requests is traced, whatever strangers ask for.
func TestShareOfRequests(t *testing.T) {
	t.Parallel()
	c := testkit.NewCollector(t)
	u := begin(t, tracing.Settings{Endpoint: c.URL, Share: 0.01})
	for range 10_000 {
		u.get("/media/a/b")
		u.get("/media/a/b", "Traceparent", sampled)
	}
	u.close()
	// 200 are expected; five standard deviations are 70.
	if n := len(c.Spans()); n < 130 || n > 270 {
		t.Errorf("%d of 20,000 requests are traced", n)
	}
	for _, span := range c.Spans() {
		if hex.EncodeToString(span.TraceId) == strange {
			t.Fatal("the trace of a stranger is gone on with")
		}
	}
}

// Who is trusted decides what is traced, and nobody else.
func TestWhoseTracesAreGoneOnWith(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		share       float64
		trusted     string
		traceparent string
		traced      bool
		goesOn      bool
	}{
		"a stranger's":             {0, "10.0.0.0/8", sampled, false, false},
		"a stranger's among all":   {1, "10.0.0.0/8", sampled, true, false},
		"a stranger wants none":    {1, "10.0.0.0/8", notSampled, true, false},
		"the ingress's":            {0, "192.0.2.0/24", sampled, true, true},
		"the ingress has drawn":    {1, "192.0.2.0/24", notSampled, false, false},
		"the ingress says nothing": {1, "192.0.2.0/24", "", true, false},
		"the ingress says rubbish": {0, "192.0.2.0/24", "00-zz", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := testkit.NewCollector(t)
			u := begin(t, tracing.Settings{Endpoint: c.URL, Share: test.share, Continue: true}, test.trusted)
			u.get("/media/a/b", "Traceparent", test.traceparent, "Tracestate", "a=secret-state", "X-Forwarded-For", "192.0.2.1")
			u.close()
			spans := c.Spans()
			if (len(spans) == 1) != test.traced || test.traced && (hex.EncodeToString(spans[0].TraceId) == strange) != test.goesOn {
				t.Errorf("spans %v", spans)
			}
			if raw, _ := c.Raw(); strings.Contains(raw, "secret") {
				t.Error("the spans have what comes along with a trace")
			}
		})
	}
	c := testkit.NewCollector(t)
	u := begin(t, tracing.Settings{Endpoint: c.URL}, "192.0.2.0/24") // they are believed what they say of clients, and no more
	u.get("/media/a/b", "Traceparent", sampled)
	u.close()
	if spans := c.Spans(); len(spans) > 0 {
		t.Errorf("without the setting: %v", spans)
	}
}

// A request has spans of some calls, not of thousands, and of none once its answer lasts as long as its client likes.
func TestCallsOfARequest(t *testing.T) {
	t.Parallel()
	c := testkit.NewCollector(t)
	u := begin(t, all(c))
	call := func(c *gin.Context, script string, err error) {
		tracing.CallRedis(c.Request.Context(), script).End(err)
	}
	u.Read("/many", func(c *gin.Context) error {
		for range 1000 {
			call(c, "many", nil)
		}
		return nil
	})
	u.Read("/events", func(c *gin.Context) error {
		call(c, "list", errors.New("secret"))
		metrics.Begun(c)
		for range 10 {
			call(c, "list", nil)
			tracing.CallMongoDB(c.Request.Context(), "find", "contents").End(nil)
			tracing.CallService(c.Request.Context(), "other-svc", http.MethodGet, http.Header{}).End(nil)
		}
		return nil
	})
	u.Read("/asks", func(c *gin.Context) error {
		header := http.Header{}
		calls := []*tracing.Call{
			tracing.CallMongoDB(c.Request.Context(), "find", "contents"),
			tracing.CallService(c.Request.Context(), "other-svc", http.MethodPost, header),
		}
		for _, each := range calls {
			each.Answered(http.StatusBadGateway)
			each.End(context.DeadlineExceeded)
		}
		if !strings.HasSuffix(header.Get("Traceparent"), "-01") {
			t.Errorf("passes on %v", header)
		}
		return nil
	})
	for _, path := range []string{"/many", "/events", "/asks"} {
		u.get(path)
	}
	u.close()
	counts := map[string]int{}
	for _, name := range names(c.Spans()) {
		counts[name]++
	}
	want := map[string]int{
		"GET /many": 1, "EVALSHA many": 64, "GET /events": 1, "EVALSHA list": 1, "GET /asks": 1, "find contents": 1, "POST other-svc": 1,
	}
	if fmt.Sprint(counts) != fmt.Sprint(want) {
		t.Errorf("spans %v, want %v", counts, want)
	}
	for _, span := range c.Spans() {
		if span.Name == "POST other-svc" && span.Attribute("error.type") != "timeout" || span.Name == "EVALSHA list" && span.Status.Code == 0 {
			t.Errorf("%v", span)
		}
	}
	if raw, _ := c.Raw(); strings.Contains(raw, "secret") {
		t.Error("the spans have the text of an error")
	}
}

// A collector that hangs holds nothing up: what is too much is dropped and counted, and the end of the service doesn't wait for it.
func TestCollectorHangs(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(hangs.Close)
	t.Cleanup(func() { close(release) })
	u := begin(t, tracing.Settings{Endpoint: hangs.URL, Share: 1})
	for range 5000 {
		u.get("/media/a/b")
	}
	// 2048 may wait.
	if dropped := u.spans("dropped"); dropped != "2952" {
		t.Errorf("%s of 5,000 spans are dropped", dropped)
	}
	began := time.Now()
	u.close()
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the end waited for %v", took)
	}
}

// spans returns how many have an outcome.
func (u *under) spans(outcome string) string {
	u.t.Helper()
	w := httptest.NewRecorder()
	metrics.Handler(u.registry).ServeHTTP(w, httptest.NewRequestWithContext(u.t.Context(), http.MethodGet, "/metrics", nil))
	_, rest, _ := strings.Cut(w.Body.String(), `trace_spans_total{outcome="`+outcome+`"} `)
	n, _, _ := strings.Cut(rest, "\n")
	return n
}

// A collector that refuses is told of in one line, and so is that it takes traces again.
func TestCollectorRefuses(t *testing.T) {
	t.Parallel()
	c := testkit.NewCollector(t)
	u := begin(t, all(c))
	round := func(outcome, n string) {
		t.Helper()
		u.get("/media/a/b")
		testkit.Eventually(t, n+" "+outcome, func() bool { return u.spans(outcome) == n })
	}
	c.Answer(http.StatusNotFound)
	round("dropped", "1")
	round("dropped", "2")
	round("dropped", "3")
	c.Answer(http.StatusOK)
	round("sent", "1")
	round("sent", "2")
	said := u.log.String()
	if strings.Count(said, "\n") != 2 || !strings.Contains(said, "404 Not Found") || !strings.Contains(said, "delivered again") {
		t.Errorf("said %s", said)
	}
}

// A collector that restarts loses nothing.
func TestCollectorRestarts(t *testing.T) {
	t.Parallel()
	c := testkit.NewCollector(t)
	c.Answer(http.StatusServiceUnavailable)
	u := begin(t, all(c))
	u.get("/media/a/b")
	time.AfterFunc(3*time.Second, func() { c.Answer(http.StatusOK) })
	testkit.Eventually(t, "the span", func() bool { return len(c.Spans()) == 1 })
	if said := u.log.String(); said != "" {
		t.Errorf("said %s", said)
	}
}

// Without a collector there is nothing, and what isn't traced costs no allocation. Not parallel, since it looks at the process.
func TestNoneCostsNothing(t *testing.T) { //nolint:paralleltest // see above
	before := runtime.NumGoroutine()
	off := begin(t, tracing.Settings{Share: 1})
	if off.traces != nil || runtime.NumGoroutine() != before || off.spans("sent") != "" {
		t.Errorf("tracing is %v, with %d goroutines more", off.traces, runtime.NumGoroutine()-before)
	}
	c := testkit.NewCollector(t)
	on := begin(t, tracing.Settings{Endpoint: c.URL})
	allocations := func(u *under) float64 {
		u.Read("/calls", func(c *gin.Context) error {
			tracing.CallRedis(c.Request.Context(), "start").End(nil)
			tracing.CallMongoDB(c.Request.Context(), "find", "contents").End(nil)
			tracing.CallService(c.Request.Context(), "other-svc", http.MethodGet, nil).End(nil)
			return nil
		})
		u.Read("/doesnt", func(*gin.Context) error { return nil })
		run := func(path string) float64 {
			request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			request.Header.Set("Traceparent", sampled)
			w := httptest.NewRecorder()
			return testing.AllocsPerRun(1000, func() {
				clear(w.Header())
				u.ServeHTTP(w, request)
			})
		}
		if calls, none := run("/calls"), run("/doesnt"); calls != none {
			t.Errorf("calls allocate: %v, without %v", calls, none)
		}
		return run("/calls")
	}
	if a, b := allocations(off), allocations(on); a != b {
		t.Errorf("%v allocations, with traces of others %v", a, b)
	}
}

// The durations and the log lead to the traces.
func TestWhatLeadsToTraces(t *testing.T) {
	t.Parallel()
	c := testkit.NewCollector(t)
	u := begin(t, all(c))
	u.get("/fails")
	u.close()
	trace := hex.EncodeToString(c.Spans()[0].TraceId)
	if said := u.log.String(); strings.Count(said, "traceId="+trace) != 1 {
		t.Errorf("the log has no trace %s: %s", trace, said)
	}
	scrape := func(accept string) string {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
		request.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		metrics.Handler(u.registry).ServeHTTP(w, request)
		return w.Body.String()
	}
	const series = `http_request_duration_seconds_bucket{listener="public",method="GET",route="/fails"`
	open := scrape("application/openmetrics-text;version=1.0.0")
	found := false
	for line := range strings.Lines(open) {
		found = found || strings.HasPrefix(line, series) && strings.Contains(line, ` # {trace_id="`+trace+`"} `)
	}
	if !found {
		t.Errorf("no exemplar of %s: %s", trace, open)
	}
	if plain := scrape("text/plain"); !strings.Contains(plain, series) || strings.Contains(plain, trace) {
		t.Errorf("the text format has exemplars: %s", plain)
	}
	quiet := begin(t, tracing.Settings{})
	quiet.get("/fails")
	if said := quiet.log.String(); said == "" || strings.Contains(said, "traceId") {
		t.Errorf("without traces: %s", said)
	}
}
