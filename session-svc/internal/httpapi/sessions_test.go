package httpapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"streamgate/libs/jwtauth"
	"streamgate/libs/peer"
	"streamgate/libs/testkit"
)

func (g *gate) refresh(t *testing.T, token string) testkit.Answer {
	t.Helper()
	return g.internal(t, http.MethodPost, "/internal/sessions/refresh", `{"refreshToken":"`+token+`"}`)
}

func TestSessions(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	phone, laptop := tv.signIn(t, "Phone"), tv.signIn(t, "Laptop")
	names := map[string]bool{}
	for _, s := range phone.do(t, http.MethodGet, "/sessions", "").Want(t, http.StatusOK).List(t) {
		names[s["device"].(string)] = s["current"].(bool)
	}
	if len(names) != 3 || !names["Phone"] || names["TV"] {
		t.Fatal(names)
	}

	stream, _ := tv.playing(t, "")
	tv.do(t, http.MethodGet, "/content", "").Want(t, http.StatusOK)
	phone.do(t, http.MethodDelete, "/sessions/"+tv.session, "").Want(t, http.StatusNoContent)
	if active := phone.active(t); len(active) != 0 {
		t.Error("the end of a session ends its streams", active)
	}
	tv.wantEnded(t, stream, "session_ended", "Phone")
	tv.play(t, "").Problem(t, http.StatusUnauthorized, "session_ended")
	tv.do(t, http.MethodGet, "/content", "").Problem(t, http.StatusUnauthorized, "session_ended")
	tv.do(t, http.MethodDelete, "/streams/"+stream, "").Problem(t, http.StatusUnauthorized, "session_ended")

	phone.do(t, http.MethodDelete, "/sessions", "").Want(t, http.StatusNoContent)
	laptop.play(t, "").Problem(t, http.StatusUnauthorized, "session_ended")
	phone.playing(t, "")
	phone.do(t, http.MethodDelete, "/sessions/xyz", "").Problem(t, http.StatusBadRequest, "invalid_input", "id")
	phone.do(t, http.MethodGet, "/sessions?q=1", "").Problem(t, http.StatusBadRequest, "invalid_input", "q")
}

func TestSessionsOfAnotherReplicaEndWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	tv.do(t, http.MethodGet, "/content", "").Want(t, http.StatusOK) // this replica now caches for a while that the session lives
	other := start(t, sharing(g))
	other.account = g.account
	other.internal(t, http.MethodDelete, "/internal/accounts/"+g.account+"/sessions/"+tv.session, "").Want(t, http.StatusNoContent)
	tv.play(t, "").Problem(t, http.StatusUnauthorized, "session_ended") // the rule asks the store itself
	testkit.Eventually(t, "the catalogue refuses an ended session", func() bool {
		return tv.do(t, http.MethodGet, "/content", "").Status == http.StatusUnauthorized
	})
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	second := g.refresh(t, tv.refreshToken).Want(t, http.StatusOK).JSON(t)
	if second["account"] != g.account || second["id"] != tv.session || second["refreshToken"] == tv.refreshToken {
		t.Fatal(second)
	}
	if again := g.refresh(t, tv.refreshToken).Want(t, http.StatusOK).JSON(t); again["refreshToken"] != second["refreshToken"] {
		t.Error("a repeated request gets the same answer")
	}
	g.refresh(t, second["refreshToken"].(string)).Want(t, http.StatusOK)
	stream, _ := tv.playing(t, "")
	g.refresh(t, tv.refreshToken).Problem(t, http.StatusUnauthorized, "refresh_token_reused")
	tv.wantEnded(t, stream, "session_ended", "a refresh token used twice")
	g.refresh(t, second["refreshToken"].(string)).Problem(t, http.StatusUnauthorized, "refresh_token_invalid")
	for _, token := range []string{"", "x", tv.refreshToken[:50], "A" + tv.refreshToken[1:]} {
		g.refresh(t, token).Problem(t, http.StatusUnauthorized, "refresh_token_invalid")
	}
}

