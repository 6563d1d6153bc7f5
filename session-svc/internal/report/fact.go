package report

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"

	"streamgate/session-svc/internal/events"
)

// Kind says what a fact is.
type Kind string

// The kinds.
const (
	Started Kind = "started" // a hold that began with a start
	Resumed Kind = "resumed" // a hold that began when a stream went on that had lapsed
	Ended   Kind = "ended"   // the end of a stream
	Refused Kind = "refused" // refused starts
)

// Fact is what is kept of an account until nothing that may still come changes its minutes.
type Fact struct {
	ID      string // no other fact has it
	Account string // 24 hex digits, or something that tells nothing once the account is erased
	Kind    Kind
	Stream  string // but of Refused
	Content string // 24 hex digits
	Device  Device
	// From is when it happened, and Until when a hold was over: zero while it lasts. Of what takes no time they are the same.
	From, Until time.Time
	// Opened and Closed are the numbers of the events that told of From and of Until; Closed is 0 while a hold lasts.
	Opened, Closed int64
	Lapsed         bool          // a hold was over since its lease ran out
	Reason         events.Reason // of Ended and Refused
	Level          int           // of Started and Refused: how many streams the account had, or would have had, with this one
	Times          int           // of Refused: how many there were
	// Seen is when a hold that lasts was known to do so.
	Seen time.Time
	// Unfolded is the earliest time of the fact that no minute has counted yet, or zero.
	Unfolded time.Time
}

// hold reports whether the fact is the time that a stream had its slot.
func (f *Fact) hold() bool { return f.Kind == Started || f.Kind == Resumed }

// Closing is the end of the hold of a stream, or of all holds of an account.
type Closing struct {
	Account, Stream string // one of them is ""
	At              time.Time
	Closed          int64 // holds that began with a later event go on
	Lapsed          bool
}

// newFact returns what an event of a stream begins, or is.
func newFact(e *events.Event, kind Kind) *Fact {
	d := &e.Data
	number := strconv.FormatInt(e.Sequence, 10)
	f := &Fact{
		Account: e.Account, Kind: kind, Content: d.Content, Device: DeviceOf(d.Device), From: e.Time, Until: e.Time, Opened: e.Sequence,
		Closed: e.Sequence, Reason: d.Reason, Unfolded: e.Time,
	}
	switch kind {
	case Started, Resumed:
		f.Level, f.Until, f.Closed, f.Seen = d.Active, time.Time{}, 0, e.Time
	case Refused:
		f.Level, f.Times = d.Active+1, max(1, d.Times)
		// The session's random bits are forgotten with the account. So nobody can tell afterwards whose it was.
		sum := sha256.Sum256([]byte(d.Session.String() + "/" + number))
		f.ID = base64.RawURLEncoding.EncodeToString(sum[:16])
		return f
	case Ended: // at once
	}
	f.Stream = d.Stream.String()
	f.ID = f.Stream + "/" + number
	return f
}
