package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"streamgate/libs/testkit"
)

// cookieOf returns the cookie that an answer sets, or nil.
func cookieOf(t *testing.T, answer testkit.Answer) *http.Cookie {
	t.Helper()
	for _, line := range answer.Header.Values("Set-Cookie") {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatal(err)
		}
		if cookie.Name == "__Host-refresh" {
			return cookie
		}
	}
	return nil
}

func sent(cookie *http.Cookie) testkit.Option {
	return testkit.Header("Cookie", cookie.Name+"="+cookie.Value)
}

func TestABrowsersRefreshTokenIsInACookie(t *testing.T) {
	t.Parallel()
	s := boot(t)
	s.signUp("ada@example.com")
	origin := testkit.Header("Origin", s.url)
	signedIn := s.do("POST", "/auth", "cookie=true", testkit.Basic("ada@example.com", password), origin).Want(t, 201)
	cookie := cookieOf(t, signedIn)
	if cookie == nil || cookie.Name != "__Host-refresh" || !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteStrictMode ||
		cookie.Path != "/" || cookie.Domain != "" || cookie.Value == "" || cookie.MaxAge <= 0 {
		t.Fatalf("cookie %+v", cookie)
	}
	if strings.Contains(string(signedIn.Body), "refreshToken") || strings.Contains(string(signedIn.Body), cookie.Value) {
		t.Error("scripts see the refresh token")
	}

	refreshed := s.do("POST", "/auth/refresh", "", sent(cookie), origin).Want(t, 200)
	next := cookieOf(t, refreshed)
	if next == nil || next.Value == "" || next.Value == cookie.Value || strings.Contains(string(refreshed.Body), "refreshToken") {
		t.Fatalf("the next cookie is %+v", next)
	}
	token := testkit.Bearer(refreshed.JSON(t)["token"].(string))
	s.do("GET", "/users/me", "", token).Want(t, 200)

	if gone := cookieOf(t, s.do("DELETE", "/auth", "", token, sent(next)).Want(t, 204)); gone == nil || gone.MaxAge >= 0 {
		t.Errorf("after the sign-out the cookie is %+v", gone)
	}
	refused := s.do("POST", "/auth/refresh", "", sent(next), origin).Want(t, 401)
	if gone := cookieOf(t, refused); gone == nil || gone.MaxAge >= 0 {
		t.Errorf("after the refusal the cookie is %+v", gone)
	}
}

// The cookie goes with what the browser sends, so the browser must say that a page of ours asked for it.
func TestTheCookieIsForPagesOfThisHost(t *testing.T) {
	t.Parallel()
	s := boot(t)
	s.signUp("ada@example.com")
	basic, origin := testkit.Basic("ada@example.com", password), testkit.Header("Origin", s.url)
	cookie := cookieOf(t, s.do("POST", "/auth", `{"cookie":true}`, basic, origin, testkit.Header("Content-Type", "application/json")).Want(t, 201))
	for name, headers := range map[string][]testkit.Option{
		"no origin":      nil,
		"another origin": {testkit.Header("Origin", "https://evil.example")},
		"another port":   {testkit.Header("Origin", "http://127.0.0.1:1")},
		"opaque":         {testkit.Header("Origin", "null")},
		"same site":      {origin, testkit.Header("Sec-Fetch-Site", "same-site")},
		"cross site":     {origin, testkit.Header("Sec-Fetch-Site", "cross-site")},
	} {
		for path, options := range map[string][]testkit.Option{"/auth": {basic}, "/auth/refresh": {sent(cookie)}} {
			body := map[string]string{"/auth": "cookie=true"}[path]
			if answer := s.do("POST", path, body, append(options, headers...)...).Problem(t, 403, "cross_origin"); answer.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s, %s: sets %s", path, name, answer.Header.Get("Set-Cookie"))
			}
		}
	}
	s.do("POST", "/auth/refresh", "", sent(cookie), origin, testkit.Header("Sec-Fetch-Site", "same-origin")).Want(t, 200)
	s.do("POST", "/auth/refresh", "").Problem(t, 400, "invalid_input", "refreshToken")
}

// A client that gets its refresh token in the body needs no cookie.
func TestATokenInTheBodyLeavesTheCookieAlone(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := s.signUp("ada@example.com")
	answer := s.do("POST", "/auth/refresh", form("refreshToken", p.refreshToken), testkit.Header("Cookie", "__Host-refresh=other")).Want(t, 200)
	if answer.Header.Get("Set-Cookie") != "" || answer.JSON(t)["refreshToken"] == "" {
		t.Errorf("answer %v %s", answer.Header, answer.Body)
	}
}
