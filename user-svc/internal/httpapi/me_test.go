package httpapi_test

import (
	"strings"
	"sync"
	"testing"

	"streamgate/libs/testkit"
)

// orphaned returns a person whose account is gone, while the session goes on.
func orphaned(t *testing.T) (*stack, person) {
	t.Helper()
	s := boot(t)
	p := s.signUp("ada@example.com")
	if err := s.accounts.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, p
}

func TestOwnProfile(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p, other := s.signUp("ada@example.com"), s.signUp("other@example.com")
	me := s.do("GET", "/users/me", "", p.bearer()).Want(t, 200).JSON(t)
	me["name"] = "Countess"
	wantMembers(t, s.do("PUT", "/users/me", "name=Countess", p.bearer()).Want(t, 200).JSON(t), me)
	me["picture"] = "https://example.com/ada.png"
	wantMembers(t, s.do("PUT", "/users/me", `{"picture": "https://example.com/ada.png"}`, p.bearer()).Want(t, 200).JSON(t), me)
	wantMembers(t, s.do("PUT", "/users/me", "", p.bearer()).Want(t, 200).JSON(t), me)
	wantMembers(t, s.do("GET", "/users/me", form("access_token", p.token)).Want(t, 200).JSON(t), me)
	me["name"] = "Ada"
	wantMembers(t, s.do("PUT", "/users/me", form("access_token", p.token, "name", "Ada")).Want(t, 200).JSON(t), me)
	for body, field := range map[string]string{
		`{"name": {"$set": 1}}`: "name", `{"name": 1}`: "name", "name=a&name=b": "name", "name=%00": "name", `{"role": "admin"}`: "role", `{"plan": {}}`: "plan",
		"email=x@example.com": "email", "picture=ftp://example.com/x": "picture", `{"picture": ""}`: "picture", "password=123456": "password",
		`{"access_token": "x"}`: "access_token",
	} {
		s.do("PUT", "/users/me", body, p.bearer()).Problem(t, 400, "invalid_input", field)
	}
	wantMembers(t, s.do("GET", "/users/me", "", p.bearer()).Want(t, 200).JSON(t), me)
	s.do("GET", "/users/me", "x=1", p.bearer()).Problem(t, 400, "invalid_input", "x")
	s.do("GET", "/users/me?x=1", "", p.bearer()).Problem(t, 400, "invalid_input", "x")

	s.do("DELETE", "/users/me", "x=1", p.bearer()).Problem(t, 400, "invalid_input", "x")
	s.do("DELETE", "/users/me", form("password", p.password), p.bearer()).Want(t, 204)
	s.wantSessions(p, 0)
	s.do("GET", "/users/me", "", p.bearer()).Problem(t, 401, "session_ended")
	s.do("GET", "/users/"+p.id, "").Problem(t, 404, "account_not_found")
	s.do("POST", "/auth", "", testkit.Basic(p.email, p.password)).Problem(t, 401, "invalid_credentials")
	s.wantSessions(other, 1)
	s.signUp(p.email) // the address is free again
}

// A token may outlive its account by the seconds for which an answer of session-svc is remembered.
func TestProfileOfADeletedAccount(t *testing.T) {
	t.Parallel()
	s, p := orphaned(t)
	s.do("GET", "/users/me", "", p.bearer()).Problem(t, 401, "session_ended")
	s.do("PUT", "/users/me", "name=X", p.bearer()).Problem(t, 401, "session_ended")
	s.do("DELETE", "/users/me", form("password", p.password), p.bearer()).Problem(t, 401, "session_ended")
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p, other := s.signUp("ada@example.com"), s.signUp("other@example.com")
	s.signIn(p.email, p.password)
	change := func(present, body string) testkit.Answer {
		return s.do("PUT", "/users/me/password", body, testkit.Basic(p.email, present))
	}
	change("wrong password", "password=another+one").Problem(t, 401, "invalid_credentials")
	for body, field := range map[string]string{
		"": "password", "password=": "password", "password=12345": "password", `{"password": {"$ne": ""}}`: "password", "password=a&password=b": "password",
		"password=123456&sessionId=x": "sessionId", "password=123456&access_token=x": "access_token", `{"password": "123456", "access_token": 1}`: "access_token",
		form("password", "123456", "access_token", other.token): "access_token",
	} {
		change(p.password, body).Problem(t, 400, "invalid_input", field)
	}
	s.wantSessions(p, 2)

	// One session is kept by its token, the others end.
	changed := change(p.password, form("password", "another one", "access_token", p.token)).Want(t, 200).JSON(t)
	wantMembers(t, changed, s.do("GET", "/users/me", "", p.bearer()).Want(t, 200).JSON(t))
	if alive := s.sessions.Alive(p.id); len(alive) != 1 || alive[0].ID != claimsOf(t, p.token)["sid"] {
		t.Errorf("sessions %v, want that of the token", alive)
	}
	change(p.password, "password=yet+another").Problem(t, 401, "invalid_credentials")
	s.do("POST", "/auth", "", testkit.Basic(p.email, p.password)).Problem(t, 401, "invalid_credentials")

	// Without a token, all end.
	change("another one", `{"password": "йцукен"}`).Want(t, 200)
	s.wantSessions(p, 0)
	s.signIn(p.email, "йцукен")
	s.wantSessions(other, 1)
}

// Of simultaneous changes with the present password one succeeds, and only its author is told so.
func TestChangePasswordAtOnce(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := s.signUp("ada@example.com")
	next := []string{"first one", "second one", "third one", "fourth one"}
	answers := make([]testkit.Answer, len(next))
	var group sync.WaitGroup
	for i := range next {
		group.Go(func() {
			answers[i] = s.do("PUT", "/users/me/password", form("password", next[i]), testkit.Basic(p.email, p.password))
		})
	}
	group.Wait()
	var won []string
	for i, answer := range answers {
		if answer.Status == 200 {
			won = append(won, next[i])
		} else {
			answer.Problem(t, 401, "invalid_credentials")
		}
	}
	if len(won) != 1 {
		t.Fatalf("%s were all taken", strings.Join(won, ", "))
	}
	s.signIn(p.email, won[0])
}
