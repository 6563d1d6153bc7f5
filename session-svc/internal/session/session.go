package session

import (
	"crypto/rand"
	"encoding/base64"
	"time"

	"streamgate/libs/fault"
)

// ID names a session within its account: 64 random bits. It authorises nothing.
type ID [8]byte

// NewID makes an id.
func NewID() (id ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// ParseID reads what String wrote. Its error names the field.
func ParseID(field, text string) (id ID, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(id) {
		return ID{}, fault.BadField(field, "must be a session's id: 11 characters of base64url")
	}
	return ID(b), nil
}

// String gives 11 characters of base64url.
func (id ID) String() string { return base64.RawURLEncoding.EncodeToString(id[:]) }

// Session is a device that is signed in.
type Session struct {
	ID         ID
	Device     string // a name to show, at most MaxName bytes
	Created    time.Time
	Refreshed  time.Time // the last refresh, or Created
	Expires    time.Time
	Generation int32 // of the refresh token that is good, from 1; or AnyGeneration, NoGeneration
}

// Generations of adopted sessions.
const (
	// AnyGeneration is that of a session that an access token spoke for: what its refresh token's is, is not known.
	AnyGeneration = 0
	// NoGeneration is that of one that a grant spoke for. A grant lives long, and keeps a stream alive; it signs nobody in.
	NoGeneration = -1
)

const (
	// MaxName is the longest device name, in bytes.
	MaxName = 64
	// MaxSessions is how many devices of an account are signed in at once. One more ends the one that was not refreshed for longest.
	MaxSessions = 30
	// MaxKnown is from how many sessions of an account on, living and ended, the ended ones are forgotten before GrantFor is over.
	MaxKnown = 200
	// AdoptFor is how long after a loss of memory sessions are taken back: as long as an access token from before it can live.
	AdoptFor = 15 * time.Minute
	// GrantFor is how long a grant can speak for a session, from the start of its stream on: longer than any film is paused.
	GrantFor = 12 * time.Hour
	// Grace is how long the generation before the current one is taken for a repeated request.
	Grace = 30 * time.Second
)