func TestInternalListenerWantsTheSecret(t *testing.T) {
	t.Parallel()
	g := start(t)
	path := g.InternalURL + "/internal/sessions"
	body := `{"account":"` + g.account + `","device":"TV"}`
	testkit.Do(t, http.MethodPost, path, body).Problem(t, http.StatusUnauthorized, "internal_secret_invalid")
	testkit.Do(t, http.MethodPost, path, body, testkit.Header(peer.SecretHeader, "wrong")).Problem(t, http.StatusUnauthorized, "internal_secret_invalid")
	testkit.Do(t, http.MethodPost, g.PublicURL+"/internal/sessions", body, testkit.Header(peer.SecretHeader, secret)).Problem(t, http.StatusNotFound, "not_found")
	g.internal(t, http.MethodPost, "/internal/sessions", `{"account":"x"}`).Problem(t, http.StatusBadRequest, "invalid_input", "account")
}

func TestSupportDesk(t *testing.T) {
	t.Parallel()
	g := start(t)
	tv, desk := g.signIn(t, "TV"), g.signIn(t, "Desk")
	desk.becomeAdmin(t)
	first, _ := tv.playing(t, "")
	second, _ := tv.playing(t, "")
	path := "/accounts/" + g.account + "/streams"
	tv.do(t, http.MethodGet, path, "").Problem(t, http.StatusForbidden, "admin_required")
	tv.do(t, http.MethodDelete, path+"/"+first, "").Problem(t, http.StatusForbidden, "admin_required")
	if seen := desk.do(t, http.MethodGet, path, "").Want(t, http.StatusOK).JSON(t); seen["active"] != 2.0 {
		t.Error(seen)
	}
	desk.do(t, http.MethodDelete, path+"/"+first, "").Want(t, http.StatusNoContent)
	tv.wantEnded(t, first, "terminated", "support")
	desk.do(t, http.MethodDelete, path, "").Want(t, http.StatusNoContent)
	tv.heartbeat(t, second, "").Problem(t, http.StatusGone, "stream_ended")
	desk.do(t, http.MethodGet, "/accounts/x/streams", "").Problem(t, http.StatusBadRequest, "invalid_input", "id")
}

func TestPlan(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	path, plan := "/accounts/"+g.account+"/plan", `{"maxStreams":5,"onLimit":"evict-oldest"}`
	tv.do(t, http.MethodPut, path, plan).Problem(t, http.StatusForbidden, "admin_required")
	tv.becomeAdmin(t)
	tv.do(t, http.MethodPut, path, plan).Want(t, http.StatusOK)
	changed := tv.do(t, http.MethodPut, path, "maxStreams=5&onLimit=evict-oldest").Want(t, http.StatusOK).JSON(t)
	if changed["id"] != g.account || changed["plan"].(map[string]any)["maxStreams"] != 5.0 {
		t.Error(changed)
	}
	tv.do(t, http.MethodPut, path, `{"maxStreams":"many"}`).Problem(t, http.StatusBadRequest, "invalid_input", "maxStreams")
	tv.do(t, http.MethodPut, path, `{"maxStreams":500}`).Problem(t, http.StatusBadRequest, "invalid_input", "maxStreams")
	tv.do(t, http.MethodPut, "/accounts/"+g.content+"/plan", plan).Problem(t, http.StatusNotFound, "account_not_found")
	tv.do(t, http.MethodPut, "/accounts/x/plan", plan).Problem(t, http.StatusBadRequest, "invalid_input", "id")
}

// TestEvictingPlan signs in with a plan that ends the oldest stream. The cooldown keeps a start from doing so at once.
func TestEvictingPlan(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	claims := tv.claims()
	claims.Limit, claims.Evicts = 1, true
	tv.token = tv.sign(t, claims)
	tv.playing(t, "")
	tv.play(t, "").Problem(t, http.StatusForbidden, "stream_limit_reached")
}

// A device that asks fifty times at once, and loses answers, goes on with the one that it gets.
func TestRefreshesAtOnce(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	for range 3 {
		tokens := make(chan string, 50)
		var group sync.WaitGroup
		for range cap(tokens) {
			group.Go(func() {
				tokens <- g.refresh(t, tv.refreshToken).Want(t, http.StatusOK).JSON(t)["refreshToken"].(string)
			})
		}
		group.Wait()
		close(tokens)
		different := map[string]bool{}
		for token := range tokens {
			different[token] = true
			tv.refreshToken = token
		}
		if len(different) != 1 {
			t.Errorf("%d generations", len(different))
		}
	}
}

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
