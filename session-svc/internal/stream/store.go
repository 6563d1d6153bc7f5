package stream

import (
	"context"
	"time"

	"streamgate/session-svc/internal/session"
)

// Store keeps the leases of all accounts. Each method is atomic for its account, takes its decision at one instant of the store's clock,
// and does the same when it is repeated. Package storetest holds stores to what is said here.
//
// The error of a method says that the store could not be asked (fault.Unavailable) or is broken; what it decided is in the Result.
type Store interface {
	// Start grants a lease, unless
	//   - a stream with this id has ended: Ended;
	//   - the session isn't signed in, or the store may have forgotten that it ended: NoSession;
	//   - the stream is known, by its id or its name, and session, content, player or device differ: Conflict;
	//   - it lives: Repeated with that lease;
	//   - Replace is set and names no stream that is known of the account: Unknown;
	//   - the store may have forgotten leases of the account that still live, since it lost its memory less than a lease ago: Held;
	//   - the account would hold more than Limit live leases, after those that this start replaces have ended: LimitReached. Then
	//     nothing changes. With Evicts, the oldest leases end instead, provided that all of them are past the cooldown.
	//   - the account has started more streams than Rules.Starts allows: TooManyStarts with Wait.
	// A start replaces the stream that Replace names, and those of the same session and Player, unless that is zero.
	//
	// A start that fails takes no slot: it is not granted after its context's deadline, and what was granted and not answered is given back.
	Start(ctx context.Context, account string, s Start) (Result, error)

	// Renew prolongs a live lease (Renewed), or takes a slot for a lapsed one (Resumed), unless
	//   - the stream is not known of this account and session: Unknown. But if the store lost its memory less than a lease ago, and
	//     Ticket is set, the lease is put back (Resumed), unless Limit others live: LimitReached;
	//   - it has ended: Ended;
	//   - the session isn't signed in, or the store may have forgotten that it ended: NoSession;
	//   - it had lapsed and Limit other leases live: LimitReached.
	// What was Sent holds the slot until it has been played, Rules.Ahead at most. But a stream that sent a Heartbeat lives by these, one
	// lease at a time. One that is Paused holds its slot for Hold from the first such sign on, or for what is left of a former one if that is
	// less, and takes none if it has lapsed: Renewed with Holds of 0 or less. Of what is Wanted, the account's Rules.Budget gives Credit, and the rest after Wait.
	Renew(ctx context.Context, account string, r Renewal) (Result, error)

	// RenewAll does the same for many leases, each for itself, and answers them in their order.
	RenewAll(ctx context.Context, all []AccountRenewal) []RenewalAnswer

	// Stop ends a live or lapsed stream of any session of the account: Done. Of an ended one it says Ended and changes nothing,
	// of one that is not known, Unknown.
	Stop(ctx context.Context, account string, s Stop) (Result, error)

	// List returns the live leases: Done with Live.
	List(ctx context.Context, account string) (Result, error)

	// SetLimit sets the limit that counts from now on, whatever the tokens and grants of before say.
	SetLimit(ctx context.Context, account string, limit int) error

	// RecallLimit does the same, unless a limit is set: it is that of a plan which the store may have forgotten.
	RecallLimit(ctx context.Context, account string, limit int) error
}

// Start asks for a lease.
type Start struct {
	ID ID
	// Named is set where the first NameLength bytes of ID follow from a key that the caller chose: a start is then repeated by another id
	// with the same ones, and answers the lease of the first.
	Named   bool
	Session session.ID
	Content string
	Player  Player
	Device  string
	Limit   int // 1 to jwtauth.MaxLimit; what SetLimit has set counts instead
	Evicts  bool
	Replace *ID
}

// NameLength is how many bytes of an id name a start.
const NameLength = 8

// Name returns what another id of the same start begins with: all of ID, unless it is Named.
func (s *Start) Name() []byte {
	if s.Named {
		return s.ID[:NameLength]
	}
	return s.ID[:]
}

// Renewal asks for more time.
type Renewal struct {
	ID      ID
	Session session.ID
	Limit   int // as of Start
	Ticket  *Ticket
	// Heartbeat is set of a sign of life that the player gives; otherwise it fetches.
	Heartbeat bool
	// Paused is set of a player that says that it doesn't play, and for how long that holds its slot.
	Paused bool
	Hold   time.Duration // in ms, up to MaxAhead
	Idle   time.Duration // since the sign of life, in ms
	Sent   time.Duration // film that the stream was sent since its sender last renewed it, in ms
	// Want is the film that is to be sent next, in ms. Below 0, it is what may be sent and won't be, if the stream has ended: the account
	// gets it back.
	Want time.Duration
}

// AccountRenewal is a renewal with its account.
type AccountRenewal struct {
	Renewal

	Account string
	Seen    *session.Sighting // of another issuer's account; else nil
}

// RenewalAnswer is what Store.Renew answers.
type RenewalAnswer struct {
	Result Result
	Err    error
}

// Ticket is what a grant says of a lease that the store may have forgotten.
type Ticket struct {
	Content string
	Player  Player
	Started time.Time
}

// Stop asks for the end of a stream.
type Stop struct {
	ID ID
	// Session is whose request it is. The reason is Stopped for the stream's own session and Terminated for any other.
	Session session.ID
	By      string
}

// Outcome is what a store decided.
type Outcome string

// The outcomes.
const (
	Granted       Outcome = "granted"
	Repeated      Outcome = "repeated"
	Renewed       Outcome = "renewed"
	Resumed       Outcome = "resumed"
	Done          Outcome = "done"
	LimitReached  Outcome = "limit_reached"
	TooManyStarts Outcome = "too_many_starts"
	Held          Outcome = "held"
	Ended         Outcome = "ended"
	NoSession     Outcome = "no_session"
	Unknown       Outcome = "unknown"
	Conflict      Outcome = "conflict"
)

// Result is a decision with the facts that it was taken on.
type Result struct {
	Outcome Outcome
	Now     time.Time // the instant of the decision, on the store's clock
	Limit   int       // that counted, of Start and Renew; of List, the one that was set, or 0
	Lease   Lease     // of Granted and Repeated; of Renewed and Resumed, its ID, Session and Expires alone
	End     End       // of Ended, and of Done after Stop
	// Gained is how much longer a lease lives after Granted, Renewed and Resumed. It is negative after a first heartbeat and if the store's
	// clock was set back.
	Gained time.Duration
	// Active is how many live leases the account holds after the decision; not of Renewed, which is asked for most.
	Active int
	// Credit is how much film may be sent, of what a renewal wanted. Wait is when the rest of it may, or the next start after TooManyStarts.
	Credit, Wait time.Duration
	// Ahead is how much film the stream was sent that can't have been played yet, of Renewed and Resumed.
	Ahead time.Duration
	// Holds is how long the lease lives without another sign of life, of Renewed and Resumed. It is 0 or less after one that was long ago.
	Holds time.Duration
	// Live are these leases, oldest first, of LimitReached and of List.
	Live []Lease
}
