package jwtauth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"

	"streamgate/libs/fault"
	"streamgate/libs/objectid"
)

const (
	// maxToken is the largest token that is accepted, in bytes. Ours have about 350.
	maxToken = 4096
	// cachedTokens bounds the memory of the cache: about 0.6 KB each.
	cachedTokens = 20_000
	// leeway allows for clocks that differ between the issuer and us.
	leeway = 2 * time.Second
	// mostAhead is how far ahead a token may expire. Ours live for minutes.
	mostAhead = 24 * time.Hour
	// rollout is how long after the start of a verifier an older user-svc may still issue tokens, which name no audience.
	rollout = time.Hour
)

// Verifier verifies access tokens, and remembers valid ones until they expire.
type Verifier struct {
	keys     KeySource
	audience string
	parser   *jwt.Parser
	cache    *lru.Cache[string, verified]
	now      func() time.Time
	started  time.Time
}

type verified struct {
	claims     *Claims
	generation uint64
}

// NewVerifier returns a verifier of tokens of this issuer, which are for itself: it is their audience, too.
func NewVerifier(keys KeySource, issuer string) *Verifier {
	cache, _ := lru.New[string, verified](cachedTokens) // fails for sizes below 1 only
	v := &Verifier{keys: keys, audience: issuer, cache: cache, now: time.Now, started: time.Now()}
	v.parser = jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithIssuer(issuer),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(func() time.Time { return v.now() }))
	return v
}

// Verify returns the claims of a token. The caller must not change them. The error is fault.Unauthenticated, or
// fault.Unavailable when the issuer's keys have never been read.
func (v *Verifier) Verify(ctx context.Context, token string) (*Claims, error) {
	generation := v.keys.Generation()
	if hit := v.Remembered(token); hit != nil {
		return hit, nil
	}
	if len(token) > maxToken || strings.ContainsAny(token, "\r\n") { // base64 skips line breaks: one token would have many forms
		return nil, invalidToken(fmt.Errorf("%d bytes long or in lines", len(token)))
	}
	var claims tokenClaims
	_, err := v.parser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		if err := CheckHeader(t.Header); err != nil {
			return nil, err
		}
		if err := v.check(&claims); err != nil { // before the issuer is asked for its key
			return nil, err
		}
		kid, _ := t.Header["kid"].(string)
		return v.keys.Key(ctx, kid, t.Method.Alg())
	})
	if err != nil {
		if fault.KindOf(err) == fault.Unavailable {
			return nil, err
		}
		return nil, invalidToken(err)
	}
	result := &Claims{
		Account: claims.Subject, Session: claims.Session, Role: claims.Role, Limit: claims.Limit, Evicts: claims.Evicts,
		Expires: claims.ExpiresAt.Time,
	}
	if claims.Pause != nil {
		result.Pause = new(time.Duration(*claims.Pause) * time.Second)
	}
	v.cache.Add(strings.Clone(token), verified{result, generation}) // the token may be part of a body of 64 KiB
	return result, nil
}

// Remembered returns the claims of a token that was verified before and is still good, or nil.
func (v *Verifier) Remembered(token string) *Claims {
	if hit, ok := v.cache.Get(token); ok && hit.generation == v.keys.Generation() && v.now().Before(hit.claims.Expires) {
		return hit.claims
	}
	return nil
}

// CheckHeader refuses a token whose header says that it is no access token, or has extensions that must be understood.
func CheckHeader(header map[string]any) error {
	if _, ok := header["crit"]; ok {
		return errors.New("critical extensions") // RFC 7515 4.1.11: we understand none
	}
	if typ, ok := header["typ"]; ok && !isAccessToken(typ) {
		return errors.New("another type of token")
	}
	return nil
}

// isAccessToken reports whether a header's typ is that of a JWT or an access token (RFC 7519, section 5.1; RFC 9068, section 2.1).
func isAccessToken(typ any) bool {
	text, _ := typ.(string)
	switch strings.TrimPrefix(strings.ToLower(text), "application/") {
	case "jwt", "at+jwt":
		return true
	}
	return false
}

// check refuses what jwt doesn't.
func (v *Verifier) check(c *tokenClaims) error {
	switch {
	case c.ExpiresAt != nil && c.ExpiresAt.After(v.now().Add(mostAhead)):
		return errors.New("exp too far ahead")
	case slices.Contains(c.Audience, v.audience):
		return nil
	case len(c.Audience) == 0 && c.IssuedAt != nil && c.IssuedAt.Before(v.started.Add(rollout)):
		return nil
	}
	return errors.New("for another audience")
}

// tokenClaims is the token's payload, which jwt validates together with its own rules.
type tokenClaims struct {
	jwt.RegisteredClaims

	Session string `json:"sid"`
	Role    string `json:"role"`
	Limit   int    `json:"lim"`
	Evicts  bool   `json:"evict,omitempty"`
	Pause   *int   `json:"pause,omitempty"`
}

// Validate refuses tokens that are signed but not meant for us.
func (c tokenClaims) Validate() error {
	_, notID := objectid.Parse("sub", c.Subject)
	switch {
	case notID != nil || !IsSession(c.Session):
		return errors.New("sub or sid is no id")
	case c.Role != RoleUser && c.Role != RoleAdmin:
		return errors.New("unknown role")
	case c.Limit < 1 || c.Limit > MaxLimit:
		return errors.New("lim out of range")
	case c.Pause != nil && (*c.Pause < 0 || *c.Pause > int(MaxPause/time.Second)):
		return errors.New("pause out of range")
	}
	return nil
}

func invalidToken(cause error) error {
	detail := "The access token is not valid; sign in again with POST /auth."
	if errors.Is(cause, jwt.ErrTokenExpired) {
		detail = "The access token has expired; get a new one with POST /auth/refresh."
	}
	return fault.New(fault.Unauthenticated, "invalid_token", detail).Because(cause).Challenging(fault.InvalidTokenChallenge)
}
