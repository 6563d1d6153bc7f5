package session

import "context"

// Records keeps who is signed in, and forgets nothing: what a store has lost, it takes back from there.
type Records interface {
	// Session returns a session as it was recorded last, at its sign-in or a refresh. Its error is fault.NotFound if the session has ended.
	Session(ctx context.Context, account string, id ID) (Session, error)

	// End ends the selected sessions for good.
	End(ctx context.Context, account string, which Selection) error
}
