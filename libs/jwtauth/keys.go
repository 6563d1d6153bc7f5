package jwtauth

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/golang-jwt/jwt/v5"
)

// Algorithms are those that tokens may be signed with, each with a key that stays with its issuer.
var Algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

const (
	// minRSA and maxRSA bound the length of RSA keys in bits. Shorter ones are weak (NIST SP 800-131A), longer ones take long.
	minRSA, maxRSA = 2048, 8192
	// maxKeys is how many keys an issuer may publish. The usual ones publish 1 to 10.
	maxKeys = 100
)

// PublicKey is a key of an issuer.
type PublicKey struct {
	Key       crypto.PublicKey // an ed25519.PublicKey, *ecdsa.PublicKey or *rsa.PublicKey
	Algorithm string           // the only one that it is for, or "" for each that its kind allows
}

// Fits reports whether the key is one for an algorithm.
func (k PublicKey) Fits(algorithm string) bool {
	if k.Algorithm != "" && k.Algorithm != algorithm {
		return false
	}
	switch key := k.Key.(type) {
	case ed25519.PublicKey:
		return algorithm == "EdDSA"
	case *ecdsa.PublicKey:
		return algorithm == map[elliptic.Curve]string{elliptic.P256(): "ES256", elliptic.P384(): "ES384", elliptic.P521(): "ES512"}[key.Curve]
	case *rsa.PublicKey:
		return strings.HasPrefix(algorithm, "RS") || strings.HasPrefix(algorithm, "PS")
	}
	return false
}

func (k PublicKey) equal(other PublicKey) bool {
	key, ok := k.Key.(interface {
		Equal(other crypto.PublicKey) bool
	})
	return ok && k.Algorithm == other.Algorithm && key.Equal(other.Key)
}

// KeySource returns the public key of a token.
type KeySource interface {
	// Key returns the key with this id for this algorithm, ErrUnknownKey, or a fault.Unavailable when it can't be known at the moment. Several keys
	// of which it may be any are a jwt.VerificationKeySet.
	Key(ctx context.Context, kid, algorithm string) (any, error)
	// Generation changes whenever a key was withdrawn, so that earlier verifications become invalid.
	Generation() uint64
}

// ErrUnknownKey says that a token names a key that its issuer doesn't publish.
var ErrUnknownKey = errors.New("unknown key")

// StaticKeys are keys that don't change, by their ids. Different keys may have the same.
type StaticKeys map[string][]PublicKey

// NewStaticKeys returns a source of these keys.
func NewStaticKeys(keys ...ed25519.PublicKey) StaticKeys {
	s := StaticKeys{}
	for _, key := range keys {
		s[KeyID(key)] = []PublicKey{{Key: key}}
	}
	return s
}

// Key returns a key or ErrUnknownKey.
func (s StaticKeys) Key(_ context.Context, kid, algorithm string) (any, error) {
	if key := s.find(kid, algorithm); key != nil {
		return key, nil
	}
	return nil, ErrUnknownKey
}

// find returns a key or nil.
func (s StaticKeys) find(kid, algorithm string) any {
	for _, key := range s[kid] {
		if key.Fits(algorithm) {
			return key.Key
		}
	}
	return nil
}

// Generation is always 0, since no key is ever withdrawn.
func (s StaticKeys) Generation() uint64 { return 0 }

// has reports whether a key is among them.
func (s StaticKeys) has(kid string, key PublicKey) bool {
	return slices.ContainsFunc(s[kid], key.equal)
}

// Nameless are keys without ids: a token is of any of them, whatever it calls its own.
type Nameless []PublicKey

// Key returns all keys for the algorithm, or ErrUnknownKey.
func (n Nameless) Key(_ context.Context, _, algorithm string) (any, error) {
	var set jwt.VerificationKeySet
	for _, key := range n {
		if key.Fits(algorithm) {
			set.Keys = append(set.Keys, key.Key)
		}
	}
	if len(set.Keys) == 0 {
		return nil, ErrUnknownKey
	}
	return set, nil
}

// Generation is always 0, since no key is ever withdrawn.
func (n Nameless) Generation() uint64 { return 0 }

