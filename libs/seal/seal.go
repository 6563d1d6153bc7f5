package seal

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// TagLength is the length of a seal in bytes: HMAC-SHA-256 cut to 128 bits, as RFC 2104, section 5, allows.
const TagLength = 16

// Keys seal and open messages: the first key seals, all open, so that keys can be changed without a break.
type Keys [][]byte

// ParseKeys reads keys of 32 bytes, each in base64. Its error names the variable and each faulty key by its position.
func ParseKeys(variable string, texts []string) (Keys, error) {
	if len(texts) == 0 {
		return nil, fmt.Errorf("%s: missing; set a random key, for example the output of: openssl rand -base64 32", variable)
	}
	var faults []error
	var keys Keys
	for i, text := range texts {
		key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		if err != nil || len(key) != sha256.Size {
			faults = append(faults, fmt.Errorf("%s: key %d is not 32 bytes in base64, such as the output of: openssl rand -base64 32", variable, i+1))
		}
		keys = append(keys, key)
	}
	return keys, errors.Join(faults...)
}

// Seal returns the message with a tag behind it. The purpose separates messages of different meanings.
func (k Keys) Seal(purpose string, message []byte) []byte {
	return slices.Concat(message, tag(k[0], purpose, message))
}

// Open returns the message in a sealed one, and reports whether the seal is ours.
func (k Keys) Open(purpose string, sealed []byte) ([]byte, bool) {
	if len(sealed) < TagLength {
		return nil, false
	}
	message, given := sealed[:len(sealed)-TagLength], sealed[len(sealed)-TagLength:]
	genuine := false
	for _, key := range k {
		genuine = hmac.Equal(given, tag(key, purpose, message)) || genuine
	}
	return message, genuine
}

func tag(key []byte, purpose string, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose))
	h.Write([]byte{0})
	h.Write(message)
	return h.Sum(nil)[:TagLength]
}
