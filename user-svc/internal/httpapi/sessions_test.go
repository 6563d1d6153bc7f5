package httpapi_test

import (
	"net/http"
	"testing"
	"time"
)

// recorded asks about a person's session as session-svc does when it has forgotten it.
func (s *stack) recorded(p person) int {
	s.Helper()
	return s.internally("GET", "/internal/accounts/"+p.id+"/sessions/"+claimsOf(s.T, p.token)["sid"].(string), "").Status
}

// Whoever is signed out, in whichever way, is signed out for good: the record says so, and counts also when session-svc
// has forgotten the end. Whoever isn't stays signed in.
func TestSignedOutForGood(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		signOut func(s *stack, gone, kept person)
		all     bool
	}{
		"by a new password": {signOut: func(s *stack, gone, kept person) {
			s.do("PUT", "/users/me/password", form("password", "another one", "access_token", kept.token), basicOf(gone)).Want(s, 200)
		}},
		"all by a new password": {all: true, signOut: func(s *stack, gone, _ person) {
			s.do("PUT", "/users/me/password", "password=another+one", basicOf(gone)).Want(s, 200)
		}},
		"by itself": {signOut: func(s *stack, gone, _ person) { s.do("DELETE", "/auth", "", gone.bearer()).Want(s, 204) }},
		"by another device": {signOut: func(s *stack, gone, _ person) {
			sid := claimsOf(s.T, gone.token)["sid"].(string)
			s.internally("DELETE", "/internal/accounts/"+gone.id+"/sessions/"+sid, "").Want(s, 204)
			s.sessions.End(sid) // session-svc does both
		}},
		"with all others": {signOut: func(s *stack, gone, kept person) {
			s.internally("DELETE", "/internal/accounts/"+gone.id+"/sessions?except="+claimsOf(s.T, kept.token)["sid"].(string), "").Want(s, 204)
			s.sessions.End(claimsOf(s.T, gone.token)["sid"].(string))
		}},
		"by demotion": {all: true, signOut: func(s *stack, gone, _ person) {
			s.set(gone, "role", "admin")
			s.do("PUT", "/users/"+gone.id, "role=user", s.admin().bearer()).Want(s, 200)
		}},
		"by deletion": {all: true, signOut: func(s *stack, gone, _ person) {
			s.do("DELETE", "/users/"+gone.id, "", s.admin().bearer()).Want(s, 204)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := boot(t)
			gone := s.signUp("ada@example.com")
			kept := s.signIn(gone.email, gone.password)
			test.signOut(s, gone, kept)
			s.sessions.Forget(gone.id)
			if status := s.recorded(gone); status != http.StatusNotFound {
				t.Errorf("session-svc is told %d of it", status)
			}
			s.do("POST", "/auth/refresh", form("refreshToken", gone.refreshToken)).Problem(t, 401, "refresh_token_invalid")
			for _, alive := range s.sessions.Alive(gone.id) {
				if alive.ID == claimsOf(t, gone.token)["sid"] {
					t.Error("it lives on at session-svc")
				}
			}
			want, refreshed := http.StatusOK, http.StatusOK
			if test.all {
				want, refreshed = http.StatusNotFound, http.StatusUnauthorized
			}
			if status := s.recorded(kept); status != want {
				t.Errorf("session-svc is told %d of the other one", status)
			}
			s.do("POST", "/auth/refresh", form("refreshToken", kept.refreshToken)).Want(t, refreshed)
		})
	}
}

// What is recorded of a session is what session-svc opened and refreshed it as.
func TestRecord(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := s.signUp("ada@example.com")
	sid := claimsOf(t, p.token)["sid"].(string)
	path := "/internal/accounts/" + p.id + "/sessions/"
	opened := s.internally("GET", path+sid, "").Want(t, 200).JSON(t)
	s.do("POST", "/auth/refresh", form("refreshToken", p.refreshToken)).Want(t, 200)
	refreshed := s.internally("GET", path+sid, "").Want(t, 200).JSON(t)
	if opened["generation"] != 1.0 || refreshed["generation"] != 2.0 ||
		opened["device"] != "Go-http-client" || refreshed["createdAt"] != opened["createdAt"] {
		t.Errorf("%v became %v", opened, refreshed)
	}
	s.internally("GET", path+"AAAAAAAAAAA", "").Problem(t, 404, "session_not_found")
	s.internally("GET", path+"a.b", "").Problem(t, 400, "invalid_input", "sid")
	s.internally("DELETE", path+"$", "").Problem(t, 400, "invalid_input", "sid")
	s.internally("DELETE", "/internal/accounts/"+p.id+"/sessions?except=x", "").Problem(t, 400, "invalid_input", "except")
	s.internally("GET", "/internal/accounts/65f0c1d2e3a4b5c6d7e8f901/sessions/"+sid, "").Problem(t, 404, "account_not_found")
	s.internally("DELETE", "/internal/accounts/65f0c1d2e3a4b5c6d7e8f901/sessions", "").Want(t, 204)
	s.set(p, "sessions."+sid+".expires", time.Now().Add(-time.Second))
	s.internally("GET", path+sid, "").Problem(t, 404, "session_not_found")
}

// The record is bounded as session-svc's sessions are: the one that wasn't refreshed for the longest time gives way.
func TestRecordIsBounded(t *testing.T) {
	t.Parallel()
	s := boot(t)
	first := s.signUp("ada@example.com")
	second := s.signIn(first.email, first.password)
	s.do("POST", "/auth/refresh", form("refreshToken", first.refreshToken)).Want(t, 200)
	var last person
	for range 29 {
		last = s.signIn(first.email, first.password)
	}
	if a, b, c := s.recorded(first), s.recorded(second), s.recorded(last); a != 200 || b != 404 || c != 200 {
		t.Errorf("the refreshed one: %d, the other old one: %d, the last: %d", a, b, c)
	}
}

// Devices that signed in before there was a record, or at a replica that keeps none, stay signed in through an upgrade,
// and are recorded with their next refresh. Once all have been signed out, that is over.
func TestSessionsOfAnOlderVersion(t *testing.T) {
	t.Parallel()
	s := boot(t)
	s.do("POST", "/users", form("email", "ada@example.com", "password", password)).Want(t, 201)
	p := s.signIn("ada@example.com", password)
	refresh := func(token string) (status int) {
		return s.do("POST", "/auth/refresh", form("refreshToken", token)).Status
	}
	for name, opened := range map[string]time.Time{"before": time.Now().Add(-240 * time.Hour), "beside": time.Now().Add(time.Minute)} {
		if status := refresh(s.sessions.OpenBehind(p.id, opened)); status != 200 {
			t.Errorf("opened %s: %d", name, status)
		}
	}
	if status := refresh(s.sessions.OpenBehind(p.id, time.Now().Add(2*time.Hour))); status != 401 {
		t.Errorf("opened long after: %d", status)
	}
	s.internally("DELETE", "/internal/accounts/"+p.id+"/sessions", "").Want(t, 204)
	if status := refresh(s.sessions.OpenBehind(p.id, time.Now())); status != 401 {
		t.Errorf("opened before all were signed out: %d", status)
	}
}