// ParsePEM reads a public key in PEM, as openssl writes it with -pubout.
func ParsePEM(text string) (PublicKey, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "PUBLIC KEY" || strings.TrimSpace(string(rest)) != "" {
		return PublicKey{}, errors.New("is not one public key in PEM, -----BEGIN PUBLIC KEY-----, as openssl pkey -pubout writes it")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return PublicKey{}, errors.New("is damaged: it can't be read as a public key")
	}
	key := PublicKey{Key: parsed}
	if private, ok := parsed.(*rsa.PublicKey); ok && !fitRSA(private) {
		return PublicKey{}, fmt.Errorf("is an RSA key that isn't %d to %d bits long", minRSA, maxRSA)
	}
	if !slices.ContainsFunc(Algorithms, key.Fits) {
		return PublicKey{}, errors.New("is of a kind that no algorithm is for; use RSA, Ed25519 or the curves P-256, P-384 and P-521")
	}
	return key, nil
}

// fitRSA reports whether a key is neither weak nor slow.
func fitRSA(key *rsa.PublicKey) bool {
	bits := key.N.BitLen()
	return bits >= minRSA && bits <= maxRSA && key.N.Bit(0) == 1 && key.E >= 3 && key.E%2 == 1
}

// ParseJWKS reads the keys of a set that tokens can be verified with, and passes over all others: secrets, keys for encryption, weak ones, and kinds
// that we don't know. It fails if there is none, or more than 100 of whatever kind.
func ParseJWKS(text []byte) (StaticKeys, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, err
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("%d keys; at most %d are read", len(set.Keys), maxKeys)
	}
	keys := StaticKeys{}
	for _, each := range set.Keys {
		if kid, key, ok := parseJWK(each); ok {
			keys[kid] = append(keys[kid], key)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("no key among them that a token can be verified with: RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519")
	}
	return keys, nil
}

// parseJWK reads a key, unless tokens can't be verified with it.
func parseJWK(text jsontext.Value) (kid string, key PublicKey, ok bool) {
	var k struct {
		JWK

		Y          string   `json:"y"`
		N          string   `json:"n"`
		E          string   `json:"e"`
		Operations []string `json:"key_ops"`
	}
	if json.Unmarshal(text, &k) != nil || k.Use != "" && k.Use != "sig" || k.Operations != nil && !slices.Contains(k.Operations, "verify") {
		return "", PublicKey{}, false
	}
	key.Algorithm = k.Algorithm
	switch k.KeyType {
	case "OKP":
		key.Key = parseEd25519(k.Curve, k.X)
		if k.Algorithm == "Ed25519" { // RFC 9864 calls it so
			key.Algorithm = "EdDSA"
		}
	case "EC":
		key.Key = parseEC(k.Curve, k.X, k.Y)
	case "RSA":
		key.Key = parseRSA(k.N, k.E)
	}
	return k.KeyID, key, slices.ContainsFunc(Algorithms, key.Fits)
}

func parseEd25519(curve, x string) crypto.PublicKey {
	key, err := base64.RawURLEncoding.DecodeString(x)
	if err != nil || curve != "Ed25519" || len(key) != ed25519.PublicKeySize {
		return nil
	}
	return ed25519.PublicKey(key)
}

func parseEC(curve, x, y string) crypto.PublicKey {
	of := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}[curve]
	point, err := base64.RawURLEncoding.AppendDecode([]byte{4}, []byte(x)) // SEC 1: not compressed
	if err != nil || of == nil {
		return nil
	}
	if point, err = base64.RawURLEncoding.AppendDecode(point, []byte(y)); err != nil {
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(of, point)
	if err != nil {
		return nil
	}
	return key
}

func parseRSA(n, e string) crypto.PublicKey {
	modulus, err := base64.RawURLEncoding.DecodeString(n)
	if err != nil {
		return nil
	}
	exponent, err := base64.RawURLEncoding.DecodeString(e)
	if err != nil || len(exponent) > 4 {
		return nil
	}
	power := new(big.Int).SetBytes(exponent).Int64()
	key := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(power)}
	if power > 1<<31-1 || !fitRSA(key) {
		return nil
	}
	return key
}
