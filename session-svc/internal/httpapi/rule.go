package httpapi

import (
	"context"
	"errors"

	"streamgate/libs/delivery"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// Rule is the stream rule in the words of the contract, for the decisions on requests of other servers. It is a delivery.Authority, as
// content-svc's client of our internal listener is.
type Rule struct {
	*stream.Streams
}

var _ delivery.Authority = Rule{}

// Renew implements delivery.Authority.
func (r Rule) Renew(ctx context.Context, questions []delivery.Question) ([]delivery.Answer, error) {
	asked := make([]stream.Sent, len(questions))
	for i, q := range questions {
		asked[i] = stream.Sent{Grant: q.Grant, Film: q.Sent, Want: q.Want, Idle: q.Idle}
	}
	deliveries, errs := r.RenewByGrants(ctx, asked)
	answers := make([]delivery.Answer, len(questions))
	for i, d := range deliveries {
		answers[i] = delivery.Answer{
			Err: explainToPlayer(errs[i]), Lease: r.Rules().Lease, Holds: d.Holds, Ahead: d.Ahead, Credit: d.Credit, Wait: d.Wait,
		}
	}
	return answers, nil
}

// Start starts a stream.
func (r Rule) Start(ctx context.Context, caller stream.Caller, o stream.Options) (stream.Playing, error) {
	playing, err := r.Streams.Start(ctx, caller, o)
	return playing, explain(err)
}

// explainToPlayer is explain for a player that has a grant alone, and no session to sign in to.
func explainToPlayer(err error) error {
	if errors.Is(err, session.ErrEnded) {
		err = &stream.EndedError{End: stream.End{Reason: stream.SessionEnded}}
	}
	return explain(err)
}
