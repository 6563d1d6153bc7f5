package metrics

import (
	"context"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"streamgate/libs/tracing"
)

// Unrouted is the route label of requests without a route, so that scanners can't create new series.
const Unrouted = "unrouted"

// HTTP measures requests: their rate, errors and duration by route template.
type HTTP struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
}

// NewHTTP registers the request metrics of a service. All its listeners share them.
func NewHTTP(registry *prometheus.Registry) *HTTP {
	h := &HTTP{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests answered, by listener, route template, method and status code.",
		}, []string{"listener", "method", "route", "code"}),
		// From half a millisecond, about the time of a start on Redis, to the longest time-out.
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_request_duration_seconds",
			Help:    "Time from the request's header to the end of the answer, or to its beginning if it lasts as long as the client likes.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"listener", "method", "route"}),
		inFlight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "http_requests_in_flight", Help: "Requests being answered now.",
		}, []string{"listener"}),
	}
	registry.MustRegister(h.requests, h.duration, h.inFlight)
	return h
}

// Middleware measures the requests of one listener, such as "public".
func (h *HTTP) Middleware(listener string) gin.HandlerFunc {
	requests := h.requests.MustCurryWith(prometheus.Labels{"listener": listener})
	duration := h.duration.MustCurryWith(prometheus.Labels{"listener": listener})
	inFlight := h.inFlight.WithLabelValues(listener)
	return func(c *gin.Context) {
		start := time.Now()
		inFlight.Inc()
		// Deferred, so that an aborted answer (http.ErrAbortHandler) is counted too.
		defer func() {
			inFlight.Dec()
			route, method := c.FullPath(), c.Request.Method
			if route == "" {
				route, method = Unrouted, "any"
			}
			requests.WithLabelValues(method, route, strconv.Itoa(c.Writer.Status())).Inc()
			ended := c.GetTime(begunKey)
			if ended.IsZero() {
				ended = time.Now()
			}
			observe(c.Request.Context(), duration.WithLabelValues(method, route), ended.Sub(start))
		}()
		c.Next()
	}
}

// observe adds the id of the trace, where there is one, as an exemplar.
func observe(ctx context.Context, duration prometheus.Observer, took time.Duration) {
	of := trace.SpanContextFromContext(ctx)
	if with, ok := duration.(prometheus.ExemplarObserver); ok && of.IsSampled() {
		with.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": of.TraceID().String()})
		return
	}
	duration.Observe(took.Seconds())
}

// begunKey holds the time when an answer began.
const begunKey = "streamgate/begun"

// Begun says that what follows of an answer lasts as long as its client likes, as events do: its duration is measured up to now.
func Begun(c *gin.Context) {
	c.Set(begunKey, time.Now())
	tracing.Begun(c)
}

// CountUnrouted counts a request that was answered with this status before the middleware saw it.
func (h *HTTP) CountUnrouted(listener string, status int) {
	h.requests.WithLabelValues(listener, "any", Unrouted, strconv.Itoa(status)).Inc()
}

// Expect creates the series of every route of the engine at start: a rate over a counter that appears with its first
// request misses that request, and an HPA without series does nothing.
func (h *HTTP) Expect(listener string, engine *gin.Engine) {
	for _, route := range engine.Routes() {
		h.requests.WithLabelValues(listener, route.Method, route.Path, "200")
		h.duration.WithLabelValues(listener, route.Method, route.Path)
	}
}
