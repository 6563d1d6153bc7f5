package account

import (
	"context"
	"time"

	"streamgate/libs/listing"
)

// Store keeps accounts. A method that has returned without an error has lasted: a failover loses nothing of it. Every method is atomic, and
// fails with fault.Unavailable when the store is away. An id of another form than ours is that of no account.
type Store interface {
	// Insert keeps a new account under a new ID, which the result has. ErrEmailTaken if an account has the same CanonicalEmail,
	// however many try at once.
	Insert(ctx context.Context, a Account) (Account, error)

	// ByID returns an account or ErrNotFound.
	ByID(ctx context.Context, id string) (Account, error)

	// ByEmail returns the account with this canonical address or ErrNotFound.
	ByEmail(ctx context.Context, canonical string) (Account, error)

	// List returns a page of accounts and the number of all that match. Sortable are createdAt, name and email; the id decides
	// between equals.
	List(ctx context.Context, q Query) ([]Account, int64, error)

	// Update changes what is given and gives the account as it is then. ErrNotFound if there is none, or its password hash is not
	// the one that the change expects.
	Update(ctx context.Context, id string, change Change) (Account, error)

	// CountFailure adds one to an account's wrong passwords in a row and gives their number, or 0 if it is locked at that time or
	// there is no such account. It takes the same steps in all three cases.
	CountFailure(ctx context.Context, id string, at time.Time) (int, error)

	// Delete removes an account, or gives ErrNotFound.
	Delete(ctx context.Context, id string) error
}

// Query asks for a page of accounts.
type Query struct {
	listing.Query      // Q is looked for in name and address, in any case
	Role          Role // "" is any
}

// Change is what to change of an account; what is nil or false stays.
type Change struct {
	Name, Picture *string
	Role          *Role
	Plan          *Plan
	PasswordHash  *string
	// IfPasswordHash, unless it is "", is what the password hash must be for the change to happen.
	IfPasswordHash string
	LockedUntil    *time.Time
	// SignedIn notes that there was a first sign-in.
	SignedIn bool
	// Forgive removes failures and lock.
	Forgive bool
	// WithdrawReset makes an outstanding reset token invalid.
	WithdrawReset bool
	// At becomes UpdatedAt, unless it is zero.
	At time.Time
}

// Reset is the outstanding reset of an account's password. There is at most one per account.
type Reset struct {
	Hash      []byte // SHA-256 of the token: who reads the store can't use it
	Requested time.Time
	Expires   time.Time
}

// ResetStore keeps resets, as Store does accounts.
type ResetStore interface {
	// SaveReset replaces the account's reset, and says whether it did: not if the one before was requested after notSince, nor if
	// there is no such account.
	SaveReset(ctx context.Context, id string, r Reset, notSince time.Time) (bool, error)

	// ByReset returns the account whose reset has this hash and expires after that time, and when, or ErrNotFound.
	ByReset(ctx context.Context, hash []byte, at time.Time) (id string, expires time.Time, err error)

	// Redeem sets the password hash of the account that ByReset would find, forgives its failures and removes the reset, all in
	// one step, so that a token counts once. ErrNotFound if there is none (any more).
	Redeem(ctx context.Context, hash []byte, at time.Time, passwordHash string) (Account, error)
}
