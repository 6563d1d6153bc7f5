package httpapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"streamgate/libs/jwtauth"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
)

// opened lets other servers ask.
func opened(c *config.Config) { c.Authorize = true }

// ask asks as nginx does, at /authorize with these parameters, about a request.
func (g *gate) ask(t *testing.T, parameters, target string, options ...testkit.Option) testkit.Answer {
	t.Helper()
	return testkit.Do(t, http.MethodGet, g.PublicURL+"/authorize"+parameters, "", append(options, testkit.Header("X-Original-URI", target))...)
}

// segment returns the address of a part of the gate's content.
func (g *gate) segment(n int) string { return fmt.Sprintf("/live/%s/%d.ts", g.content, n) }

// wantStream expects that a request may be answered, as a part of this stream, if it is known, and returns which.
func wantStream(t *testing.T, a testkit.Answer, stream string) string {
	t.Helper()
	a.Want(t, http.StatusOK)
	id := a.Header.Get("X-Stream-Id")
	if id == "" || stream != "" && id != stream {
		t.Fatalf("allowed as stream %q, want %q", id, stream)
	}
	return id
}

func TestOtherServersMayNotAskUnlessTheyAreLet(t *testing.T) {
	t.Parallel()
	g := start(t)
	for _, path := range []string{"/authorize", "/authorize/x"} {
		testkit.Do(t, http.MethodGet, g.PublicURL+path, "").Problem(t, http.StatusNotFound, "not_found")
	}
}

// The forms in which servers ask, as their documents have them.
func TestFormsOfServers(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t, opened)
	id, source := tv.playing(t, "")
	grant := grantOf(t, source)
	target := "/" + grant + g.segment(7) + "?CMCD=br%3D3200&x=%2F"
	for _, form := range []struct {
		name, method, path, body string
		header                   http.Header
	}{
		{name: "nginx", path: "/authorize?denied=403", header: http.Header{"X-Original-Uri": {target}, "X-Original-Method": {"GET"}}},
		{name: "ingress-nginx", path: "/authorize", header: http.Header{
			"X-Original-Url": {"https://video.example.com" + target}, "X-Original-Method": {"GET"}, "X-Sent-From": {"nginx-ingress-controller"},
		}},
		{name: "Traefik", path: "/authorize?film=6", header: http.Header{
			"X-Forwarded-Uri": {target}, "X-Forwarded-Method": {"GET"}, "X-Forwarded-Host": {"video.example.com"}, "X-Forwarded-Proto": {"https"},
		}},
		{name: "Caddy", path: "/authorize", header: http.Header{"X-Forwarded-Uri": {target}, "X-Forwarded-Method": {"GET"}}},
		{name: "two that agree", path: "/authorize", header: http.Header{"X-Forwarded-Uri": {target}, "X-Original-Uri": {target}}},
		{name: "Envoy", path: "/authorize" + target},
		{name: "Envoy, a preflight", method: http.MethodOptions, path: "/authorize" + target},
		{name: "Envoy, another method", method: http.MethodPost, path: "/authorize" + target, body: "x"},
		{name: "mediamtx", method: http.MethodPost, path: "/authorize", body: `{"user":"","password":"","token":"` + grant + `","ip":"203.0.113.9",` +
			`"action":"read","path":"live/` + g.content + `","protocol":"hls","id":null,"query":"","userAgent":"x"}`},
		{name: "mediamtx, of before tokens", method: http.MethodPost, path: "/authorize", body: `{"user":"any","password":"` + grant + `","ip":"203.0.113.9",` +
			`"action":"playback","path":"` + g.content + `","protocol":"rtsp","id":"6be9e1fd-ca73-4b4e-a6a1-a8a1b0e8f0f5","query":"a=b"}`},
		{name: "mediamtx, in the query", method: http.MethodPost, path: "/authorize", body: `{"action":"read","path":"` + g.content + `","query":"grant=` + grant + `"}`},
	} {
		t.Run(form.name, func(t *testing.T) {
			t.Parallel()
			method := form.method
			if method == "" {
				method = http.MethodGet
			}
			var options []testkit.Option
			for name, values := range form.header {
				options = append(options, testkit.Header(name, values[0]))
			}
			if form.body != "" {
				options = append(options, testkit.Header("Content-Type", "application/json"))
			}
			answer := testkit.Do(t, method, g.PublicURL+form.path, form.body, options...)
			wantStream(t, answer, id)
			for name, value := range map[string]string{
				"X-Stream-Account": g.account, "X-Stream-Session": tv.session, "X-Stream-Content": g.content, "Cache-Control": "no-store",
			} {
				if answer.Header.Get(name) != value {
					t.Errorf("%s is %q, want %q", name, answer.Header.Get(name), value)
				}
			}
		})
	}
}

