package token

import (
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/jwtauth"
	"streamgate/user-svc/internal/account"
)

// Issuer signs access tokens with the first of its keys, and publishes all of them.
type Issuer struct {
	keys   []ed25519.PrivateKey
	issuer string
	ttl    time.Duration
	jwks   []byte
}

// NewIssuer returns an issuer (iss) of tokens that are valid for ttl. It needs at least one key.
func NewIssuer(keys []ed25519.PrivateKey, issuer string, ttl time.Duration) *Issuer {
	i := &Issuer{keys: keys, issuer: issuer, ttl: ttl}
	i.jwks, _ = json.Marshal(jwtauth.NewJWKS(i.public()...)) // nothing in it can fail
	return i
}

// Issue returns a token for an account's session. It carries what the account may do, so that services needn't ask.
func (i *Issuer) Issue(a account.Account, session string) (string, error) {
	now := time.Now()
	text, err := jwtauth.Sign(i.keys[0], i.issuer, jwtauth.Claims{
		Account: a.ID, Session: session, Role: string(a.Role), Expires: now.Add(i.ttl),
		Limit: a.Plan.MaxStreams, Evicts: a.Plan.OnLimit == account.EvictOldest, Pause: a.Plan.Pause,
	}, now)
	if err != nil {
		return "", fmt.Errorf("issue: %w", err)
	}
	return text, nil
}

// TTL returns how long a token is valid.
func (i *Issuer) TTL() time.Duration { return i.ttl }

// Verifier returns a verifier of the issuer's own tokens.
func (i *Issuer) Verifier() *jwtauth.Verifier {
	return jwtauth.NewVerifier(jwtauth.NewStaticKeys(i.public()...), i.issuer)
}

// JWKS returns the document with the public keys.
func (i *Issuer) JWKS() []byte { return i.jwks }

func (i *Issuer) public() []ed25519.PublicKey {
	keys := make([]ed25519.PublicKey, len(i.keys))
	for n, key := range i.keys {
		keys[n] = key.Public().(ed25519.PublicKey) //nolint:forcetypeassert // it always is
	}
	return keys
}
