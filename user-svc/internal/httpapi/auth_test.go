package httpapi_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"streamgate/libs/jwtauth"
	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/token"
)

func claimsOf(t *testing.T, text string) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(text, claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// The second line of the tour, word for word; and the published key set verifies the token.
func TestSignIn(t *testing.T) {
	t.Parallel()
	s := boot(t)
	s.do("POST", "/users", "email=test@example.com&password=123456").Want(t, 201)
	answer := s.do("POST", "/auth", "", testkit.Basic("test@example.com", "123456")).Want(t, 201)
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("header %v", answer.Header)
	}
	body := answer.JSON(t)
	me := s.do("GET", "/users/me", "", testkit.Bearer(body["token"].(string))).Want(t, 200).JSON(t)
	wantMembers(t, body, map[string]any{
		"token": body["token"], "refreshToken": body["refreshToken"], "tokenType": "Bearer", "expiresIn": 600.0, "user": me,
	})
	keys := jwtauth.NewRemoteKeys(s.url+"/.well-known/jwks.json", testkit.Logger(t))
	claims, err := jwtauth.NewVerifier(keys, "streamgate").Verify(t.Context(), body["token"].(string))
	if err != nil {
		t.Fatal(err)
	}
	sessions := s.sessions.Alive(me["id"].(string))
	if len(sessions) != 1 || sessions[0].Known || claims.Session != sessions[0].ID || claims.Account != me["id"] || claims.Role != "user" || claims.Limit != 3 {
		t.Errorf("claims %+v of %v", claims, sessions)
	}
	if left := time.Until(claims.Expires); left < 9*time.Minute || left > 10*time.Minute {
		t.Errorf("valid for %v", left)
	}
	s.sessions.End(claims.Session)
	s.do("POST", "/auth", "", testkit.Basic("test@example.com", "123456")).Want(t, 201)
	if again := s.sessions.Alive(me["id"].(string)); len(again) != 1 || !again[0].Known {
		t.Errorf("session-svc is told that the account signed in before: %v", again)
	}
	if n := s.metric(`user_sign_ins_total{outcome="success"}`); n != "2" {
		t.Errorf("%s successes measured", n)
	}
}

// Session-svc is told whether the account has signed in before, so that it notices when it has lost its data.
func TestSignInAgain(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := s.signUp("ada@example.com")
	first := s.sessions.Alive(p.id)
	if len(first) != 1 || first[0].Known {
		t.Errorf("first sessions %+v", first)
	}
	s.sessions.End(first[0].ID)
	for range 2 {
		s.signIn(p.email, p.password)
	}
	for _, again := range s.sessions.Alive(p.id) {
		if !again.Known {
			t.Errorf("session %+v of an account that is said not to be known", again)
		}
	}
}

// No answer reveals whether an account exists, whether it is locked, or how near the password was.
func TestRefusalsAreAlike(t *testing.T) {
	t.Parallel()
	s := boot(t, "TRUSTED_PROXIES=127.0.0.1")
	ada, locked := s.signUp("ada@example.com"), s.signUp("locked@example.com")
	s.lock(locked)
	stranger := testkit.Header("X-Forwarded-For", "198.51.100.1")
	requestID := regexp.MustCompile(`"requestId":"[^"]*"`)
	like := ""
	for name, credentials := range map[string][2]string{
		"unknown":       {"nobody@example.com", password},
		"no address":    {"nobody", password},
		"nothing":       {"", ""},
		"operator":      {"[$ne]=", "[$ne]="},
		"wrong":         {ada.email, "wrong password"},
		"no password":   {ada.email, ""},
		"near":          {ada.email, password + " "},
		"long":          {ada.email, strings.Repeat("x", 4000)},
		"locked, wrong": {locked.email, "wrong password"},
		"locked, right": {locked.email, locked.password},
	} {
		answer := s.do("POST", "/auth", "", testkit.Basic(credentials[0], credentials[1]), stranger).Problem(t, 401, "invalid_credentials")
		if answer.Header.Get("WWW-Authenticate") != `Basic realm="streamgate", charset="UTF-8"` {
			t.Errorf("%s: challenge %s", name, answer.Header.Get("WWW-Authenticate"))
		}
		answer.Header.Del("Date")
		answer.Header.Del("X-Request-Id")
		text := fmt.Sprint(answer.Header, requestID.ReplaceAllString(string(answer.Body), ""))
		if like == "" {
			like = text
		}
		if text != like {
			t.Errorf("%s: %s\nunlike %s", name, text, like)
		}
	}
	for outcome, want := range map[string]string{"unknown": "4", "wrong": "14", "locked": "2"} {
		if got := s.metric(`user_sign_ins_total{outcome="` + outcome + `"}`); got != want {
			t.Errorf("%s %s measured, want %s", got, outcome, want)
		}
	}
	s.wantSessions(locked, 1)
}