func TestPlacesOfCredentials(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t, opened)
	id, source := tv.playing(t, "")
	ofToken := wantStream(t, g.ask(t, "", g.segment(1), testkit.Bearer(tv.token)), "")
	for credential, stream := range map[string]string{grantOf(t, source): id, tv.token: ofToken} {
		wantStream(t, g.ask(t, "", "/"+credential+g.segment(1)), stream)
		wantStream(t, g.ask(t, "", "/vod"+g.segment(1)+"/"+credential+"/1.ts"), stream)
		wantStream(t, g.ask(t, "", g.segment(1)+"?a=b&grant="+credential), stream)
		wantStream(t, g.ask(t, "", g.segment(1)+"?access_token="+credential+"&a;b=%zz"), stream)
		wantStream(t, g.ask(t, "", g.segment(1), testkit.Bearer(credential)), stream)
		wantStream(t, g.ask(t, "", g.segment(1), testkit.Header("Cookie", "a=b; grant="+credential)), stream)
		wantStream(t, g.ask(t, "", g.segment(1), testkit.Header("Cookie", "access_token="+credential)), stream)
		// What is for the server itself is not in the way.
		wantStream(t, g.ask(t, "", g.segment(1)+"?grant="+credential, testkit.Header("Authorization", "Basic eA==")), stream)
	}
}

func TestWithoutAGoodCredential(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t, opened)
	_, source := tv.playing(t, "")
	grant := grantOf(t, source)
	forged := grant[:len(grant)-1] + "A"
	if forged == grant {
		forged = grant[:len(grant)-1] + "E"
	}
	for code, answers := range map[string][]testkit.Answer{
		"token_required": {
			g.ask(t, "", g.segment(1)), g.ask(t, "", "/"), g.ask(t, "", g.segment(1), testkit.Header("Authorization", "Basic eA==")),
			testkit.Do(t, http.MethodGet, g.PublicURL+"/authorize", ""),
			testkit.Do(t, http.MethodPost, g.PublicURL+"/authorize", `{"action":"read","path":"x","user":"","password":"","query":""}`),
		},
		"invalid_grant": {
			g.ask(t, "", "/"+forged+g.segment(1)), g.ask(t, "", g.segment(1)+"?grant=x"), g.ask(t, "", g.segment(1), testkit.Bearer("AAAA")),
			g.ask(t, "?denied=403", g.segment(1)+"?grant="+forged),
		},
		"invalid_token": {
			g.ask(t, "", g.segment(1), testkit.Bearer(tv.token+"x")), g.ask(t, "", "/"+tv.token[:len(tv.token)-4]+"AAAA"+g.segment(1)),
			g.ask(t, "", g.segment(1), testkit.Bearer(tv.tokenFor(t, -time.Minute))),
		},
	} {
		for _, answer := range answers {
			answer.Problem(t, http.StatusUnauthorized, code)
			if answer.Header.Get("X-Stream-Status") != "401" || answer.Header.Get("X-Stream-Code") != code {
				t.Error(answer.Header)
			}
		}
	}
}

