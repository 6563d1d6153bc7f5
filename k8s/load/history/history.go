package history

import (
	"net/http"
	"time"
)

// Verb is what a client asks for.
type Verb string

// The verbs.
const (
	Start     Verb = "start"
	Heartbeat Verb = "heartbeat"
	Stop      Verb = "stop"
	List      Verb = "list"
	Fetch     Verb = "fetch"    // of video; it may renew the lease
	SignOut   Verb = "sign-out" // ends the session and its streams
	Refresh   Verb = "refresh"  // of the session's tokens
)

// Op is one request of a client. Times count from the start of the recording, on the recorder's monotonic clock.
type Op struct {
	Client  int
	Verb    Verb
	Account string
	Session string // that asks; of a sign-out, the one to end
	By      string // of a sign-out: the session that asks
	Stream  string // whose heartbeat, stop or fetch it is
	// Device is the name that a start shows. No two starts have the same, but the repetitions of one do. So a listed
	// stream tells which start it came from, even if that start got no answer.
	Device  string
	Player  string // of a start
	Key     string // of a start: its Idempotency-Key
	Replace string // of a start: the stream to replace
	Hasty   bool   // the client did not mean to wait for the answer
	Piece   Piece  // of a fetch

	Invoked  time.Duration
	Returned time.Duration // when the answer was there, or the client gave up
	Answer   Answer
}

// Answer is what came back. The zero Answer means that none came.
type Answer struct {
	Status int
	Code   string // of a problem document
	Detail string // of a problem document

	// Of a start, and Expires of a heartbeat too. They are the server's times.
	Stream  string
	Started time.Time
	Expires time.Time

	Resumed bool   // of a heartbeat
	Source  string // of a start: where the video is
	Ticket  string // of a start: what a heartbeat may carry
	Active  int    // of a start: live leases, this one included
	Limit   int    // of a start and of a refusal

	Streams []Listed // of a refusal and of a list
	Reason  string   // of an ended stream
	By      string   // of an ended stream

	Token, RefreshToken string // of a refresh

	RetryAfter bool // the answer says when to come back
	// FirstByte and LastByte are when the first and the last byte of video came, on the recorder's clock.
	FirstByte, LastByte time.Duration
	Film                time.Duration // that came, of a fetch: the length of its piece, or 0 if that did not come whole
}

// Piece is a piece of film: where in the film it begins, and how long it is. What is no film has no length.
type Piece struct {
	At, Length time.Duration
}

// Listed is a live lease as the server lists it.
type Listed struct {
	ID      string
	Device  string
	Started time.Time
	Expires time.Time
}

// The codes of problem documents that a history is judged by.
const (
	CodeLimit      = "stream_limit_reached"
	CodeRecovering = "recovering"
	CodeEarly      = "too_early"
	CodeStarts     = "too_many_starts"
)

// Done reports whether the request was carried out.
func (o *Op) Done() bool { return o.Answer.Status >= 200 && o.Answer.Status < 300 }

// Refused reports whether the rule refused it: all slots are taken.
func (o *Op) Refused() bool {
	return o.Answer.Status == http.StatusForbidden && o.Answer.Code == CodeLimit
}

// Held reports whether the service held a new start back, since its store may have forgotten leases.
func (o *Op) Held() bool { return o.Answer.Code == CodeRecovering }

// Slowed reports whether the service told the client to come back later: film is not due yet, or the account starts streams too often.
func (o *Op) Slowed() bool {
	return (o.Answer.Code == CodeEarly || o.Answer.Code == CodeStarts) && o.Answer.RetryAfter
}

// Open reports whether it is unknown if the request was carried out: there was no answer, or one that tells of a
// failure on the way. It may be carried out even after Returned.
func (o *Op) Open() bool { return o.Answer.Status == 0 || o.Answer.Status >= 500 }

// Step is a step of the server's clock. No request was under way when it happened.
type Step struct {
	At time.Duration // on the recorder's clock
	By time.Duration
}

// History is a recording.
type History struct {
	Began time.Time // the wall clock of the recorder's machine when its monotonic clock was 0
	Ops   []Op      // in the order of their ends
	Steps []Step    // in the order of time
}
