package httpapi_test

import (
	"testing"
)

// Where the setting says so, no account gets a password that is tried first: one of the commonest, or its own address. Otherwise the
// tour's six characters are good.
func TestCommonPasswordsAreRefused(t *testing.T) {
	t.Parallel()
	s, sink := bootWithMail(t, "REFUSE_COMMON_PASSWORDS=true")
	p := s.signUp("Grace.Hopper@example.com")
	s.do("POST", "/password-resets", "email="+p.email).Want(t, 202)
	token := tokenIn(t, sink, p.email)
	for _, common := range []string{
		"123456", "password", "PASSWORD", "qwerty", "iloveyou", "grace.hopper@example.com", "Grace.Hopper@EXAMPLE.com", "grace.hopper",
	} {
		body := form("password", common)
		s.do("POST", "/users", form("email", "grace.hopper@example.com", "password", common)).Problem(t, 400, "invalid_input", "password")
		s.do("PUT", "/users/me/password", body, basicOf(p)).Problem(t, 400, "invalid_input", "password")
		s.do("PUT", "/password-resets/"+token, body).Problem(t, 400, "invalid_input", "password")
	}
	// Somebody else's address is not tried first.
	s.do("POST", "/users", form("email", "other@example.com", "password", "grace.hopper")).Want(t, 201)
	s.do("PUT", "/password-resets/"+token, "password=rear+admiral").Want(t, 200)

	lax := boot(t)
	q := lax.signUp("ada@example.com")
	lax.do("PUT", "/users/me/password", "password=123456", basicOf(q)).Want(t, 200)
	lax.do("POST", "/users", form("email", "same@example.com", "password", "same@example.com")).Want(t, 201)
}

// A device that is signed in is not enough to delete its account.
func TestDeletionTakesThePassword(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p, other := s.signUp("ada@example.com"), s.signUp("other@example.com")
	s.do("DELETE", "/users/me", "", p.bearer()).Problem(t, 400, "invalid_input", "password")
	s.do("DELETE", "/users/me", form("access_token", p.token)).Problem(t, 400, "invalid_input", "password")
	s.do("DELETE", "/users/me", `{"password": {"$ne": ""}}`, p.bearer()).Problem(t, 400, "invalid_input", "password")
	s.do("DELETE", "/users/me?password=x", "", p.bearer()).Problem(t, 400, "invalid_input", "password")
	s.do("DELETE", "/users/me", form("password", p.password), basicOf(p)).Problem(t, 401, "token_required")
	for range 10 { // which are failed sign-ins
		s.do("DELETE", "/users/me", "password=wrong+password", p.bearer()).Problem(t, 403, "password_wrong")
	}
	s.do("DELETE", "/users/me", form("password", p.password), p.bearer()).Problem(t, 403, "password_wrong")
	s.wantSessions(p, 1)
	s.do("DELETE", "/users/me", form("password", other.password, "access_token", other.token)).Want(t, 204)
	s.do("POST", "/auth", "", basicOf(other)).Problem(t, 401, "invalid_credentials")
	s.do("DELETE", "/users/"+p.id, "", s.admin().bearer()).Want(t, 204) // an administrator needs none
}