// One who has a grant for one content must not get another by it.
func TestWhatAGrantOpens(t *testing.T) {
	t.Parallel()
	for src, cases := range map[string]map[string]string{ // by target, without the grant before it, the code of the refusal
		"films/bars/index.m3u8": {
			"/1.ts": "", "/a/b/1.ts": "", "/live/CONTENT/1.ts": "", "/live/607c55840e977203b4d8b5e5/1.ts": "content_differs",
			"/../blue/1.ts": "path_not_clean", "/%2e%2e/blue/1.ts": "path_not_clean", "/..%2fblue/1.ts": "path_not_clean", `/..\blue/1.ts`: "path_not_clean",
			"/a//b.ts": "path_not_clean", "/%ff": "path_not_clean", "/%zz": "path_not_clean", "/CONTENT/../607c55840e977203b4d8b5e5/1.ts": "path_not_clean",
		},
		"films/bars.mp4": {"/bars.mp4": "", "/blue.mp4": "content_differs"},
		"https://cdn.example.com/:grant/films/bars/index.m3u8": {
			"/films/bars/index.m3u8": "", "/films/bars/720p/1.ts?x=y": "", "/films/barsandmore/1.ts": "content_differs", "/films/blue/1.ts": "content_differs",
			"/films/bars/../blue/1.ts": "path_not_clean", "/x/CONTENT/1.ts": "",
		},
		"https://cdn.example.com/bars%20and%20more.mp4": {"/bars%20and%20more.mp4": "", "/bars%20and%20more.mp4.key": "content_differs"},
		"https://cdn.example.com/index.m3u8":            {"/index.m3u8": "", "/1.ts": "content_differs"},
	} {
		t.Run(src, func(t *testing.T) {
			t.Parallel()
			g := start(t, opened)
			g.neigh.src = src
			playing := g.signIn(t, "TV").play(t, "").Want(t, http.StatusOK).JSON(t)
			started, _ := playing["stream"].(map[string]any)
			grant, _ := started["ticket"].(string)
			for target, code := range cases {
				target = strings.ReplaceAll(target, "CONTENT", g.content)
				answer := g.ask(t, "", "/"+grant+target)
				if code == "" {
					wantStream(t, answer, started["id"].(string))
					continue
				}
				answer.Problem(t, http.StatusForbidden, code)
			}
			g.ask(t, "?content=607c55840e977203b4d8b5e5", "/"+grant+"/1.ts").Problem(t, http.StatusForbidden, "content_differs")
			wantStream(t, g.ask(t, "?content="+g.content, "/any/1.ts?grant="+grant), "")
			if !strings.Contains(src, "://") {
				g.ask(t, "", "/1.ts?grant="+grant).Problem(t, http.StatusForbidden, "content_unknown")
			}
		})
	}
}

func TestASourceElsewhereHasThePlaceForItsGrant(t *testing.T) {
	t.Parallel()
	g := start(t, opened)
	g.neigh.src = "https://cdn.example.com/v/:grant/films/bars/index.m3u8"
	playing := g.signIn(t, "TV").play(t, "").Want(t, http.StatusOK).JSON(t)
	source, _ := playing["source"].(string)
	address, err := url.Parse(source)
	if err != nil || !strings.HasPrefix(source, "https://cdn.example.com/v/A") || !strings.HasSuffix(source, "/films/bars/index.m3u8") {
		t.Fatal(source, err)
	}
	// The scope is the path without the grant, and so is what is asked about.
	wantStream(t, g.ask(t, "", strings.Replace(address.Path, "index.m3u8", "1.ts", 1)), playing["stream"].(map[string]any)["id"].(string))
}

func TestAClientCannotNameAnotherAddressThanItsServer(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t, opened)
	_, source := tv.playing(t, "")
	own := "/" + grantOf(t, source) + g.segment(1)
	g.ask(t, "", "/live/607c55840e977203b4d8b5e5/1.ts", testkit.Header("X-Forwarded-Uri", own)).Problem(t, http.StatusBadRequest, "invalid_input", "X-Forwarded-Uri")
	g.ask(t, "", "/x", testkit.Header("X-Envoy-Original-Path", own)).Problem(t, http.StatusBadRequest, "invalid_input", "X-Envoy-Original-Path")
	testkit.Do(t, http.MethodGet, g.PublicURL+"/authorize/live/607c55840e977203b4d8b5e5/1.ts?grant="+grantOf(t, source), "",
		testkit.Header("X-Original-URI", own)).Problem(t, http.StatusForbidden, "content_differs")
}

