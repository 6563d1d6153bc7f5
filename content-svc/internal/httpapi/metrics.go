package httpapi

import (
	"cmp"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/fault"
)

// The outcomes of an answer to a request for a file.
const (
	outcomeServed      = "served"
	outcomeEnded       = "ended"
	outcomeLimit       = "limit"
	outcomeUnavailable = "unavailable"
	outcomeNotFound    = "not_found"
)

// newSent registers the counter of bytes.
func newSent(registry *prometheus.Registry) prometheus.Counter {
	sent := prometheus.NewCounter(prometheus.CounterOpts{Name: "media_bytes_total", Help: "Bytes of files that were sent."})
	registry.MustRegister(sent)
	return sent
}

// newAnswers registers the counter of answers.
func newAnswers(registry *prometheus.Registry) *prometheus.CounterVec {
	answers := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "media_answers_total", Help: "Answers to requests for files, by outcome.",
	}, []string{"outcome"})
	registry.MustRegister(answers)
	for _, outcome := range []string{outcomeServed, outcomeEnded, outcomeLimit, outcomeUnavailable, outcomeNotFound} {
		answers.WithLabelValues(outcome)
	}
	return answers
}

var outcomes = map[fault.Kind]string{fault.Gone: outcomeEnded, fault.Forbidden: outcomeLimit, fault.NotFound: outcomeNotFound}

func outcome(err error) string {
	if err == nil {
		return outcomeServed
	}
	return cmp.Or(outcomes[fault.KindOf(err)], outcomeUnavailable)
}
