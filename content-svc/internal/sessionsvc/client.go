// Package sessionsvc asks session-svc about leases.
package sessionsvc

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/fault"
	"streamgate/libs/peer"
)

// Timeout bounds a question: a player waits for it, and none waits longer than this when session-svc hangs.
const Timeout = 500 * time.Millisecond

// The outcomes of a question, as its metric labels them.
const (
	outcomeRenewed = "renewed"
	outcomeEnded   = "ended"
	outcomeLimit   = "limit"
	outcomeUnknown = "unknown"
	outcomeFailed  = "failed"
)

// Client is a lease.Authority.
type Client struct {
	peer      *peer.Client
	questions *prometheus.CounterVec
	seconds   prometheus.Histogram
}

// NewClient makes a client of session-svc's internal listener at base, such as http://session-svc:8081.
func NewClient(base, secret string, registry *prometheus.Registry) *Client {
	c := &Client{
		peer: peer.NewClient("session-svc", base, secret, Timeout),
		questions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lease_questions_total", Help: "Questions to session-svc about a stream's lease, by outcome.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "lease_question_seconds", Help: "Time that session-svc took to answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5},
		}),
	}
	registry.MustRegister(c.questions, c.seconds)
	for _, outcome := range []string{outcomeRenewed, outcomeEnded, outcomeLimit, outcomeUnknown, outcomeFailed} {
		c.questions.WithLabelValues(outcome)
	}
	return c
}

// Renew prolongs the lease of the grant's stream; see lease.Authority.
func (c *Client) Renew(ctx context.Context, grant string) (time.Duration, error) {
	question := struct {
		Grant string `json:"grant"`
	}{grant}
	var answer struct {
		ExpiresAt time.Time `json:"expiresAt"` // on session-svc's clock, which isn't ours
		Lease     int64     `json:"lease"`     // milliseconds
	}
	began := time.Now()
	err := c.peer.Call(ctx, http.MethodPost, "/internal/leases/renew", question, &answer)
	if err == nil && answer.Lease <= 0 {
		err = fault.Away(c.peer.Name, fmt.Errorf("its answer has a lease of %d ms", answer.Lease))
	}
	c.seconds.Observe(time.Since(began).Seconds())
	c.questions.WithLabelValues(outcome(err)).Inc()
	return time.Duration(answer.Lease) * time.Millisecond, err
}

func outcome(err error) string {
	if err == nil {
		return outcomeRenewed
	}
	switch fault.KindOf(err) {
	case fault.Gone:
		return outcomeEnded
	case fault.Forbidden:
		return outcomeLimit
	case fault.NotFound, fault.Invalid:
		return outcomeUnknown
	default:
		return outcomeFailed
	}
}
