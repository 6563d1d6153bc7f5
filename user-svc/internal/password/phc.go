package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
)

// Params are Argon2id's costs.
type Params struct {
	Memory      uint32 // KiB
	Time        uint32 // passes
	Parallelism uint8
}

// OWASP are the costs that OWASP's password storage cheat sheet recommends: 19 MiB, two passes, one lane.
var OWASP = Params{Memory: 19 * 1024, Time: 2, Parallelism: 1}

const (
	saltSize = 16 // bytes, RFC 9106, section 3.1
	keySize  = 32 // bytes
	prefix   = "$argon2id$"
	layout   = "v=%d$m=%d,t=%d,p=%d"
)

// stored is a hash in parts. Its text is a PHC string: $argon2id$v=19$m=19456,t=2,p=1$<salt>$<key>. The code is on top
// of x/crypto, since of the libraries for these strings one is unmaintained since 2023 and another brings its own copy
// of Argon2.
type stored struct {
	params    Params
	salt, key []byte
}

func newStored(password string, params Params) stored {
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	return stored{params, salt, derive(password, params, salt, keySize)}
}

func derive(password string, p Params, salt []byte, size uint32) []byte {
	return argon2.IDKey([]byte(password), salt, p.Time, p.Memory, p.Parallelism, size)
}

func (s stored) String() string {
	return prefix + fmt.Sprintf(layout, argon2.Version, s.params.Memory, s.params.Time, s.params.Parallelism) +
		"$" + base64.RawStdEncoding.EncodeToString(s.salt) + "$" + base64.RawStdEncoding.EncodeToString(s.key)
}

func (s stored) matches(password string) bool {
	return subtle.ConstantTimeCompare(derive(password, s.params, s.salt, uint32(len(s.key))), s.key) == 1 //nolint:gosec // parse bounds it
}

var errMalformed = errors.New("malformed password hash")

// parse parses a PHC string with at most ten times today's costs. Higher ones could only be a mistake, and would stop
// the service.
func parse(text string) (stored, error) {
	rest, ok := strings.CutPrefix(text, prefix)
	parts := strings.Split(rest, "$")
	if !ok || len(parts) != 4 {
		return stored{}, errMalformed
	}
	var s stored
	var version int
	_, err := fmt.Sscanf(parts[0]+"$"+parts[1], layout, &version, &s.params.Memory, &s.params.Time, &s.params.Parallelism)
	var saltErr, keyErr error
	s.salt, saltErr = base64.RawStdEncoding.DecodeString(parts[2])
	s.key, keyErr = base64.RawStdEncoding.DecodeString(parts[3])
	switch p := s.params; {
	case err != nil, saltErr != nil, keyErr != nil, s.String() != text, // only the one spelling
		len(s.salt) < 8, len(s.salt) > 64, len(s.key) < 16, len(s.key) > 64,
		p.Time < 1, p.Time > 10*OWASP.Time, p.Parallelism < 1, p.Memory > 10*OWASP.Memory:
		return stored{}, errMalformed
	}
	return s, nil
}