func TestWhatTheOperatorToldWrongIsNamed(t *testing.T) {
	t.Parallel()
	g := start(t, opened)
	for parameters, field := range map[string]string{
		"?film=six": "film", "?film=-1": "film", "?film=3601": "film", "?film=NaN": "film", "?bytes=1000": "bitrate", "?bitrate=fast": "bitrate",
		"?denied=404": "denied", "?content=bars": "content", "?films=6": "films", "?film=6&film=6": "film",
	} {
		g.ask(t, parameters, g.segment(1)).Problem(t, http.StatusBadRequest, "invalid_input", field)
	}
	for _, body := range []string{``, `{}`, `[]`, `{"action":7}`} {
		testkit.Do(t, http.MethodPost, g.PublicURL+"/authorize", body).Problem(t, http.StatusBadRequest, "invalid_input", "body")
	}
}

// A request renews its stream as a fetch does, and most are decided from memory.
func TestRequestsHoldTheSlot(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t, opened)
	id, source := tv.playing(t, "")
	before, asked := g.calls(t, "renew"), 0
	for began := time.Now(); time.Since(began) < 2*lease; asked++ {
		wantStream(t, g.ask(t, "", "/"+grantOf(t, source)+g.segment(asked)), id)
	}
	if active := tv.active(t); len(active) != 1 || active[0] != id {
		t.Errorf("after two leases, %v play", active)
	}
	if renewals := g.calls(t, "renew") - before; renewals < 2 || renewals > 12 {
		t.Errorf("%d renewals for %d requests in two leases", renewals, asked)
	}
	testkit.Eventually(t, "it lapses", func() bool { return len(tv.active(t)) == 0 })
}

func TestATokenStartsAStreamAtFirstSight(t *testing.T) {
	t.Parallel()
	g := start(t, opened)
	other := start(t, opened, sharing(g))
	other.key, other.account, other.content = g.key, g.account, g.content
	tv := g.signIn(t, "TV")
	id := wantStream(t, g.ask(t, "", g.segment(1), testkit.Bearer(tv.token)), "")
	for n := range 20 { // whichever replica is asked
		wantStream(t, g.ask(t, "", g.segment(n), testkit.Bearer(tv.token)), id)
		wantStream(t, other.ask(t, "", g.segment(n), testkit.Bearer(tv.tokenFor(t, time.Hour))), id)
	}
	if active := tv.active(t); len(active) != 1 || active[0] != id {
		t.Fatal(active)
	}
	// Other players are other streams, and the fourth has no slot.
	second := wantStream(t, g.ask(t, "?player=second", g.segment(1), testkit.Bearer(tv.token)), "")
	if second == id {
		t.Error("two players are one stream")
	}
	wantStream(t, other.ask(t, "", g.segment(1)+"?player=second", testkit.Bearer(tv.token)), second)
	phone := g.signIn(t, "Phone")
	third := wantStream(t, g.ask(t, "", g.segment(1), testkit.Bearer(phone.token)), "")
	refused := g.ask(t, "", g.segment(1)+"?player=third", testkit.Bearer(phone.token))
	refused.Problem(t, http.StatusForbidden, "stream_limit_reached")
	for name, value := range map[string]string{"X-Stream-Limit": "3", "X-Stream-Active": "3", "X-Stream-Status": "403", "X-Stream-Code": "stream_limit_reached"} {
		if got := refused.Header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if refused.Header.Get("Retry-After") == "" {
		t.Error("it isn't said when to try again")
	}
	tv.do(t, http.MethodDelete, "/streams/"+third, "").Want(t, http.StatusNoContent)
	testkit.Eventually(t, "the slot is given", func() bool {
		return g.ask(t, "", g.segment(1)+"?player=third", testkit.Bearer(phone.token)).Status == http.StatusOK
	})
}

// What is unknown starts nothing.
func TestATokenForWhatIsNotThere(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t, opened)
	g.ask(t, "", "/live/1.ts", testkit.Bearer(tv.token)).Problem(t, http.StatusForbidden, "content_unknown")
	g.ask(t, "", "/live/607c55840e977203b4d8b5e5/1.ts", testkit.Bearer(tv.token)).Problem(t, http.StatusNotFound, "content_not_found")
	g.ask(t, "", "/live/../"+g.content+"/1.ts", testkit.Bearer(tv.token)).Problem(t, http.StatusForbidden, "path_not_clean")
	g.ask(t, "?player="+strings.Repeat("p", 129), g.segment(1), testkit.Bearer(tv.token)).Problem(t, http.StatusBadRequest, "invalid_input", "player")
	if active := tv.active(t); len(active) != 0 {
		t.Error(active)
	}
}

