package account

import (
	"context"
	"errors"
	"time"
)

// Passwords hashes passwords. Its methods fail with fault.Unavailable when too many requests wait.
type Passwords interface {
	// Hash returns a password's hash with today's parameters.
	Hash(ctx context.Context, password string) (string, error)

	// Verify compares a password with a hash. The hash "" stands for an account that doesn't exist: it takes as long as
	// any other, and the match is Wrong.
	Verify(ctx context.Context, password, hash string) (Match, error)
}

// Match is the result of comparing a password with a hash.
type Match uint8

// The matches.
const (
	Wrong    Match = iota
	Right          // with today's parameters
	Outdated       // right, but the hash was made with parameters other than today's
)

// Session is a device session. Session-svc decides about it, and may forget it; the account's record doesn't.
type Session struct {
	ID           string // 11 characters of base64url
	Account      string
	RefreshToken string // for the next Refresh, once; it is not recorded
	Device       string // a name to show
	Generation   int32  // of the refresh token, from 1
	Created      time.Time
	Refreshed    time.Time
	Expires      time.Time
}

// Sessions opens and ends device sessions. Its methods fail with fault.Unavailable when session-svc is away.
type Sessions interface {
	// Open opens a session of a device with this name, on an account that may never have signed in before.
	Open(ctx context.Context, account, device string) (Session, error)

	// OpenKnown does the same for an account that has signed in before, so that session-svc notices when it has lost
	// its data about it.
	OpenKnown(ctx context.Context, account, device string) (Session, error)

	// Refresh exchanges a refresh token for the next one. Its error is fault.Unauthenticated for a token that is unknown or was
	// used before.
	Refresh(ctx context.Context, refreshToken string) (Session, error)

	// End ends a session. A session that is unknown or has ended is no error.
	End(ctx context.Context, account, session string) error

	// EndAll ends all sessions of an account.
	EndAll(ctx context.Context, account string) error

	// EndOthers ends all sessions of an account except the one to keep.
	EndOthers(ctx context.Context, account, keep string) error

	Memory
}

// Memory is what session-svc knows of accounts.
type Memory interface {
	// Data returns what session-svc knows of an account, in the form of its answer: its sessions and its streams.
	Data(ctx context.Context, account string) (map[string]any, error)

	// Erase has it forget an account that is no more.
	Erase(ctx context.Context, account string) error
}

// ErrMailRefused says that a server won't take a mail, however often it is tried.
var ErrMailRefused = errors.New("the mail server refused the mail for good")

// Mailer sends mail to account holders.
type Mailer interface {
	// SendReset sends the token with which the password can be reset until it expires. Its error may be ErrMailRefused.
	SendReset(ctx context.Context, to, token string, expires time.Time) error
}
