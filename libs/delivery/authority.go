package delivery

import (
	"context"
	"time"

	"streamgate/libs/fault"
)

// Authority is who decides about leases.
type Authority interface {
	// Renew renews the leases of many streams in one call. It returns one answer for each question, in their order. With an error,
	// there was no answer.
	Renew(ctx context.Context, questions []Question) ([]Answer, error)
}

// Question is about one stream.
type Question struct {
	Grant string
	Sent  time.Duration // film that was sent since the question before, in whole milliseconds
	Want  time.Duration // film that is to be sent next, the same; below 0, credit that goes back if the stream has ended
	Idle  time.Duration // since the last sign of life, the same
}

// Answer is what the authority decided on one stream.
type Answer struct {
	// Err has the kinds fault.Gone for an ended stream, fault.Forbidden when it had lapsed and no slot is free, fault.NotFound and
	// fault.Invalid for a stream or a grant that the authority doesn't know. With any other error there was no decision.
	Err    error
	Lease  time.Duration // how long a lease lives after a sign of life, more than 0
	Holds  time.Duration // how long this one lives now, at least Lease
	Ahead  time.Duration // film that the stream was sent, by all senders, and that can't have been played yet
	Credit time.Duration // film that may be sent, of what was wanted
	Wait   time.Duration // when to ask for the rest of it
}

// The answers to a player.
var (
	// ErrUnknown is the answer for a stream that the authority doesn't know.
	ErrUnknown = fault.ErrNoPath
	// ErrEarly is the answer to a request for film that may not be sent yet.
	ErrEarly = fault.New(fault.Unavailable, "too_early",
		"The stream was sent more film than can have been played; ask again in a moment.").After(time.Second)
)