// An end is told within a second, on each replica, in the status that the proxy passes on, and is final.
func TestAnEndIsToldToOtherServers(t *testing.T) {
	t.Parallel()
	long := func(c *config.Config) { c.Lease = 10 * time.Second } // in a third of it, nobody notices by a renewal
	g := start(t, opened, long)
	other := start(t, opened, long, sharing(g))
	tv, phone := g.signIn(t, "TV"), g.signIn(t, "Phone")
	id, source := tv.playing(t, "")
	byGrant := "/" + grantOf(t, source) + g.segment(1)
	ofToken := wantStream(t, g.ask(t, "", g.segment(1), testkit.Bearer(tv.token)), "")
	for _, replica := range []*gate{g, other} {
		wantStream(t, replica.ask(t, "", byGrant), id)
	}
	for _, stream := range []string{id, ofToken} {
		phone.do(t, http.MethodDelete, "/streams/"+stream, "").Want(t, http.StatusNoContent)
	}
	began := time.Now()
	for name, ask := range map[string]func(parameters string) testkit.Answer{
		"grant":                func(parameters string) testkit.Answer { return g.ask(t, parameters, byGrant) },
		"grant, other replica": func(parameters string) testkit.Answer { return other.ask(t, parameters, byGrant) },
		"token": func(parameters string) testkit.Answer {
			return g.ask(t, parameters, g.segment(1), testkit.Bearer(tv.token))
		},
	} {
		testkit.Eventually(t, "the end is told by "+name, func() bool { return ask("").Status == http.StatusGone })
		ended := ask("")
		ended.Problem(t, http.StatusGone, "stream_ended")
		if ended.Header.Get("X-Stream-Reason") != "terminated" || ended.Header.Get("X-Stream-Status") != "410" || ended.JSON(t)["by"] != "Phone" {
			t.Error(name, ended.Header, string(ended.Body))
		}
		mapped := ask("?denied=403")
		mapped.Problem(t, http.StatusForbidden, "stream_ended")
		if mapped.Header.Get("X-Stream-Status") != "410" {
			t.Error(name, mapped.Header)
		}
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("the ends were told after %v", took)
	}
	// A replica that meets the token only now doesn't start it again.
	third := start(t, opened, long, sharing(g))
	third.ask(t, "", g.segment(1), testkit.Bearer(tv.token)).Problem(t, http.StatusGone, "stream_ended")
	if active := tv.active(t); len(active) != 0 {
		t.Error(active)
	}
}

func TestASignedOutDeviceIsToldSo(t *testing.T) {
	t.Parallel()
	g := start(t, opened)
	tv, phone := g.signIn(t, "TV"), g.signIn(t, "Phone")
	wantStream(t, g.ask(t, "", g.segment(1), testkit.Bearer(tv.token)), "")
	phone.do(t, http.MethodDelete, "/sessions/"+tv.session, "").Want(t, http.StatusNoContent)
	testkit.Eventually(t, "it is told", func() bool {
		answer := g.ask(t, "", g.segment(1), testkit.Bearer(tv.token))
		return answer.Status == http.StatusGone && answer.Header.Get("X-Stream-Reason") == "session_ended"
	})
	g.ask(t, "?player=another", g.segment(1), testkit.Bearer(tv.token)).Problem(t, http.StatusUnauthorized, "session_ended")
}

