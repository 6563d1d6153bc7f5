package objectid

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"streamgate/libs/fault"
)

// ID names an account or a content. It has the length of MongoDB's ObjectID, so that it converts to one.
type ID [12]byte

// New returns an id of random bits alone. MongoDB's own ids count up, so that a client with two of them could find
// those between.
func New() (id ID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// Parse parses the text of String. Its error is a fault.Invalid that names the field.
func Parse(field, text string) (id ID, err error) {
	if len(text) != hex.EncodedLen(len(id)) || strings.Trim(text, "0123456789abcdef") != "" {
		return ID{}, fault.BadField(field, "must be 24 hex digits in lower case")
	}
	_, _ = hex.Decode(id[:], []byte(text)) // it is valid hex
	return id, nil
}

// String returns 24 hex digits in lower case.
func (id ID) String() string { return hex.EncodeToString(id[:]) }
