package base64id

import (
	"crypto/rand"
	"encoding/base64"
	"strings"
)

// New returns the random bytes of a new id.
func New(size int) []byte {
	id := make([]byte, size)
	_, _ = rand.Read(id) // never fails
	return id
}

// String returns the text of an id: base64url without padding.
func String(id []byte) string { return base64.RawURLEncoding.EncodeToString(id) }

// Parse returns the bytes of an id of this size, and whether the text is what String returns for them.
func Parse(text string, size int) (id []byte, ok bool) {
	id, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return id, err == nil && len(id) == size && !strings.ContainsAny(text, "\r\n") // base64 skips line breaks
}
