package account

import (
	"context"
	"time"

	"streamgate/libs/listing"
)

// Store keeps accounts. What a method has written when it returns without an error is durable: a failover loses none of
// it. Every method is atomic, and fails with fault.Unavailable when the store is away. An id that is not in our form
// belongs to no account.
type Store interface {
	// Insert stores a new account under a new ID, and returns it with that ID. The error is ErrEmailTaken if an account
	// has the same CanonicalEmail, however many callers try at once.
	Insert(ctx context.Context, a Account) (Account, error)

	// ByID returns an account or ErrNotFound.
	ByID(ctx context.Context, id string) (Account, error)

	// ByEmail returns the account with this canonical address or ErrNotFound.
	ByEmail(ctx context.Context, canonical string) (Account, error)

	// List returns a page of accounts and the number of all that match. It can sort by createdAt, name and email; the
	// id decides between equals.
	List(ctx context.Context, q Query) ([]Account, int64, error)

	// Update applies a change, and returns the account with it. The error is ErrNotFound if there is no such account,
	// or its password hash is not the one that the change expects.
	Update(ctx context.Context, id string, change Change) (Account, error)

	// Delete removes an account, or returns ErrNotFound.
	Delete(ctx context.Context, id string) error

	// Session returns a session that is recorded of an account, or ErrSessionNotFound.
	Session(ctx context.Context, id, session string) (Session, error)
}

// Query selects a page of accounts.
type Query struct {
	listing.Query      // Q is searched for in name and address, in any case
	Role          Role // "" is any
}

// Change holds the changes to an account; fields that are nil or false stay as they are.
type Change struct {
	Name, Picture *string
	Role          *Role
	Plan          *Plan
	PasswordHash  *string
	// IfPasswordHash, unless it is "", must equal the stored password hash for the change to happen.
	IfPasswordHash string
	// SignedIn records that there was a first sign-in.
	SignedIn bool
	// WithdrawReset makes an outstanding reset token invalid.
	WithdrawReset bool
	// Record records a session, instead of those that have expired by its Refreshed and, beyond MaxSessions, those that
	// expire first.
	Record *Session
	// IfRecorded makes the change happen only if the session to Record is recorded already, or may have been opened by
	// an older user-svc, which recorded none.
	IfRecorded bool
	// End removes sessions from the record. For one, the change happens only if it is recorded.
	End *Ending
	// At becomes UpdatedAt, unless it is zero.
	At time.Time
}

// Guesses are the wrong passwords of a key.
type Guesses struct {
	Forgotten time.Time // when all of them will have aged away
	Known     bool      // by Remember
}

// GuessStore counts wrong passwords, under the same rules as Store, for all replicas.
type GuessStore interface {
	// Guesses returns what is known of some keys. Of one that isn't known it is the zero value.
	Guesses(ctx context.Context, keys ...string) (map[string]Guesses, error)

	// CountGuess adds to each key's time, or to at if that is later, how long one wrong password counts.
	CountGuess(ctx context.Context, at time.Time, each map[string]time.Duration) error

	// Remember makes keys known until then.
	Remember(ctx context.Context, until time.Time, keys ...string) error

	// ForgetGuesses removes a key.
	ForgetGuesses(ctx context.Context, key string) error

	// ForgetOlder removes all keys that mean nothing any more at that time.
	ForgetOlder(ctx context.Context, at time.Time) error
}

// EndStore keeps the ends of sessions of accounts that are another issuer's, under the same rules as Store.
type EndStore interface {
	// Ends returns what is recorded of an account. Of one that isn't known it is the zero value.
	Ends(ctx context.Context, account string) (Ends, error)

	// SaveEnds records the ends of an account, and reports whether it did. It doesn't if their Version is not the one that is stored, since somebody
	// else has recorded some; else that becomes one more.
	SaveEnds(ctx context.Context, account string, e Ends) (bool, error)

	// ForgetEnds removes all that means nothing any more at that time.
	ForgetEnds(ctx context.Context, at time.Time) error
}

// MaxSessions is how many sessions of an account are recorded: as many as session-svc lets live.
const MaxSessions = 30

// Ending selects recorded sessions of an account to end: one, or all Others. Without a Session, others are all.
type Ending struct {
	Session string
	Others  bool
}

// everySession selects all.
var everySession = &Ending{Others: true}

// Reset is the outstanding reset of an account's password. There is at most one per account.
type Reset struct {
	Hash      []byte // SHA-256 of the token, so that a reader of the store can't use it
	Requested time.Time
	Expires   time.Time
}

// ResetStore keeps resets, under the same rules as Store.
type ResetStore interface {
	// SaveReset replaces the account's reset, and reports whether it did. It doesn't if the previous reset was requested less than
	// ResetPause before, if there have been ResetsPerDay in the day since the first of them, or if there is no such account.
	SaveReset(ctx context.Context, id string, r Reset) (bool, error)

	// ByReset returns the account whose reset has this hash and expires after that time, and its expiry, or
	// ErrNotFound.
	ByReset(ctx context.Context, hash []byte, at time.Time) (id string, expires time.Time, err error)

	// Redeem sets the password hash of the account that ByReset would find, ends its recorded sessions and removes the
	// reset, all in one step, so that a token works once. The error is ErrNotFound if there is no such reset (any
	// more).
	Redeem(ctx context.Context, hash []byte, at time.Time, passwordHash string) (Account, error)
}
