package session

import (
	"time"

	"streamgate/libs/base64id"
	"streamgate/libs/fault"
)

// ID names a session within its account: 64 random bits. It authorises nothing.
type ID [8]byte

// NewID returns a new id.
func NewID() ID { return ID(base64id.New(len(ID{}))) }

// ParseID parses what String returns. Its error names the field.
func ParseID(field, text string) (ID, error) {
	id, ok := base64id.Parse(text, len(ID{}))
	if !ok {
		return ID{}, fault.BadField(field, "must be a session's id: 11 characters of base64url")
	}
	return ID(id), nil
}

// String returns 11 characters of base64url.
func (id ID) String() string { return base64id.String(id[:]) }

// Session is a device that is signed in.
type Session struct {
	ID         ID
	Device     string // a name to show, at most MaxName characters
	Created    time.Time
	Refreshed  time.Time // the last refresh, or Created
	Expires    time.Time
	Generation int32 // of the refresh token that is good, from 1; 0 if it is not known
	Doubtful   bool  // the store may have forgotten that it ended; the Records know
}

// Sighting is what speaks for a session of another issuer's account: a token, or a grant. A session of user-svc's has none, but Records.
type Sighting struct {
	SignedIn time.Time // when the device signed in, as far as the issuer tells; else Issued
	Issued   time.Time // when the token was issued, or the stream of the grant started
	Device   string    // a name to show
}

// SignIn says whether an account is known to have signed in before.
type SignIn string

// The kinds of sign-in.
const (
	FirstSignIn SignIn = "first" // the account may be new
	LaterSignIn SignIn = "later"
)

// Selection selects the sessions of an account to end.
type Selection struct {
	ID     ID
	Others bool // all but ID
}

// Only selects one session.
func Only(id ID) Selection { return Selection{ID: id} }

// AllBut selects all sessions but one.
func AllBut(id ID) Selection { return Selection{ID: id, Others: true} }

// All selects all sessions.
func All() Selection { return AllBut(ID{}) } // no session has this ID

// Includes reports whether a session is selected.
func (s Selection) Includes(id ID) bool { return (id == s.ID) != s.Others }

const (
	// MaxName is the longest device name, in characters.
	MaxName = 64
	// maxNameBytes is what a lease has room for: a name of 64 characters of four bytes each loses the last one.
	maxNameBytes = 255
	// MaxSessions is how many devices of an account are signed in at once. One more ends the one that was refreshed least recently.
	MaxSessions = 30
	// MaxKnown is the number of sessions of an account, living and ended, from which on ended ones are forgotten early.
	MaxKnown = 200
	// RememberFor is how long the store knows that a session has ended: as long as an access token can speak for it. Later it asks Records.
	RememberFor = 15 * time.Minute
	// GrantFor is how long the grant of a stream is good, from the start of its stream: longer than a film stays paused.
	GrantFor = 12 * time.Hour
	// TokenFor is how long a token of another issuer is good at most.
	TokenFor = 25 * time.Hour
	// SightLeeway allows for clocks that differ between the issuer and the store.
	SightLeeway = 5 * time.Second
)

// EndsFor is how long it is known that a session of another issuer's account was ended, given the time to live of sessions: until no token of before
// is good any more, and at least as long as a device stays signed in, since an issuer may go on to refresh what is of before.
func EndsFor(ttl time.Duration) time.Duration { return max(ttl, TokenFor) }
