package metrics_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/metrics"
)

func scrape(t testing.TB, registry *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	metrics.Handler(registry).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// want fails the test unless all lines were scraped.
func want(t testing.TB, scraped string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+scraped, "\n"+line+"\n") {
			t.Errorf("no line %s", line)
		}
	}
}

// engine has two routes: one answers 201, one aborts its answer.
func engine(h *metrics.HTTP) *gin.Engine {
	e := gin.New()
	e.HandleMethodNotAllowed, e.RedirectTrailingSlash = true, false
	e.Use(h.Middleware("public"))
	e.POST("/streams/:id", func(c *gin.Context) { c.Status(http.StatusCreated) })
	e.GET("/broken", func(*gin.Context) { panic(http.ErrAbortHandler) })
	h.Expect("public", e)
	return e
}

func ask(t testing.TB, e *gin.Engine, method, path string) {
	t.Helper()
	defer func() {
		if reason := recover(); reason != nil && reason != http.ErrAbortHandler { //nolint:errorlint // any reason but this very one
			panic(reason)
		}
	}()
	e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), method, path, nil))
}

func TestAnIdleServiceHasItsSeries(t *testing.T) {
	t.Parallel()
	registry := metrics.NewRegistry("session-svc", "v1.2.3")
	engine(metrics.NewHTTP(registry))
	scraped := scrape(t, registry)
	want(t, scraped,
		`http_requests_total{code="200",listener="public",method="POST",route="/streams/:id"} 0`,
		`http_requests_total{code="200",listener="public",method="GET",route="/broken"} 0`,
		`http_request_duration_seconds_count{listener="public",method="POST",route="/streams/:id"} 0`,
		`http_requests_in_flight{listener="public"} 0`)
	for _, part := range []string{
		`streamgate_build_info{`, `service="session-svc"`, `version="v1.2.3"`, "go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(scraped, part) {
			t.Errorf("nothing of %s", part)
		}
	}
}

func TestRequestsAreCountedByRoute(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	e := engine(metrics.NewHTTP(registry))
	for _, path := range []string{"/streams/1", "/streams/2"} {
		ask(t, e, http.MethodPost, path)
	}
	ask(t, e, http.MethodGet, "/broken")
	want(t, scrape(t, registry),
		`http_requests_total{code="201",listener="public",method="POST",route="/streams/:id"} 2`,
		`http_request_duration_seconds_count{listener="public",method="POST",route="/streams/:id"} 2`,
		`http_requests_total{code="200",listener="public",method="GET",route="/broken"} 1`,
		`http_request_duration_seconds_count{listener="public",method="GET",route="/broken"} 1`,
		`http_requests_in_flight{listener="public"} 0`)
}

func TestScannersMakeNoSeries(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	e := engine(metrics.NewHTTP(registry))
	ask(t, e, http.MethodGet, "/nothing")
	ask(t, e, http.MethodGet, "/broken")
	ask(t, e, http.MethodPut, "/broken")
	before := strings.Count(scrape(t, registry), "\n")
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "X-INVENTED"} {
		for _, path := range []string{"/wp-login.php", "/.env", "/streams", "/broken/", "/%00", "/streams/1/2"} {
			ask(t, e, method, path)
		}
	}
	scraped := scrape(t, registry)
	if after := strings.Count(scraped, "\n"); after != before {
		t.Errorf("%d lines became %d", before, after)
	}
	want(t, scraped, `http_requests_total{code="404",listener="public",method="any",route="unrouted"} 37`)
}

func TestRequestsInFlight(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	h := metrics.NewHTTP(registry)
	e := gin.New()
	e.Use(h.Middleware("internal"))
	e.GET("/", func(*gin.Context) { want(t, scrape(t, registry), `http_requests_in_flight{listener="internal"} 1`) })
	ask(t, e, http.MethodGet, "/")
	want(t, scrape(t, registry), `http_requests_in_flight{listener="internal"} 0`)
}

// Events that somebody listens to for an hour are no slow request.
func TestAnswersThatLast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry := prometheus.NewRegistry()
		h := metrics.NewHTTP(registry)
		e := gin.New()
		e.Use(h.Middleware("public"))
		e.GET("/events", func(c *gin.Context) {
			<-time.After(2 * time.Millisecond)
			metrics.Begun(c)
			<-time.After(time.Hour)
		})
		ask(t, e, http.MethodGet, "/events")
		want(t, scrape(t, registry),
			`http_request_duration_seconds_bucket{listener="public",method="GET",route="/events",le="0.001"} 0`,
			`http_request_duration_seconds_bucket{listener="public",method="GET",route="/events",le="0.0025"} 1`,
			`http_requests_total{code="200",listener="public",method="GET",route="/events"} 1`)
	})
}