func TestBasicCredentials(t *testing.T) {
	t.Parallel()
	s := boot(t)
	s.do("POST", "/users", form("email", "josé@example.com", "password", "a:b:c:d€")).Want(t, 201)
	right := base64.StdEncoding.EncodeToString([]byte("josé@example.com:a:b:c:d€"))
	for _, header := range []string{"Basic " + right, "basic " + right, "BASIC  " + right} {
		s.do("POST", "/auth", "", testkit.Header("Authorization", header)).Want(t, 201)
	}
	for header, code := range map[string]string{
		"":                     "credentials_required",
		"Bearer x":             "credentials_required",
		"Digest username=x":    "credentials_required",
		right:                  "credentials_required",
		"Basic":                "invalid_authorization",
		"Basic ":               "invalid_authorization",
		"Basic ***":            "invalid_authorization",
		"Basic " + right + "!": "invalid_authorization",
		"Basic " + base64.StdEncoding.EncodeToString([]byte("no colon")):           "invalid_authorization",
		"Basic " + base64.StdEncoding.EncodeToString([]byte("jos\xe9@x.org:pass")): "invalid_authorization",
	} {
		answer := s.do("POST", "/auth", "", testkit.Header("Authorization", header)).Problem(t, 401, code)
		if answer.Header.Get("WWW-Authenticate") != `Basic realm="streamgate", charset="UTF-8"` {
			t.Errorf("%q: challenge %s", header, answer.Header.Get("WWW-Authenticate"))
		}
	}
	twice := func(r *http.Request) { r.Header["Authorization"] = []string{"Basic " + right, "Basic " + right} }
	s.do("POST", "/auth", "", twice).Problem(t, 400, "invalid_input", "Authorization")
	for body, field := range map[string]string{
		"device=" + strings.Repeat("x", 65): "device", "device=a%0Ab": "device", "device=a&device=b": "device", `{"device": {"$ne": ""}}`: "device",
		`{"device": 1}`: "device", "email=x": "email", "device=%FF": "device",
	} {
		s.do("POST", "/auth", body, testkit.Header("Authorization", "Basic "+right)).Problem(t, 400, "invalid_input", field)
	}
	s.do("POST", "/auth?device=x", "", testkit.Header("Authorization", "Basic "+right)).Problem(t, 400, "invalid_input", "device")
	for _, hidden := range testkit.Hidden {
		t.Logf("%+q", hidden)
		s.do("POST", "/auth", form("device", "T"+hidden+"V"), testkit.Header("Authorization", "Basic "+right)).Problem(t, 400, "invalid_input", "device")
	}
}

