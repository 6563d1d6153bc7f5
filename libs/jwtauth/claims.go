package jwtauth

import (
	"time"

	"streamgate/libs/base64id"
	"streamgate/libs/fault"
)

// Roles of an account.
const (
	RoleUser  = "user"
	RoleAdmin = "admin"
)

// MaxLimit is the largest number of streams that a plan can allow at once. Scripts take time in proportion to it.
const MaxLimit = 100

// MaxPause is the longest that a plan can let a paused player hold its slot.
const MaxPause = 4 * time.Hour

// Claims are the content of an access token.
type Claims struct {
	Account string // claim sub: 24 hex digits
	Session string // claim sid: the device session, 11 characters of base64url
	Role    string // claim role: RoleUser or RoleAdmin
	Limit   int    // claim lim: streams at once, 1 to MaxLimit
	Evicts  bool   // claim evict: a start at the limit ends the oldest stream, instead of being refused
	// Pause is how long a player that says that it is paused holds its slot, in seconds, 0 to MaxPause: claim pause; nil where the plan leaves it
	// to session-svc.
	Pause   *time.Duration
	Expires time.Time // claim exp
	// Foreign is what else the token of another issuer says; nil for those of user-svc.
	Foreign *Foreign
}

// Foreign is what a token of another issuer says besides. Its Account and Session follow from the issuer and its claims, and its Role is RoleUser.
type Foreign struct {
	SignedIn time.Time // when its device signed in, as far as the issuer tells; else Issued
	Issued   time.Time // claim iat
	Content  string    // the only content that it may start, 24 hex digits, or "" for any
}

// sessionSize is the length of a session's id in random bytes.
const sessionSize = 8

// IsSession reports whether text has the form of a session's id: 11 characters of base64url.
func IsSession(text string) bool {
	_, ok := base64id.Parse(text, sessionSize)
	return ok
}

// ErrNotAdmin is the answer to a request that only an administrator may make.
var ErrNotAdmin = fault.New(fault.Forbidden, "admin_required", "Only an administrator may do this.")

// RequireAdmin fails with ErrNotAdmin unless the bearer is an administrator.
func (c *Claims) RequireAdmin() error {
	if c.Role != RoleAdmin {
		return ErrNotAdmin
	}
	return nil
}
