package session

import "context"

// Store keeps the sessions of all accounts. Each method is atomic for its account, on the store's clock. Its errors are those of
// stream.Store. Package storetest tests stores against this contract.
type Store interface {
	// Open adds a session, sets its Created, Refreshed and Expires, and returns it. If MaxSessions live, the one that was refreshed least
	// recently ends. A repetition with the same ID changes nothing. If the store does not know the account of a LaterSignIn, it has
	// forgotten the account, and counts that as having happened just now.
	Open(ctx context.Context, account string, s Session, signIn SignIn) (Session, error)

	// Adopt takes back a session that the store has forgotten, as Records has it, and reports whether the session lives now: one that the
	// store knows stays as it is, living or ended, and is not Doubtful any more. An account that the store does not know counts as forgotten
	// just now.
	Adopt(ctx context.Context, account string, s Session) (bool, error)

	// Sight opens a session of another issuer's account that was seen, and returns it and whether it lives. One that lives stays as it is, and one
	// that expired opens again. One that was ended has ended, unless the device signed in later; and so has one that the store doesn't know, if all
	// others were ended, unless it signed in later, or if the store may have forgotten the end, unless what was seen was issued later. SightLeeway allows
	// for clocks that differ. If MaxSessions live, the one that was opened first ends. An account that the store doesn't know counts as forgotten when
	// the store may last have lost its memory. Where the store may have forgotten an end, it first takes back those that are recorded; it asks for them
	// once, and its error is that of asking.
	Sight(ctx context.Context, account string, id ID, seen Sighting, recorded RecordedEnds) (Session, bool, error)

	// Refresh exchanges a generation for the next. The outcome is one of these:
	//   - Refreshed, with the session as it is then, if the generation is the current one, or a newer one from a refresh that the store has
	//     lost. It is also the outcome for the generation before the current one; that changes nothing.
	//   - Reused, if the generation is older. The session ends, and its streams can't be renewed.
	//   - Missing, if there is no such session.
	Refresh(ctx context.Context, account string, r Refresh) (Session, Outcome, error)

	// End ends the selected sessions and their streams, in one step. The streams end as stream.SessionEnded, by the given name.
	End(ctx context.Context, account string, which Selection, by string) error

	Finder
	Eraser
}

// RecordedEnds asks for the ends of an account, as Records.Ends.
type RecordedEnds func(ctx context.Context, account string) (Ends, error)

// Finder finds sessions, under the same rules.
type Finder interface {
	// Get returns a session, or false when there is none or it is Doubtful.
	Get(ctx context.Context, account string, id ID) (Session, bool, error)

	// List returns the sessions, the last refreshed first.
	List(ctx context.Context, account string) ([]Session, error)
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

// Eraser forgets accounts, under the same rules.
type Eraser interface {
	// Erase forgets an account that is no more: its sessions, living and ended, and its streams. A repetition changes nothing.
	Erase(ctx context.Context, account string) error
}
