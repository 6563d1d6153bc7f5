package events

import (
	"context"
	"time"
)

// BatchSize is how many events of an account a sink gets before that is noted.
const BatchSize = 64

// Outbox keeps the events of all accounts until all sinks have got them. Its errors are those of stream.Store.
type Outbox interface {
	// Hear has it call heard soon after each event that this replica's requests caused. An account may be named in vain.
	Hear(heard func(account string))

	// Take returns the next events of an account that a sink has not got, BatchSize at most. For so long no other relay takes any for that
	// sink, or until Sent.
	Take(ctx context.Context, account, sink, relay string, hold time.Duration) (Batch, error)

	// Sent notes that a sink has got all events up to one, and reports whether there are no more. The outbox forgets what all sinks have got.
	Sent(ctx context.Context, account, sink, relay string, sequence int64, sinks []string) (all bool, err error)

	// Look tells of the leases of an account that have lapsed. It returns when the next lease lapses unless it is renewed, or 0 if none
	// lives, and reports whether there are events that some sink has not got.
	Look(ctx context.Context, account string) (next time.Duration, waiting bool, err error)

	// Round goes through all accounts that play or have events, unless a relay did so less than every ago; 0 is
	// in any case. An account may be named twice.
	Round(ctx context.Context, relay string, every time.Duration, each func(account string)) (done bool, err error)
}

// Batch is what Take returns.
type Batch struct {
	Now     time.Time // on the store's clock
	Events  []Event
	Last    int64         // the number of the last one, also where that one was dropped
	Dropped int           // events that were dropped, since the sink took none for too long
	Busy    time.Duration // how much longer another relay brings the sink its events; then there are none here
}
