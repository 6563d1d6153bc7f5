package account

import (
	"context"
	"time"
)

// Passwords hashes passwords. Its methods fail with fault.Unavailable when too many wait.
type Passwords interface {
	// Hash gives a password's hash with today's parameters.
	Hash(ctx context.Context, password string) (string, error)

	// Verify says whether a hash is that of the password, and whether it was made with other parameters than today's. The hash ""
	// is that of nobody: it takes as long as any other and is never right.
	Verify(ctx context.Context, password, hash string) (right, outdated bool, err error)
}

// Session is a device session, which session-svc keeps.
type Session struct {
	ID           string // 11 characters of base64url
	Account      string
	RefreshToken string // for the next Refresh, once
}

// Sessions opens and ends device sessions. Its methods fail with fault.Unavailable when session-svc is away.
type Sessions interface {
	// Open opens a session of a device with this name. That the account is known to have signed in before lets session-svc notice that
	// it has lost its memory of it.
	Open(ctx context.Context, account, device string, known bool) (Session, error)

	// Refresh exchanges a refresh token for the next one. Its error is fault.Unauthenticated for a token that is unknown or was
	// used before.
	Refresh(ctx context.Context, refreshToken string) (Session, error)

	// End ends a session. One that is unknown or ended is no error.
	End(ctx context.Context, account, session string) error

	// EndAll ends all sessions of an account except one, or all if that is "".
	EndAll(ctx context.Context, account, except string) error
}

// Mailer sends mail to account holders.
type Mailer interface {
	// SendReset sends the token with which the password can be reset until it expires.
	SendReset(ctx context.Context, to, token string, expires time.Time) error
}
