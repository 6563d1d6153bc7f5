package session

import (
	"context"
	"time"
)

// Records keeps who is signed in, and of another issuer's accounts, which it doesn't know, who was signed out. It forgets nothing while anybody
// may ask: what a store has lost, it takes back from there.
type Records interface {
	// Session returns a session as it was recorded last, at its sign-in or a refresh. Its error is fault.NotFound if the session has ended.
	Session(ctx context.Context, account string, id ID) (Session, error)

	// End ends the selected sessions for good, whichever issuer's the account is.
	End(ctx context.Context, account string, which Selection) error

	// Ends returns the ends of the sessions of another issuer's account.
	Ends(ctx context.Context, account string) (Ends, error)
}

// Ends say when sessions of another issuer's account were ended, on the clock of the Records. Those that have signed in later live on, for which
// SightLeeway allows.
type Ends struct {
	Each   map[ID]time.Time
	Others time.Time // when all sessions but one were ended last; zero is never
	But    ID        // the one
}
