package jwtauth

import (
	"crypto/ed25519"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Sign returns an access token with these claims. User-svc is its only caller outside tests.
func Sign(key ed25519.PrivateKey, issuer string, claims Claims, issued time.Time) (string, error) {
	payload := tokenClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: issuer, Audience: jwt.ClaimStrings{issuer}, Subject: claims.Account,
			IssuedAt: jwt.NewNumericDate(issued), ExpiresAt: jwt.NewNumericDate(claims.Expires),
		},
		Session: claims.Session, Role: claims.Role, Limit: claims.Limit, Evicts: claims.Evicts,
	}
	if claims.Pause != nil {
		payload.Pause = new(int(claims.Pause.Seconds()))
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, payload)
	token.Header["kid"] = KeyID(key.Public().(ed25519.PublicKey)) //nolint:forcetypeassert // it always is
	text, err := token.SignedString(key)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return text, nil
}
