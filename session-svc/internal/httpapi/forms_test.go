package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"streamgate/libs/jwtauth"
)

// An access token whose ids have another form is no access token, and no other input is blamed for it.
func TestTokensWithOtherIDs(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	for name, change := range map[string]func(*jwtauth.Claims){
		"session too short": func(c *jwtauth.Claims) { c.Session = "AAAA" },
		"session in lines":  func(c *jwtauth.Claims) { c.Session = c.Session[:5] + "\n" + c.Session[5:] },
		"no session":        func(c *jwtauth.Claims) { c.Session = "" },
		"account's case":    func(c *jwtauth.Claims) { c.Account = strings.ToUpper("a" + c.Account[1:]) },
		"account a path":    func(c *jwtauth.Claims) { c.Account = "../content" },
	} {
		claims := tv.claims()
		change(&claims)
		token := tv.sign(t, claims)
		for _, path := range []string{"/content", "/sessions", "/streams"} {
			bad := &device{gate: tv.gate, token: token}
			if answer := bad.do(t, http.MethodGet, path, ""); answer.Status != http.StatusUnauthorized {
				t.Errorf("%s: %s answers %d", name, path, answer.Status)
			}
		}
	}
}

// A refresh token has one form.
func TestFormsOfRefreshTokens(t *testing.T) {
	t.Parallel()
	g := start(t)
	token := g.signIn(t, "TV").refreshToken
	for _, form := range []string{
		token + `\n`, `\r\n` + token, token[:20] + `\n` + token[20:], token + "=", token + " ", " " + token, strings.ToLower(token),
		token + "A", token[:len(token)-1], token + token,
	} {
		g.refresh(t, form).Problem(t, http.StatusUnauthorized, "refresh_token_invalid")
	}
	for _, id := range []string{"AAAAAAAAAA%0AA", "AAAAAAAAAAA%0D", "AAAAAAAAAAB"} {
		g.internal(t, http.MethodGet, "/internal/accounts/"+g.account+"/sessions/"+id, "").Problem(t, http.StatusBadRequest, "invalid_input", "sid")
	}
	g.refresh(t, token).Want(t, http.StatusOK)
}
