package session

import "context"

// Store keeps the sessions of all accounts. Each method is atomic for its account, on the store's clock. Its errors are as those of
// stream.Store; package storetest holds stores to what is said here.
type Store interface {
	// Open adds a session, whose Created, Refreshed and Expires are the store's to set, and gives it back. If MaxSessions live, the one
	// that was not refreshed for longest ends. Repeated with the same ID, it changes nothing. If the account is known to have signed in
	// before and the store has never heard of it, the store has lost its memory of the account, now.
	Open(ctx context.Context, account string, s Session, known bool) (Session, error)

	// Adopt takes back a session that a genuine token speaks for, as if it had been opened now, if the store has lost its memory of the
	// account within AdoptFor and can't have ended the session: neither by itself, nor with all others while the token could speak for
	// it, AdoptFor or, of NoGeneration, GrantFor ago. An account that it has never heard of is one that it has just lost.
	// It says whether the session lives now. Its Generation is AnyGeneration or NoGeneration, and a living one of NoGeneration becomes
	// one of AnyGeneration.
	Adopt(ctx context.Context, account string, s Session) (bool, error)

	// Refresh takes a generation for the next: Refreshed with the session as it is then. The generation before the current one is
	// Refreshed too, with nothing changed, until Grace has passed since. Any older one ends the session, whose streams can then not be
	// renewed: Reused. A newer one is of a refresh that the store has lost, and taken. No session, or one of NoGeneration: Missing.
	// AnyGeneration takes every one.
	Refresh(ctx context.Context, account string, r Refresh) (Session, Outcome, error)

	// Get gives a session, or false when there is none.
	Get(ctx context.Context, account string, id ID) (Session, bool, error)

	// List gives the sessions, the last refreshed first.
	List(ctx context.Context, account string) ([]Session, error)

	// End ends the named session, or all but the named one, and the streams of what it ends, in one step: these streams have ended
	// as stream.SessionEnded, by the name given.
	End(ctx context.Context, account string, e End) error
}

// Refresh asks for the next generation.
type Refresh struct {
	ID         ID
	Generation int32
}

// End asks for the end of sessions.
type End struct {
	ID     ID
	Others bool // all but ID; the zero ID is nobody's, so that this ends all
	By     string
}

// Outcome is what a store decided on a refresh.
type Outcome string

// The outcomes.
const (
	Refreshed Outcome = "refreshed"
	Reused    Outcome = "reused"
	Missing   Outcome = "missing"
)
