package events

import (
	"strconv"
	"time"

	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// Type says what happened.
type Type string

// The types.
const (
	SessionOpened Type = "session.opened"
	SessionEnded  Type = "session.ended"
	StreamStarted Type = "stream.started"
	StreamRefused Type = "stream.refused" // a start; a renewal that found no slot is none
	StreamLapsed  Type = "stream.lapsed"
	StreamResumed Type = "stream.resumed"
	StreamEnded   Type = "stream.ended"
	PlanChanged   Type = "plan.changed"
	LimitViolated Type = "limit.violated"
	AccountErased Type = "account.erased" // with all that we know of it
)

// Types lists all of them.
var Types = []Type{
	SessionOpened, SessionEnded, StreamStarted, StreamRefused, StreamLapsed, StreamResumed, StreamEnded, PlanChanged, LimitViolated,
	AccountErased,
}

// Reason says why a start was refused, or a session or a stream ended. Those of stream.Reason are among them.
type Reason string

// The reasons that package stream doesn't have.
const (
	// Of a start that was refused.
	LimitReached  Reason = Reason(stream.LimitReached)
	TooManyStarts Reason = Reason(stream.TooManyStarts)
	Recovering    Reason = "recovering" // the store may have forgotten what plays
	// Of a stream that ended.
	Undone Reason = "undone" // nobody got the answer to its start
	// Of a session that ended.
	SignedOut   Reason = "signed_out"
	Expired     Reason = "expired"      // not refreshed in time
	Crowded     Reason = "crowded"      // the account signed in on one device more than it may have
	TokenReused Reason = "token_reused" // its refresh token was used twice
)

// Event is something that happened to an account.
type Event struct {
	Account string // 24 hex digits
	// Sequence is the event's number in the account. It grows by one from event to event; by more where the store has forgotten the account, or
	// dropped events that a sink did not take in time.
	Sequence int64
	Time     time.Time // when it happened, in milliseconds on the store's clock
	Type     Type
	Data     Data
}

// Data says more. What an event doesn't have is zero.
type Data struct {
	Session session.ID // of all but PlanChanged and AccountErased
	Stream  stream.ID  // of StreamStarted, -Lapsed, -Resumed, -Ended and LimitViolated
	Content string     // of the same and StreamRefused: 24 hex digits
	Started time.Time  // of those with Stream
	Device  string     // of SessionOpened, SessionEnded, StreamStarted and StreamRefused: its name, or "" where it has none
	Reason  Reason     // of StreamRefused, StreamEnded and SessionEnded
	By      string     // of StreamEnded and SessionEnded: the name of who ended it, or ""
	Limit   int        // that counted, of StreamStarted, -Refused, -Resumed and LimitViolated; of PlanChanged, the new one
	Active  int        // live leases of the account then, of the same
	Times   int        // of StreamRefused: how many there were since the last one that was told, this one included; others are told once a second at most
}

// ID returns what no other event has, and a repetition of this one has too.
func (e *Event) ID() string { return e.Account + "-" + strconv.FormatInt(e.Sequence, 10) }
