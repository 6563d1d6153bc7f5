package grant

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
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
	// Foreign is set where the account is another issuer's: user-svc knows nothing of it.
	Foreign bool
}

// ErrInvalid says that a text is no grant of ours, or has expired.
var ErrInvalid = errors.New("grant: not valid")

// The first byte of a grant.
const (
	encrypted byte = 3
	// reporting is that of a ticket, which is of the same form.
	reporting byte = 5
	// ofForeign is added to both where Foreign is set.
	ofForeign byte = 1
	// What was issued before was signed, and told everybody what it says. It is good until it expires.
	signed             byte = 2
	signedWithoutEntry byte = 1
)

const (
	purpose   = "streamgate/grant"
	idsLength = 16 + 12 + 8 + 12 + 4
	// timeLength is that of Unix milliseconds; in what was signed it was signedTimeLength.
	timeLength, signedTimeLength = 6, 8
	fixedLength                  = idsLength + 1 + 2*timeLength + 1
	nonceLength, tagLength       = 12, 16 // of AES-GCM
	longest                      = 1 + nonceLength + fixedLength + 2*(signedTimeLength-timeLength) + MaxScope + tagLength
	// MaxScope is the longest scope, in bytes, so that an address stays below the 2,048 bytes that players and caches handle.
	MaxScope = 512
)

// Keys encrypt and open grants: the first key encrypts, all open, so that keys can be changed without a break. A key is good for 2³² grants,
// which is the bound of NIST SP 800-38D for random nonces.
type Keys struct {
	ciphers []cipher.AEAD
	signed  seal.Keys // of what was signed
}

// ParseKeys reads keys as seal.ParseKeys does.
func ParseKeys(variable string, texts []string) (Keys, error) {
	keys, err := seal.ParseKeys(variable, texts)
	if err != nil {
		return Keys{}, err
	}
	k := Keys{signed: keys}
	for _, key := range keys {
		c, err := newCipher(key)
		if err != nil {
			return Keys{}, fmt.Errorf("%s: %w", variable, err)
		}
		k.ciphers = append(k.ciphers, c)
	}
	return k, nil
}

// newCipher returns AES-256-GCM under a key that follows from the given one, since that one has signed.
func newCipher(key []byte) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, purpose, sha256.Size)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Seal returns the grant as text for an address: base64url without padding. It tells nothing but its length to those without a key.
func (k Keys) Seal(g Grant) (string, error) { return k.seal(encrypted, g) }

// Ticket is what a player reports its stream by. It has no scope: nothing can be fetched by it.
type Ticket struct {
	Grant

	Pause *time.Duration // how long a pause holds the slot, in seconds; nil if the account's plan didn't say when the stream started
}

// SealTicket returns a ticket as text of the same form. It is no grant: whoever sees the address that it is in, such as a service that analyses
// playback, can fetch nothing by it.
func (k Keys) SealTicket(t Ticket) (string, error) {
	t.Scope, t.Entry = "", "" // the place of the scope has the pause
	if t.Pause != nil {
		t.Scope = strconv.FormatInt(int64(t.Pause.Seconds()), 10)
	}
	return k.seal(reporting, t.Grant)
}

// ReadTicket reads what SealTicket wrote, which may have expired, or fails with ErrInvalid.
func (k Keys) ReadTicket(text string) (Ticket, error) {
	b, err := decode(text)
	if err != nil || b[0] != reporting && b[0] != reporting+ofForeign {
		return Ticket{}, ErrInvalid
	}
	g, err := k.open(b, reporting)
	if err != nil {
		return Ticket{}, err
	}
	t := Ticket{Grant: g}
	if seconds, err := strconv.ParseInt(g.Scope, 10, 32); err == nil {
		t.Pause = new(time.Duration(seconds) * time.Second)
	}
	t.Scope = ""
	return t, nil
}

func (k Keys) seal(kind byte, g Grant) (string, error) {
	if g.Limit < 1 || g.Limit > 255 || len(g.Entry) > 255 || len(g.Scope)+len(g.Entry) > MaxScope {
		return "", errors.New("grant: limit or scope out of range")
	}
	b := make([]byte, 0, fixedLength+len(g.Entry)+len(g.Scope))
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
	b = appendMillis(b, g.Started)
	b = appendMillis(b, g.Expires)
	b = append(b, byte(len(g.Entry))) //nolint:gosec // at most 255, as was checked
	b = append(b, g.Entry...)
	b = append(b, g.Scope...)
	text := make([]byte, 1, 1+nonceLength+len(b)+tagLength)
	if text[0] = kind; g.Foreign {
		text[0] += ofForeign
	}
	return base64.RawURLEncoding.EncodeToString(k.ciphers[0].Seal(text, nil, b, text[:1])), nil //nolint:gosec // it makes the nonce itself
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
	b, err := decode(text)
	if err != nil {
		return Grant{}, err
	}
	switch b[0] {
	case encrypted, encrypted + ofForeign:
		return k.open(b, encrypted)
	case signed, signedWithoutEntry:
		if message, genuine := k.signed.Open(purpose, b); genuine {
			return parse(message[1:], signedTimeLength, message[0] == signed)
		}
	}
	return Grant{}, ErrInvalid
}

// decode returns the bytes of a grant or ticket: one at least.
func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") || len(text) > base64.RawURLEncoding.EncodedLen(longest) {
		return nil, ErrInvalid
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) == 0 {
		return nil, ErrInvalid
	}
	return b, nil
}

// open reads what is encrypted. The first byte says what for, and is authenticated with the rest.
func (k Keys) open(b []byte, kind byte) (Grant, error) {
	for _, c := range k.ciphers {
		if message, err := c.Open(nil, nil, b[1:], b[:1]); err == nil {
			g, err := parse(message, timeLength, true)
			g.Foreign = err == nil && b[0] == kind+ofForeign
			return g, err
		}
	}
	return Grant{}, ErrInvalid
}

// parse reads what a genuine grant says.
func parse(rest []byte, timeLength int, hasEntry bool) (Grant, error) {
	if len(rest) < idsLength+1+2*timeLength {
		return Grant{}, ErrInvalid
	}
	next := func(n int) []byte {
		part := rest[:n]
		rest = rest[n:]
		return part
	}
	g := Grant{
		Stream: base64.RawURLEncoding.EncodeToString(next(16)), Account: hex.EncodeToString(next(12)),
		Session: base64.RawURLEncoding.EncodeToString(next(8)), Content: hex.EncodeToString(next(12)),
		Player: [4]byte(next(4)), Limit: int(next(1)[0]), Started: millis(next(timeLength)), Expires: millis(next(timeLength)),
	}
	if hasEntry {
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

func appendMillis(dst []byte, t time.Time) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(t.UnixMilli()))
	return append(dst, b[len(b)-timeLength:]...)
}

func millis(field []byte) time.Time {
	var b [8]byte
	copy(b[len(b)-len(field):], field)
	return time.UnixMilli(int64(binary.BigEndian.Uint64(b[:]))).UTC() //nolint:gosec // we wrote it
}

func appendBase64(dst []byte, src string) ([]byte, error) {
	return base64.RawURLEncoding.Strict().AppendDecode(dst, []byte(src))
}

func appendHex(dst []byte, src string) ([]byte, error) {
	return hex.AppendDecode(dst, []byte(src))
}
