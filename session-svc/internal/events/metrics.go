package events

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// relayMetrics measure the relay. No label has an account in it.
type relayMetrics struct {
	deliveries, failures, drops *prometheus.CounterVec

	mu     sync.Mutex
	oldest map[string]map[string]time.Time // by sink and account: the first event that could not be delivered
}

func newRelayMetrics(registry *prometheus.Registry, sinks []string) *relayMetrics {
	m := &relayMetrics{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "events_delivered_total", Help: "Events that a sink has got, repetitions included.",
		}, []string{"sink"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "events_failures_total", Help: "Tries to deliver an event that failed; it is tried again.",
		}, []string{"sink"}),
		drops: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "events_dropped_total", Help: "Events that a sink will never get, since it took none for too long.",
		}, []string{"sink"}),
		oldest: map[string]map[string]time.Time{},
	}
	registry.MustRegister(m.deliveries, m.failures, m.drops)
	for _, sink := range sinks {
		m.deliveries.WithLabelValues(sink)
		m.failures.WithLabelValues(sink)
		m.drops.WithLabelValues(sink)
		m.oldest[sink] = map[string]time.Time{}
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "events_lag_seconds", Help: "Age of the oldest event that this replica could not deliver to a sink; 0 if there is none.",
			ConstLabels: prometheus.Labels{"sink": sink},
		}, func() float64 { return m.lag(sink) }))
	}
	return m
}

func (m *relayMetrics) delivered(sink string) { m.deliveries.WithLabelValues(sink).Inc() }

func (m *relayMetrics) failed(sink string) { m.failures.WithLabelValues(sink).Inc() }

func (m *relayMetrics) dropped(sink string, n int) { m.drops.WithLabelValues(sink).Add(float64(n)) }

// waits notes that an account's event of that time could not be delivered.
func (m *relayMetrics) waits(sink, account string, since time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.oldest[sink][account] = since
}

// settled notes that an account has no such event, or that another replica has it.
func (m *relayMetrics) settled(sink, account string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.oldest[sink], account)
}

func (m *relayMetrics) lag(sink string) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	lag := time.Duration(0)
	for _, since := range m.oldest[sink] {
		lag = max(lag, time.Since(since))
	}
	return lag.Seconds()
}
