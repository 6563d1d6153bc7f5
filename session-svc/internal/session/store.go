package session

import "context"

// Store keeps the sessions of all accounts. Each method is atomic for its account, on the store's clock. Its errors are as those of
// stream.Store; package storetest holds stores to what is said here.
type Store interface {
	// Open adds a session, sets its Created, Refreshed and Expires, and returns it. If MaxSessions live, the one that was not refreshed
	// for longest ends. Repeated with the same ID, it changes nothing. At a LaterSignIn of an account that the store has never heard of,
	// the store has forgotten the account, just now.
	Open(ctx context.Context, account string, s Session, signIn SignIn) (Session, error)

	// Adopt takes back a session that its Witness speaks for, as if it had been opened now. It does so only if the store forgot something
	// of the account within AdoptFor and can't have ended the session: neither by itself, nor with all others while the witness could
	// speak for it, which is AdoptFor for ByToken and GrantFor for ByGrant. An account that it has never heard of is one that it has
	// forgotten just now. A session that lives ByGrant lives ByToken after a token spoke for it. It reports whether the session lives now.
	Adopt(ctx context.Context, account string, s Session) (bool, error)

	// Refresh takes a generation for the next: Refreshed with the session as it is then. The generation before the current one is
	// Refreshed too, with nothing changed, until Grace has passed since. Any older one ends the session, whose streams can then not be
	// renewed: Reused. A newer one is of a refresh that the store has lost, and taken. No session, or one that lives ByGrant: Missing.
	// One that lives ByToken takes every generation.
	Refresh(ctx context.Context, account string, r Refresh) (Session, Outcome, error)

	// Get returns a session, or false when there is none.
	Get(ctx context.Context, account string, id ID) (Session, bool, error)

	// List returns the sessions, the last refreshed first.
	List(ctx context.Context, account string) ([]Session, error)

	// End ends the selected sessions and their streams, in one step: these streams have ended as stream.SessionEnded, by the name given.
	End(ctx context.Context, account string, which Selection, by string) error
}

// Refresh asks for the next generation.
type Refresh struct {
	ID         ID
	Generation int32
}

// Outcome is what a store decided on a refresh.
type Outcome string

// The outcomes.
const (
	Refreshed Outcome = "refreshed"
	Reused    Outcome = "reused"
	Missing   Outcome = "missing"
)
