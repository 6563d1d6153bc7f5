package stream

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics measure the rule. No label has an account in it.
type Metrics struct {
	Tally Tally // or nil

	starts     *prometheus.CounterVec
	renewals   *prometheus.CounterVec
	ends       *prometheus.CounterVec
	levels     prometheus.Histogram
	lifetimes  prometheus.Histogram
	leases     prometheus.Counter
	violations prometheus.Counter
	scripts    *prometheus.HistogramVec
	failures   *prometheus.CounterVec
}

// Verbs of the store, which the latency of its scripts is told by.
var verbs = []string{
	"start", "renew", "stop", "undo", "list", "rebase", "open", "adopt", "refresh", "sessions", "end", "limit", "erase",
	"look", "take", "sent", "recall",
}

// NewMetrics registers the metrics, with a zero series for each label. Held says for how much longer new starts are held back.
func NewMetrics(registry *prometheus.Registry, held func() time.Duration) *Metrics {
	m := &Metrics{
		starts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stream_starts_total", Help: "Starts by outcome; limit_reached are the refusals of the rule.",
		}, []string{"outcome"}),
		renewals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stream_renewals_total", Help: "Renewals by outcome, from heartbeats and from fetched video.",
		}, []string{"outcome"}),
		ends: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "stream_ends_total", Help: "Streams ended on request, by reason; those that lapsed are not counted.",
		}, []string{"reason"}),
		lifetimes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "stream_lifetime_seconds", Help: "Time from a stream's start to its end on request.",
			Buckets: []float64{1, 10, 60, 300, 900, 1800, 3600, 7200, 14400, 43200},
		}),
		violations: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "stream_limit_violations_total",
			Help: "Slots granted to an account that then had more live leases than its limit. It must stay 0.",
		}),
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
	hold := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "stream_hold_seconds",
		Help: "For how much longer new starts are held back, since Redis restarted or was promoted and may have forgotten leases; 0 is not.",
	}, func() float64 { return held().Seconds() })
	registry.MustRegister(m.starts, m.renewals, m.ends, m.levels, m.lifetimes, m.leases, m.violations, hold, m.scripts, m.failures)
	for _, o := range []Outcome{Granted, Repeated, LimitReached, TooManyStarts, Held, Ended, NoSession, Unknown, Conflict, "unavailable"} {
		m.starts.WithLabelValues(string(o))
	}
	for _, o := range []Outcome{Renewed, Resumed, LimitReached, Ended, NoSession, Unknown, "unavailable"} {
		m.renewals.WithLabelValues(string(o))
	}
	for _, reason := range Reasons {
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

func (m *Metrics) started(outcome string) {
	m.starts.WithLabelValues(outcome).Inc()
	if m.Tally != nil {
		m.Tally.Started(outcome)
	}
}

func (m *Metrics) renewed(outcome string) { m.renewals.WithLabelValues(outcome).Inc() }

// Ended is told of each stream that was ended, how long after its start, and until when its lease would have lived.
func (m *Metrics) Ended(reason Reason, lived time.Duration, expires time.Time) {
	m.ends.WithLabelValues(string(reason)).Inc()
	m.lifetimes.Observe(lived.Seconds())
	if m.Tally != nil {
		m.Tally.Holds(expires, -1)
	}
}

// decided is told of each decision on a start or a renewal.
func (m *Metrics) decided(r Result) {
	m.leases.Add(max(0, r.Gained.Seconds())) // a counter can't take back what a clock that was set back takes
	if r.Outcome == Granted {
		m.levels.Observe(float64(r.Active))
	}
	if m.Tally != nil {
		if r.Gained != 0 {
			m.Tally.Holds(r.Lease.Expires, 1)
		}
		switch {
		case r.Outcome == Granted:
			m.Tally.Granted(r.Active)
		case r.Outcome == Renewed && r.Gained != 0:
			m.Tally.Holds(r.Lease.Expires.Add(-r.Gained), -1)
		}
	}
	if (r.Outcome == Granted || r.Outcome == Resumed) && r.Active > r.Limit {
		m.violations.Inc()
	}
}
