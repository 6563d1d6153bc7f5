package grant

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"streamgate/libs/seal"
)

// Grant is what a media address says: which stream it belongs to, and which files it opens.
type Grant struct {
	Stream  string  // 22 characters of base64url: 16 random bytes
	Account string  // 24 hex digits
	Session string  // 11 characters of base64url: 8 bytes
	Content string  // 24 hex digits
	Player  [4]byte // what tells the players of one session apart
	Limit   int     // the account's streams at once when the stream started, 1 to 255
	Started time.Time
	Expires time.Time // after this no lapsed stream comes back through this grant; milliseconds count
	// Scope is what may be fetched: a file's path in the blob store or, ending in a slash, a folder's.
	Scope string
	// Entry is the name of the playlist in the scope's folder that the film begins with; "" where the scope is a file, and in grants of before.
	Entry string
}

// ErrInvalid says that a text is no grant of ours, or has expired.
var ErrInvalid = errors.New("grant: not valid")

const (
	purpose      = "streamgate/grant"
	fixedLength  = 1 + 16 + 12 + 8 + 12 + 4 + 1 + 8 + 8
	version      = 2
	withoutEntry = 1 // the version before, of grants that are good until they expire
	// MaxScope is the longest scope, in bytes, so that an address stays below the 2,048 bytes that players and caches handle.
	MaxScope = 512
)

// Keys sign and verify grants.
type Keys seal.Keys

// ParseKeys reads keys as seal.ParseKeys does.
func ParseKeys(variable string, texts []string) (Keys, error) {
	keys, err := seal.ParseKeys(variable, texts)
	return Keys(keys), err
}

// Sign returns the grant as text for an address: base64url without padding.
func (k Keys) Sign(g Grant) (string, error) {
	if g.Limit < 1 || g.Limit > 255 || len(g.Entry) > 255 || len(g.Scope)+len(g.Entry) > MaxScope {
		return "", errors.New("grant: limit or scope out of range")
	}
	b := make([]byte, 0, fixedLength+1+len(g.Entry)+len(g.Scope)+seal.TagLength)
	b = append(b, version)
	var err error
	for _, id := range []struct {
		text   string
		decode func(dst []byte, src string) ([]byte, error)
		length int
	}{{g.Stream, appendBase64, 16}, {g.Account, appendHex, 12}, {g.Session, appendBase64, 8}, {g.Content, appendHex, 12}} {
		before := len(b)
		if b, err = id.decode(b, id.text); err != nil || len(b)-before != id.length {
			return "", fmt.Errorf("grant: %q is not an id", id.text)
		}
	}
	b = append(b, g.Player[:]...)
	b = append(b, byte(g.Limit))
	b = binary.BigEndian.AppendUint64(b, uint64(g.Started.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(g.Expires.UnixMilli()))
	b = append(b, byte(len(g.Entry))) //nolint:gosec // at most 255, as was checked
	b = append(b, g.Entry...)
	b = append(b, g.Scope...)
	return base64.RawURLEncoding.EncodeToString(seal.Keys(k).Seal(purpose, b)), nil
}

// Verify reads a grant that has not expired, or fails with ErrInvalid.
func (k Keys) Verify(text string, now time.Time) (Grant, error) {
	g, err := k.Read(text)
	if err == nil && now.After(g.Expires) {
		return Grant{}, ErrInvalid
	}
	return g, err
}

// Read reads a grant, which may have expired, or fails with ErrInvalid.
func (k Keys) Read(text string) (Grant, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") || len(b) < fixedLength+seal.TagLength || len(b) > fixedLength+1+MaxScope+seal.TagLength {
		return Grant{}, ErrInvalid
	}
	signed, genuine := seal.Keys(k).Open(purpose, b)
	if !genuine || signed[0] != version && signed[0] != withoutEntry {
		return Grant{}, ErrInvalid
	}
	rest := signed[1:]
	next := func(n int) []byte {
		part := rest[:n]
		rest = rest[n:]
		return part
	}
	g := Grant{
		Stream: base64.RawURLEncoding.EncodeToString(next(16)), Account: hex.EncodeToString(next(12)),
		Session: base64.RawURLEncoding.EncodeToString(next(8)), Content: hex.EncodeToString(next(12)),
		Player: [4]byte(next(4)), Limit: int(next(1)[0]), Started: millis(next(8)), Expires: millis(next(8)),
	}
	if signed[0] == version {
		if len(rest) == 0 || len(rest) < 1+int(rest[0]) {
			return Grant{}, ErrInvalid
		}
		g.Entry = string(next(int(next(1)[0])))
	}
	g.Scope = string(rest)
	return g, nil
}

// Source returns the path of the file that the film begins with, or "" where the grant doesn't say.
func (g *Grant) Source() string {
	if strings.HasSuffix(g.Scope, "/") && g.Entry == "" {
		return ""
	}
	return g.Scope + g.Entry
}

// Opens reports whether the grant lets its bearer fetch the file at this path of the blob store. A path that is not clean opens nothing.
func (g *Grant) Opens(path string) bool {
	return fs.ValidPath(path) && (path == g.Scope || strings.HasSuffix(g.Scope, "/") && strings.HasPrefix(path, g.Scope))
}

func millis(b []byte) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC() //nolint:gosec // we signed it
}

func appendBase64(dst []byte, src string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().AppendDecode(dst, []byte(src))
}

func appendHex(dst []byte, src string) ([]byte, error) {
	return hex.AppendDecode(dst, []byte(src))
}