// A server that tells what it sends has it counted: it holds the slot until it is played, and the account's budget bounds it.
func TestFilmThatAServerTellsIsCounted(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t, opened)
	for _, told := range []struct {
		parameters string
		options    []testkit.Option
	}{
		{parameters: "?film=60"},
		{parameters: "?bytes=15000000&bitrate=2000000"},
		{parameters: "?bitrate=2000000", options: []testkit.Option{testkit.Header("Range", "bytes=1000000-15999999")}},
	} {
		id, source := tv.playing(t, "")
		wantStream(t, g.ask(t, told.parameters, "/"+grantOf(t, source)+g.segment(1), told.options...), id)
		testkit.Eventually(t, told.parameters+" holds its slot", func() bool {
			for _, playing := range tv.do(t, http.MethodGet, "/streams", "").Want(t, http.StatusOK).JSON(t)["streams"].([]any) {
				shown, _ := playing.(map[string]any)
				expires, err := time.Parse(time.RFC3339, shown["expiresAt"].(string))
				if err == nil && shown["id"] == id && time.Until(expires) > 45*time.Second {
					return true
				}
			}
			return false
		})
		tv.do(t, http.MethodDelete, "/streams/"+id, "").Want(t, http.StatusNoContent)
	}
}

func TestFilmIsPaidFromTheBudget(t *testing.T) {
	t.Parallel()
	g := start(t, opened)
	_, source := g.signIn(t, "TV").playing(t, "")
	sent, most := 0, 3*120 // seconds: three slots, and the burst of each
	for n := range 1000 {
		answer := g.ask(t, "?film=10", "/"+grantOf(t, source)+g.segment(n))
		if answer.Status != http.StatusOK {
			answer.Problem(t, http.StatusServiceUnavailable, "too_early")
			if answer.Header.Get("Retry-After") != "1" {
				t.Error(answer.Header)
			}
			break
		}
		sent += 10
	}
	if sent < most/2 || sent > most+60 {
		t.Errorf("%d s of film at once, want about %d", sent, most)
	}
}

func TestOtherServersGoOnWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	var relay *testkit.Relay
	g, tv := signedIn(t, opened, func(c *config.Config) { relay, c.Redis.URL = testkit.NewRelay(t, c.Redis.URL) })
	id, source := tv.playing(t, "")
	byGrant := "/" + grantOf(t, source) + g.segment(1)
	wantStream(t, g.ask(t, "", byGrant), id)
	relay.Shut()
	began := time.Now()
	g.ask(t, "?player=new", g.segment(1), testkit.Bearer(tv.token)).Problem(t, http.StatusServiceUnavailable, "unavailable")
	if took := time.Since(began); took > time.Second {
		t.Errorf("a start took %v", took)
	}
	wantStream(t, g.ask(t, "", byGrant), id)
	testkit.Eventually(t, "its grace is over", func() bool { return g.ask(t, "", byGrant).Status == http.StatusServiceUnavailable })
	relay.Open()
	testkit.Eventually(t, "it goes on", func() bool { return g.ask(t, "", byGrant).Status == http.StatusOK })
}

// What mediamtx asks besides about viewers is for administrators.
func TestMediamtxPublishes(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t, opened)
	_, source := tv.playing(t, "")
	publish := func(token string) testkit.Answer {
		return testkit.Do(t, http.MethodPost, g.PublicURL+"/authorize",
			`{"user":"","password":"`+token+`","action":"publish","path":"live/`+g.content+`","protocol":"rtmp","query":""}`, testkit.Header("Content-Type", "application/json"))
	}
	publish("").Problem(t, http.StatusUnauthorized, "token_required")
	publish(grantOf(t, source)).Problem(t, http.StatusForbidden, "admin_required")
	publish(tv.token).Problem(t, http.StatusForbidden, "admin_required")
	claims := tv.claims()
	claims.Role = jwtauth.RoleAdmin
	admin := g.sign(t, claims)
	publish(admin).Want(t, http.StatusOK)
	if active := tv.active(t); len(active) != 1 {
		t.Error("publishing takes a slot:", active)
	}
}

// A flood of grants that are none is decided without a question, and remembered by nobody.
func TestAFloodOfForgedGrants(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t, opened)
	_, source := tv.playing(t, "")
	grant := grantOf(t, source)
	before := g.calls(t, "renew")
	for n := range 500 {
		forged := []byte(grant)
		copy(forged[20:], fmt.Sprintf("%08d", n))
		g.ask(t, "", "/"+string(forged)+g.segment(1)).Problem(t, http.StatusUnauthorized, "invalid_grant")
	}
	wantStream(t, g.ask(t, "", "/"+grant+g.segment(1)), "")
	if asked := g.calls(t, "renew") - before; asked > 2 {
		t.Errorf("%d questions", asked)
	}
}