func TestDeviceNames(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := s.signUp("ada@example.com")
	for _, test := range []struct{ body, userAgent, want string }{
		{"device=Living+room", "curl/8.5.0", "Living room"},
		{`{"device": "Küche 📺"}`, "", "Küche 📺"},
		{"device=" + strings.Repeat("x", 64), "", strings.Repeat("x", 64)},
		{"device=" + strings.Repeat("Д", 64), "", strings.Repeat("Д", 64)},
		{"", "curl/8.5.0", "curl"},
		{"{}", "ExoPlayer/2.19 (Linux; Android 13)", "ExoPlayer"},
		{"", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"},
		{"", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0", "Edge on Windows"},
		{"", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/604.1", "Safari on iPhone"},
		{"", "Mozilla/5.0 (Linux; Android 14; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"},
		{"", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15", "Safari on macOS"},
		{"", " ", "Unknown device"},
		{"", "\xff\xfe", "Unknown device"},
		{"", strings.Repeat("y", 100), strings.Repeat("y", 64)},
	} {
		s.do("POST", "/auth", test.body, testkit.Basic(p.email, p.password), testkit.Header("User-Agent", test.userAgent)).Want(t, 201)
		var devices []string
		for _, session := range s.sessions.Alive(p.id) {
			devices = append(devices, session.Device)
			s.sessions.End(session.ID)
		}
		if len(devices) == 0 || !strings.Contains("\n"+strings.Join(devices, "\n")+"\n", "\n"+test.want+"\n") {
			t.Errorf("%q of %q is called %q, want %q", test.body, test.userAgent, devices, test.want)
		}
	}
}

// Whatever strangers guess, and however many of them share a network with people, known devices and networks get
// through, at all replicas. Strangers don't, with the right password either.
func TestStrangersLockNobodyOut(t *testing.T) {
	t.Parallel()
	s := boot(t, "TRUSTED_PROXIES=127.0.0.1")
	replica := s.replica()
	from := func(address string) testkit.Option { return testkit.Header("X-Forwarded-For", address) }
	home, nat, abroad, stranger := from("192.0.2.1"), from("192.0.2.2"), from("192.0.2.3"), from("192.0.2.4")
	s.do("POST", "/users", form("email", "ada@example.com", "password", password), home).Want(t, 201)
	s.do("POST", "/users", form("email", "bob@example.com", "password", password), nat).Want(t, 201)
	right, bob := testkit.Basic("ada@example.com", password), testkit.Basic("bob@example.com", password)
	cookie := s.do("POST", "/auth", "", right, home).Want(t, 201).Header.Get("Set-Cookie")
	if !strings.HasPrefix(cookie, "device=") || !strings.Contains(cookie, "; HttpOnly; SameSite=Strict") || strings.Contains(cookie, "Secure") {
		t.Errorf("cookie %s", cookie)
	}
	name, _, _ := strings.Cut(cookie, ";")
	device := testkit.Header("Cookie", name)
	https := s.do("POST", "/auth", "", right, home, testkit.Header("X-Forwarded-Proto", "https")).Want(t, 201)
	if cookie := https.Header.Get("Set-Cookie"); !strings.Contains(cookie, "; Secure") {
		t.Errorf("cookie %s", cookie)
	}

	s.lock(person{email: "ada@example.com"})
	for _, at := range []*stack{s, replica} {
		at.do("POST", "/auth", "", right, stranger).Problem(t, 401, "invalid_credentials")
		at.do("PUT", "/users/me/password", "password=another", right, stranger).Problem(t, 401, "invalid_credentials")
		at.do("POST", "/auth", "", right, home).Want(t, 201)
		at.do("POST", "/auth", "", right, device, abroad).Want(t, 201)
		at.do("POST", "/auth", "", bob, stranger).Want(t, 201)
	}
	s.do("POST", "/auth", "", right, device, abroad).Want(t, 201)

	throttled := false
	for n := 0; n < 90 && !throttled; n++ { // at both replicas, so that neither has counted enough alone
		guess := func(at *stack) bool {
			return at.do("POST", "/auth", "", testkit.Basic(fmt.Sprintf("nobody%d@example.com", n), "wrong password"), nat).Status == 429
		}
		throttled = guess([]*stack{s, replica}[n%2]) && guess([]*stack{replica, s}[n%2])
		if throttled && n < 20 {
			t.Errorf("throttled after %d", n)
		}
	}
	if !throttled {
		t.Error("never throttled")
	}
	for _, at := range []*stack{s, replica} {
		at.do("POST", "/auth", "", bob, nat).Want(t, 201)
		at.do("POST", "/auth", "", right, device, nat).Want(t, 201)
	}
	if keys := s.keys("guesses"); strings.Contains(keys, "192.0.2") || strings.Contains(keys, "ada@") {
		t.Errorf("the store tells who was tried and where people are: %s", keys)
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := s.signUp("ada@example.com")
	s.internally("PUT", "/internal/accounts/"+p.id+"/plan", `{"maxStreams": 5, "onLimit": "evict-oldest"}`).Want(t, 200)
	s.set(p, "role", "admin")
	answer := s.do("POST", "/auth/refresh", form("refreshToken", p.refreshToken)).Want(t, 200)
	if answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("header %v", answer.Header)
	}
	body := answer.JSON(t)
	next := body["token"].(string)
	if body["refreshToken"] == p.refreshToken || at(body, "user", "role") != "admin" || at(body, "user", "plan", "maxStreams") != 5.0 {
		t.Errorf("refreshed %v", body)
	}
	claims := claimsOf(t, next)
	if claims["lim"] != 5.0 || claims["evict"] != true || claims["role"] != "admin" || claims["sid"] != claimsOf(t, p.token)["sid"] {
		t.Errorf("claims %v", claims)
	}
	s.do("GET", "/users", "", testkit.Bearer(next)).Want(t, 200)

	s.do("POST", "/auth/refresh", `{"refreshToken": "unknown"}`).Problem(t, 401, "refresh_token_invalid")
	repeated := s.do("POST", "/auth/refresh", form("refreshToken", p.refreshToken)).Want(t, 200).JSON(t) // the answer may have been lost
	if repeated["refreshToken"] != body["refreshToken"] {
		t.Errorf("refreshed to %v and %v", body["refreshToken"], repeated["refreshToken"])
	}
	s.do("POST", "/auth/refresh", form("refreshToken", body["refreshToken"].(string))).Want(t, 200)
	again := s.do("POST", "/auth/refresh", form("refreshToken", p.refreshToken)).Problem(t, 401, "refresh_token_reused")
	if again.Header.Get("WWW-Authenticate") == "" {
		t.Error("no challenge")
	}
	s.wantSessions(p, 0)
	for body, field := range map[string]string{
		"": "refreshToken", "{}": "refreshToken", `{"refreshToken": {"$ne": ""}}`: "refreshToken", "refreshToken=a&refreshToken=b": "refreshToken",
		"token=a": "token",
	} {
		s.do("POST", "/auth/refresh", body).Problem(t, 400, "invalid_input", field)
	}
}

// A session left over from a deleted account can't be refreshed.
func TestRefreshOfADeletedAccount(t *testing.T) {
	t.Parallel()
	s, p := orphaned(t)
	s.do("POST", "/auth/refresh", form("refreshToken", p.refreshToken)).Problem(t, 401, "refresh_token_invalid")
	s.wantSessions(p, 0)
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := s.signUp("ada@example.com")
	other := s.signIn(p.email, p.password)
	s.do("GET", "/users/me", "", p.bearer()).Want(t, 200)
	s.do("DELETE", "/auth", "", p.bearer()).Want(t, 204)
	s.do("GET", "/users/me", "", p.bearer()).Problem(t, 401, "session_ended")
	s.do("DELETE", "/auth", "", p.bearer()).Problem(t, 401, "session_ended")
	s.do("GET", "/users/me", "", other.bearer()).Want(t, 200)
	s.do("DELETE", "/auth", form("access_token", other.token)).Want(t, 204)
	s.wantSessions(p, 0)
}

// A session that ends elsewhere ends its tokens here within five seconds.
func TestSessionEndsElsewhere(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := s.signUp("ada@example.com")
	s.do("GET", "/users/me", "", p.bearer()).Want(t, 200)
	s.sessions.End(s.sessions.Alive(p.id)[0].ID)
	ended := time.Now()
	testkit.Eventually(t, "the token is refused", func() bool {
		return s.do("GET", "/users/me", "", p.bearer()).Status == 401
	})
	if took := time.Since(ended); took > 5*time.Second {
		t.Errorf("after %v", took)
	}
}

// While session-svc is away, every request is refused, and nothing is half done.
func TestSessionServiceAway(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p, admin := s.signUp("ada@example.com"), s.admin()
	s.sessions.Away(true)
	for _, request := range []struct {
		method, path, body string
		option             testkit.Option
	}{
		{"GET", "/users/me", "", p.bearer()},
		{"PUT", "/users/me", "name=X", p.bearer()},
		{"DELETE", "/users/me", "", p.bearer()},
		{"DELETE", "/auth", "", p.bearer()},
		{"GET", "/users", "", admin.bearer()},
		{"DELETE", "/users/" + p.id, "", admin.bearer()},
		{"POST", "/auth", "", testkit.Basic(p.email, p.password)},
		{"POST", "/auth/refresh", form("refreshToken", p.refreshToken), testkit.Header("X", "")},
		{"PUT", "/users/me/password", "password=another", testkit.Basic(p.email, p.password)},
	} {
		answer := s.do(request.method, request.path, request.body, request.option).Problem(t, 503, "unavailable")
		if answer.Header.Get("Retry-After") == "" {
			t.Errorf("%s %s: no Retry-After", request.method, request.path)
		}
	}
	s.do("GET", "/users/"+p.id, "").Want(t, 200)
	s.do("POST", "/users", "email=new@example.com&password=123456").Want(t, 201)
	s.sessions.Away(false)
	s.do("GET", "/users/me", "", p.bearer()).Want(t, 200)
	s.do("POST", "/auth/refresh", form("refreshToken", p.refreshToken)).Want(t, 200)
	s.signIn(p.email, p.password)
}

// The account may change between the check of its password and the opening of the session: then the session is ended.
func TestSignInIsOvertaken(t *testing.T) {
	t.Parallel()
	for name, overtake := range map[string]func(*stack, person){
		"by a new password": func(s *stack, p person) {
			s.do("PUT", "/users/me/password", "password=another+one", testkit.Basic(p.email, p.password)).Want(s, 200)
		},
		"by a deletion": func(s *stack, p person) {
			s.do("DELETE", "/users/me", form("password", p.password), p.bearer()).Want(s, 204)
		},
		"by a lock": func(s *stack, p person) {
			s.do("POST", "/auth", "", testkit.Basic(p.email, "wrong password")).Problem(s, 401, "invalid_credentials")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := boot(t)
			p := s.signUp("ada@example.com")
			before := len(s.sessions.Alive(p.id))
			for range 9 { // one more locks
				s.do("POST", "/auth", "", testkit.Basic(p.email, "wrong password")).Problem(t, 401, "invalid_credentials")
			}
			s.sessions.OnOpen(func(string) {
				s.sessions.OnOpen(nil)
				overtake(s, p)
				before = len(s.sessions.Alive(p.id))
			})
			s.do("POST", "/auth", "", testkit.Basic(p.email, p.password)).Problem(t, 401, "invalid_credentials")
			if n := len(s.sessions.Alive(p.id)); n != before {
				t.Errorf("%d sessions, want %d", n, before)
			}
		})
	}
}

// Tokens that are forged or no longer valid are refused.
func TestBearerTokensRefused(t *testing.T) {
	t.Parallel()
	s := boot(t)
	p := s.signUp("ada@example.com")
	keys, err := token.LoadKeys([]string{s.keyFile})
	if err != nil {
		t.Fatal(err)
	}
	own, kid := keys[0], jwtauth.KeyID(keys[0].Public().(ed25519.PublicKey))
	_, foreign, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(method jwt.SigningMethod, key any, header, claims map[string]any) string {
		good := jwt.MapClaims{
			"iss": "streamgate", "sub": p.id, "sid": claimsOf(t, p.token)["sid"], "role": "admin", "lim": 3,
			"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(),
		}
		unsigned := jwt.NewWithClaims(method, good)
		unsigned.Header["kid"] = kid
		for name, value := range claims {
			if good[name] = value; value == nil {
				delete(good, name)
			}
		}
		for name, value := range header {
			if unsigned.Header[name] = value; value == nil {
				delete(unsigned.Header, name)
			}
		}
		text, err := unsigned.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	type m = map[string]any
	eddsa := jwt.SigningMethodEdDSA
	s.do("GET", "/users/me", "", testkit.Bearer(sign(eddsa, own, nil, nil))).Want(t, 200)
	parts := strings.Split(p.token, ".")
	for name, bad := range map[string]string{
		"expired":          sign(eddsa, own, nil, m{"exp": time.Now().Add(-time.Minute).Unix()}),
		"without exp":      sign(eddsa, own, nil, m{"exp": nil}),
		"from the future":  sign(eddsa, own, nil, m{"iat": time.Now().Add(time.Hour).Unix()}),
		"foreign issuer":   sign(eddsa, own, nil, m{"iss": "other"}),
		"without session":  sign(eddsa, own, nil, m{"sid": nil}),
		"unknown role":     sign(eddsa, own, nil, m{"role": "root"}),
		"limit":            sign(eddsa, own, nil, m{"lim": 1000}),
		"foreign key":      sign(eddsa, foreign, nil, nil),
		"unknown kid":      sign(eddsa, own, m{"kid": "unknown"}, nil),
		"without kid":      sign(eddsa, own, m{"kid": nil}, nil),
		"critical header":  sign(eddsa, own, m{"crit": []string{"b64"}}, nil),
		"unsigned":         sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil),
		"symmetric":        sign(jwt.SigningMethodHS256, []byte(own.Public().(ed25519.PublicKey)), nil, nil),
		"oversize":         sign(eddsa, own, nil, m{"padding": strings.Repeat("x", 5000)}),
		"other payload":    parts[0] + "." + strings.Split(sign(eddsa, foreign, nil, nil), ".")[1] + "." + parts[2],
		"cut off":          parts[0] + "." + parts[1] + ".",
		"two parts":        parts[0] + "." + parts[1],
		"no token":         "x",
		"trailing":         p.token + "x",
		"refresh token":    p.refreshToken,
		"of a fourth part": p.token + ".x",
	} {
		answer := s.do("GET", "/users/me", "", testkit.Bearer(bad)).Problem(t, 401, "invalid_token")
		if !strings.HasPrefix(answer.Header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s: challenge %q", name, answer.Header.Get("WWW-Authenticate"))
		}
		s.do("PUT", "/users/me", form("access_token", bad, "name", "X")).Problem(t, 401, "invalid_token")
	}
	s.do("GET", "/users/me", "").Problem(t, 401, "token_required")
	s.do("GET", "/users/me", "", testkit.Header("Authorization", "Bearer")).Problem(t, 401, "token_required")
	s.do("GET", "/users/me", "", testkit.Basic(p.email, p.password)).Problem(t, 401, "token_required")
	s.do("GET", "/users/me", form("access_token", p.token), p.bearer()).Problem(t, 400, "invalid_input", "access_token")
	s.do("GET", "/users/me", form("access_token", p.token, "access_token", p.token)).Problem(t, 400, "invalid_input", "access_token")
	s.do("GET", "/users/me?access_token="+p.token, "").Problem(t, 401, "token_required")
	if me := s.do("GET", "/users/me", form("access_token", p.token)).Want(t, 200).JSON(t); me["name"] != "ada" {
		t.Errorf("name became %v", me["name"])
	}
}
