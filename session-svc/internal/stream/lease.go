package stream

import (
	"time"

	"streamgate/libs/base64id"
	"streamgate/libs/fault"
	"streamgate/session-svc/internal/session"
)

// ID names a stream: 128 random bits, so that no one can guess another's.
type ID [16]byte

// NewID returns a new id.
func NewID() ID { return ID(base64id.New(len(ID{}))) }

// ParseID parses what String returns. Its error names the field.
func ParseID(field, text string) (ID, error) {
	id, ok := base64id.Parse(text, len(ID{}))
	if !ok {
		return ID{}, fault.BadField(field, "must be a stream's id: 22 characters of base64url")
	}
	return ID(id), nil
}

// String returns 22 characters of base64url.
func (id ID) String() string { return base64id.String(id[:]) }

// Lease is the right to play one content.
type Lease struct {
	ID      ID
	Session session.ID
	Content string // 24 hex digits
	Player  Player
	Device  string // a name to show, at most session.MaxName characters
	Started time.Time
	Expires time.Time // milliseconds count; at this instant the lease has lapsed
}

// Player tells the players of one session apart: a hash of the name that the player gave itself. Zero is a player without a name.
type Player [4]byte

// Reason says why a stream ended.
type Reason string

// The reasons.
const (
	Stopped      Reason = "stopped"       // by its own session
	Replaced     Reason = "replaced"      // by a start that named it, or by the same player
	Terminated   Reason = "terminated"    // by another device of the account, or by support
	SessionEnded Reason = "session_ended" // its device was signed out
	Evicted      Reason = "evicted"       // by a start on a plan that evicts
)

// Reasons lists all reasons, for metrics and documents.
var Reasons = []Reason{Stopped, Replaced, Terminated, SessionEnded, Evicted}

// End is what is remembered of an ended stream.
type End struct {
	Reason Reason
	By     string // the name of the device that did it, or Support
}

// Support is the By of what an administrator ended.
const Support = "support"

// Rules are the figures of the rule. Times are in milliseconds at the finest.
type Rules struct {
	Lease    time.Duration // how long a lease lives after a sign of life
	Remember time.Duration // how long after its end a stream is known
	Resume   time.Duration // how long after its lapse a stream can take a slot again
	Cooldown time.Duration // how old a lease must be before a start can evict it
	Ahead    time.Duration // how much film that was sent and is not played yet holds a slot, at most; up to MaxAhead
	Pause    time.Duration // how long a player that says that it is paused holds its slot; up to MaxAhead
	Budget   Budget
	Starts   Starts
}

// MaxAhead is the longest Ahead or Pause that a store keeps.
const MaxAhead = 4 * time.Hour

// Budget bounds what an account is sent, whoever shares its addresses: Factor seconds of film a second for each of its slots, in the long
// run, and Burst more at once.
type Budget struct {
	Factor int           // thousandths of play, from 1000
	Burst  time.Duration // of film
}

// Starts bounds the starts of an account: one Every so often, in the long run, and Burst of them at once.
type Starts struct {
	Every time.Duration
	Burst int
}

// Keep is how long what is known of an account is kept after its last change.
func (r Rules) Keep() time.Duration {
	return max(r.Lease, r.Ahead, r.Pause) + max(r.Remember, r.Resume)
}

// NewRules returns the rules for a lease, with the default figures for all else.
func NewRules(lease time.Duration) Rules {
	return Rules{
		Lease: lease, Remember: 5 * time.Minute, Resume: 12 * time.Hour, Cooldown: max(3*lease, 30*time.Second), Ahead: 2 * time.Minute, Pause: time.Minute,
		Budget: Budget{Factor: 1250, Burst: 2 * time.Minute}, Starts: Starts{Every: 2 * time.Second, Burst: 30},
	}
}

// MaxRemembered bounds the ended and lapsed streams that are known of an account, so that a verb's cost is bounded.
const MaxRemembered = 8
