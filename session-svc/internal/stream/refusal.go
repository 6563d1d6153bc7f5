package stream

import (
	"time"

	"streamgate/libs/fault"
	"streamgate/session-svc/internal/session"
)

// ErrUnknown is the answer for a stream that is not known: none of the account's, or forgotten since its end.
var ErrUnknown = fault.New(fault.NotFound, "stream_not_found", "There is no such stream.")

var errConflict = fault.New(fault.Unprocessable, "idempotency_key_reused",
	"This Idempotency-Key was used to start another content, player or device; use a new key for each start.")

// LimitError refuses a start or a renewal: all of the account's slots are taken.
type LimitError struct {
	Limit int
	Live  []Lease // the leases that take them, oldest first; at least Limit
	// RetryAfter is the time to the earliest lapse, if nobody renews.
	RetryAfter time.Duration
}

func (e *LimitError) Error() string { return "stream limit reached" }

// EndedError says of a stream that it has ended for good.
type EndedError struct {
	End End
}

func (e *EndedError) Error() string { return "stream ended: " + string(e.End.Reason) }

// refusal returns the error of an outcome that is none of success.
func (s *Streams) refusal(r Result) error {
	switch r.Outcome {
	case LimitReached:
		wait := time.Duration(1<<63 - 1)
		for _, lease := range r.Live {
			wait = min(wait, lease.Expires.Sub(r.Now))
		}
		return &LimitError{Limit: r.Limit, Live: r.Live, RetryAfter: wait}
	case TooManyStarts:
		return fault.New(fault.TooManyRequests, "too_many_starts",
			"The account started too many streams in too short a time; wait, or keep one stream and seek in it.").After(r.Wait)
	case Ended:
		return &EndedError{r.End}
	case NoSession:
		return session.ErrEnded
	case Unknown:
		return ErrUnknown
	case Held:
		return fault.New(fault.Unavailable, "recovering",
			"The record of streams has just come back, and may have forgotten what plays; new streams start again in a moment.").After(s.rules.Lease)
	case Conflict:
		return errConflict
	default:
		return nil
	}
}
