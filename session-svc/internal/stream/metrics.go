package stream

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics measure the rule. No label has an account in it.
type Metrics struct {
	starts   *prometheus.CounterVec
	renewals *prometheus.CounterVec
	ends     *prometheus.CounterVec
	levels   prometheus.Histogram
	leases   prometheus.Counter
	scripts  *prometheus.HistogramVec
	failures *prometheus.CounterVec
}

// Verbs of the store, which the latency of its scripts is told by.
var verbs = []string{"start", "renew", "stop", "list", "open", "adopt", "refresh", "sessions", "end"}

// NewMetrics registers the metrics, with a zero series for each label.
func NewMetrics(registry *prometheus.Registry) *Metrics {
	m := &Metrics{
		starts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stream_starts_total", Help: "Starts by outcome; limit_reached are the refusals of the rule.",
		}, []string{"outcome"}),
		renewals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stream_renewals_total", Help: "Renewals by outcome, from heartbeats and from fetched video.",
		}, []string{"outcome"}),
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stream_ends_total", Help: "Streams ended on request, by reason.",
		}, []string{"reason"}),
		levels: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "stream_concurrency", Help: "Live leases of the account after each granted start, this one included.",
			Buckets: []float64{1, 2, 3, 4, 5, 6, 8, 10, 20, 100},
		}),
		leases: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "stream_lease_seconds_total",
			Help: "Lease time granted; its rate is the number of streams that play, since each uses one second of lease a second.",
		}),
		scripts: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "redis_script_duration_seconds", Help: "Time of a script's round trip, by verb.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5},
		}, []string{"verb"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "redis_script_failures_total", Help: "Scripts that got no answer or an error, by verb.",
		}, []string{"verb"}),
	}
	registry.MustRegister(m.starts, m.renewals, m.ends, m.levels, m.leases, m.scripts, m.failures)
	for _, o := range []Outcome{Granted, Repeated, LimitReached, Held, Ended, NoSession, Unknown, Conflict, "unavailable"} {
		m.starts.WithLabelValues(string(o))
	}
	for _, o := range []Outcome{Renewed, Resumed, LimitReached, Ended, NoSession, Unknown, "unavailable"} {
		m.renewals.WithLabelValues(string(o))
	}
	for _, reason := range []Reason{Stopped, Terminated} {
		m.ends.WithLabelValues(string(reason))
	}
	for _, verb := range verbs {
		m.scripts.WithLabelValues(verb)
		m.failures.WithLabelValues(verb)
	}
	return m
}

// Script is told of each call of the store.
func (m *Metrics) Script(verb string, took time.Duration, err error) {
	m.scripts.WithLabelValues(verb).Observe(took.Seconds())
	if err != nil {
		m.failures.WithLabelValues(verb).Inc()
	}
}

func (m *Metrics) started(outcome string) { m.starts.WithLabelValues(outcome).Inc() }

func (m *Metrics) renewed(outcome string) { m.renewals.WithLabelValues(outcome).Inc() }

func (m *Metrics) ended(reason Reason) { m.ends.WithLabelValues(string(reason)).Inc() }

func (m *Metrics) gained(d time.Duration) { m.leases.Add(d.Seconds()) }

func (m *Metrics) concurrency(level int) { m.levels.Observe(float64(level)) }
