package httpapi_test

import (
	"testing"

	"streamgate/libs/peer"
	"streamgate/libs/testkit"
)

// planOf returns the members of the answer about a person's plan.
func planOf(p person, maxStreams float64, onLimit string) map[string]any {
	return map[string]any{"id": p.id, "plan": map[string]any{"maxStreams": maxStreams, "onLimit": onLimit}}
}

func TestPlans(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p, other := s.signUp("ada@example.com"), s.signUp("other@example.com")
	path := "/internal/accounts/" + p.id
	wantMembers(t, s.internally("GET", path, "").Want(t, 200).JSON(t), planOf(p, 3, "deny"))
	wantMembers(t, s.internally("PUT", path+"/plan", `{"maxStreams": 100, "onLimit": "evict-oldest"}`).Want(t, 200).JSON(t), planOf(p, 100, "evict-oldest"))
	paused := planOf(p, 2, "deny")
	paused["plan"].(map[string]any)["pauseSeconds"] = 0.0
	wantMembers(t, s.internally("PUT", path+"/plan", "maxStreams=2&onLimit=deny&pauseSeconds=0").Want(t, 200).JSON(t), paused)
	wantMembers(t, s.internally("GET", path, "").Want(t, 200).JSON(t), paused)
	wantMembers(t, s.internally("PUT", path+"/plan", "maxStreams=1&onLimit=deny").Want(t, 200).JSON(t), planOf(p, 1, "deny"))
	for body, field := range map[string]string{
		"": "maxStreams", "{}": "onLimit", `{"maxStreams": 0, "onLimit": "deny"}`: "maxStreams", `{"maxStreams": 101, "onLimit": "deny"}`: "maxStreams",
		"maxStreams=2&onLimit=deny&pauseSeconds=-1": "pauseSeconds", "maxStreams=2&onLimit=deny&pauseSeconds=14401": "pauseSeconds",
		`{"maxStreams": 2, "onLimit": "deny", "pauseSeconds": 0.5}`: "pauseSeconds",
		`{"maxStreams": 2.5, "onLimit": "deny"}`:                    "maxStreams", `{"maxStreams": "2", "onLimit": "deny"}`: "maxStreams",
		`{"maxStreams": {"$inc": 1}, "onLimit": "deny"}`: "maxStreams",
		`{"maxStreams": 2, "onLimit": "allow"}`:          "onLimit", `{"maxStreams": 2}`: "onLimit", `{"maxStreams": 2, "onLimit": "deny", "role": "admin"}`: "role",
		`{"maxStreams": 1e300, "onLimit": "deny"}`: "maxStreams", `{"maxStreams": -1, "onLimit": "deny"}`: "maxStreams",
	} {
		s.internally("PUT", path+"/plan", body).Problem(t, 400, "invalid_input", field)
	}
	wantMembers(t, s.internally("GET", path, "").Want(t, 200).JSON(t), planOf(p, 1, "deny"))
	if got := at(s.do("GET", "/users/me", "", other.bearer()).Want(t, 200).JSON(t), "plan", "maxStreams"); got != 3.0 {
		t.Errorf("another account's plan has %v", got)
	}
	if limit := claimsOf(t, s.signIn(p.email, p.password).token)["lim"]; limit != 1.0 {
		t.Errorf("the next token says %v", limit)
	}
	for _, id := range []string{testkit.NewID(), "x"} {
		s.internally("GET", "/internal/accounts/"+id, "").Problem(t, 404, "account_not_found")
		s.internally("PUT", "/internal/accounts/"+id+"/plan", "maxStreams=1&onLimit=deny").Problem(t, 404, "account_not_found")
	}
	testkit.Do(t, "GET", s.internal+path, "").Problem(t, 401, "internal_secret_invalid")
	testkit.Do(t, "PUT", s.internal+path+"/plan", "maxStreams=9&onLimit=deny", testkit.Header(peer.SecretHeader, "wrong secret, long enough")).
		Problem(t, 401, "internal_secret_invalid")
	s.do("GET", path, "").Problem(t, 404, "not_found")
}
