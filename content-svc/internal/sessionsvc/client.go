package sessionsvc

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/delivery"
	"streamgate/libs/fault"
	"streamgate/libs/peer"
	"streamgate/libs/problem"
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

// Client is a delivery.Authority.
type Client struct {
	peer      *peer.Client
	ends      *peer.Client
	questions *prometheus.CounterVec
	seconds   prometheus.Histogram
	told      prometheus.Gauge
}

var _ delivery.Authority = (*Client)(nil)

// NewClient returns a client of session-svc's internal listener at base, such as http://session-svc:8081, that shows these secrets.
func NewClient(base string, secrets []string, registry *prometheus.Registry) *Client {
	c := &Client{
		peer: peer.NewClient("session-svc", base, secrets, Timeout),
		ends: peer.NewClient("session-svc", base, secrets, 0), // it has no end
		questions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "lease_questions_total", Help: "Questions to session-svc about a stream's lease, by outcome.",
		}, []string{"outcome"}),
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "lease_question_seconds", Help: "Time that session-svc took to answer a call, which asks about many streams.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5},
		}),
		told: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "stream_ends_connected", Help: "1 while session-svc tells of ends as they happen; 0 is when they are only noticed by renewals.",
		}),
	}
	registry.MustRegister(c.questions, c.seconds, c.told)
	for _, outcome := range []string{outcomeRenewed, outcomeEnded, outcomeLimit, outcomeUnknown, outcomeFailed} {
		c.questions.WithLabelValues(outcome)
	}
	return c
}

// What session-svc is asked and answers. Times are milliseconds.
type (
	renewalDTO struct {
		Grant string `json:"grant"`
		Sent  int64  `json:"sent"`
		Want  int64  `json:"want"`
		Idle  int64  `json:"idle"`
	}
	renewalsDTO struct {
		Renewals []renewalDTO `json:"renewals"`
	}
	deliveryDTO struct {
		Problem    *problem.Document `json:"problem"`
		RetryAfter int64             `json:"retryAfter"`
		Holds      int64             `json:"holds"`
		Ahead      int64             `json:"ahead"`
		Credit     int64             `json:"credit"`
		Wait       int64             `json:"wait"`
	}
	deliveriesDTO struct {
		Lease      int64         `json:"lease"`
		Deliveries []deliveryDTO `json:"deliveries"`
	}
)

// Renew implements delivery.Authority.
func (c *Client) Renew(ctx context.Context, questions []delivery.Question) ([]delivery.Answer, error) {
	asked := renewalsDTO{make([]renewalDTO, len(questions))}
	for i, q := range questions {
		asked.Renewals[i] = renewalDTO{q.Grant, q.Sent.Milliseconds(), q.Want.Milliseconds(), q.Idle.Milliseconds()}
	}
	var answer deliveriesDTO
	began := time.Now()
	err := c.peer.Call(ctx, http.MethodPost, "/internal/leases/renew", asked, &answer)
	c.seconds.Observe(time.Since(began).Seconds())
	if err == nil && (answer.Lease <= 0 || len(answer.Deliveries) != len(questions)) {
		err = fault.Away(c.peer.Name, errAnswer)
	}
	if err != nil {
		c.questions.WithLabelValues(outcomeFailed).Add(float64(len(questions)))
		return nil, err
	}
	answers := make([]delivery.Answer, len(questions))
	for i, d := range answer.Deliveries {
		answers[i] = d.answer(answer.Lease)
		c.questions.WithLabelValues(outcome(answers[i].Err)).Inc()
	}
	return answers, nil
}

func (d *deliveryDTO) answer(lease int64) delivery.Answer {
	ms := func(n int64) time.Duration { return time.Duration(n) * time.Millisecond }
	if d.Problem != nil {
		refusal := d.Problem.Fault()
		refusal.RetryAfter = ms(d.RetryAfter)
		return delivery.Answer{Err: refusal}
	}
	return delivery.Answer{Lease: ms(lease), Holds: ms(d.Holds), Ahead: ms(d.Ahead), Credit: ms(d.Credit), Wait: ms(d.Wait)}
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
