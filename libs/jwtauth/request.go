package jwtauth

import (
	"context"
	"strings"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
)

// tokenField is the form field, and where allowed the query parameter, that carries the token (RFC 6750 2.2, 2.3).
const tokenField = "access_token"

// TokenVerifier returns the claims of good access tokens: a Verifier, or what knows further issuers.
type TokenVerifier interface {
	// Verify is Verifier.Verify.
	Verify(ctx context.Context, token string) (*Claims, error)
}

// Authenticator verifies the access tokens of requests.
type Authenticator struct {
	Verifier TokenVerifier

	// InQuery accepts the query parameter access_token too. Queries end up in logs and histories.
	InQuery bool
}

// Authenticate returns the claims of a request's access token: from the header Authorization, or from the field
// access_token of a form body, which a GET may have too.
func (a Authenticator) Authenticate(c *gin.Context) (*Claims, error) {
	token, err := a.token(c)
	if err != nil {
		return nil, err
	}
	return a.Verifier.Verify(c.Request.Context(), token)
}

func (a Authenticator) token(c *gin.Context) (string, error) {
	var tokens []string
	if header := c.GetHeader("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return "", missingToken("The header Authorization must be: Bearer, a space, the access token.")
		}
		tokens = append(tokens, strings.TrimSpace(token))
	}
	if len(c.Request.Header.Values("Authorization")) > 1 {
		return "", fault.BadField("Authorization", "given more than once; give it once")
	}
	if token, ok, err := bind.TakeFormField(c, tokenField); err != nil {
		return "", err
	} else if ok {
		tokens = append(tokens, token)
	}
	if a.InQuery {
		if token, ok, err := bind.TakeQueryParameter(c, tokenField); err != nil {
			return "", err
		} else if ok {
			tokens = append(tokens, token)
		}
	}
	switch len(tokens) {
	case 0:
		return "", missingToken("This needs an access token: the header Authorization: Bearer …, or the form field access_token.")
	case 1:
		return tokens[0], nil
	default:
		return "", fault.BadField(tokenField, "given in more than one place; give it once")
	}
}

func missingToken(detail string) error {
	return fault.New(fault.Unauthenticated, "token_required", detail).Challenging(fault.BearerChallenge)
}
