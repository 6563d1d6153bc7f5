package httpapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
	"github.com/oauth2-proxy/mockoidc"

	"streamgate/libs/redisemu"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
)

// backend is an operator's backend, which signs playback tokens by a key of its own.
type backend struct{ key *ecdsa.PrivateKey }

func newBackend(t *testing.T) backend {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return backend{key}
}

// setting returns the backend's entry in ISSUERS.
func (b backend) setting(t *testing.T) map[string]any {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&b.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{
		"issuer": "backend", "publicKeys": []string{string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))}, "audience": []string{"streamgate"},
		"claims": map[string]string{"session": "session", "limit": "limit", "onLimit": "onLimit", "content": "content"}, "ceiling": 5,
	}
}

func (b backend) token(t *testing.T, claims map[string]any) string {
	t.Helper()
	now := time.Now()
	all := jwt.MapClaims{"iss": "backend", "aud": "streamgate", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	maps.Copy(all, claims)
	text, err := jwt.NewWithClaims(jwt.SigningMethodES256, all).SignedString(b.key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// accepting sets ISSUERS.
func accepting(t *testing.T, issuers ...map[string]any) func(*config.Config) {
	t.Helper()
	if len(issuers) == 0 {
		return func(*config.Config) {}
	}
	text, err := json.Marshal(issuers)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *config.Config) { c.Issuers = string(text) }
}

// startForeign runs session-svc with these issuers, in a Redis that has kept its memory for a lease. user-svc fails the test if it is asked about
// an account, except for who was signed out of it.
func startForeign(t *testing.T, issuers []map[string]any, change ...func(*config.Config)) *gate {
	t.Helper()
	g := start(t, append(change, accepting(t, issuers...), func(c *config.Config) {
		target, err := url.Parse(c.UserSvcURL)
		if err != nil {
			t.Fatal(err)
		}
		records := httputil.NewSingleHostReverseProxy(target)
		neighbour := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/ends") {
				records.ServeHTTP(w, r)
				return
			}
			// Of an administrator's requests nobody knows whose account it is.
			bySupport := r.Method == http.MethodDelete || strings.HasSuffix(r.URL.Path, "/plan")
			if strings.Contains(r.URL.Path, "/accounts/") && !bySupport {
				t.Errorf("user-svc was asked: %s %s", r.Method, r.URL)
			}
			w.Header().Set("Location", target.String())
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusNotFound)
			_, _ = w.Write([]byte(`{"status":404,"code":"account_not_found","detail":"x"}`))
		}))
		t.Cleanup(neighbour.Close)
		c.UserSvcURL = neighbour.URL
	})...)
	began := time.Now()
	testkit.Eventually(t, "Redis has kept its memory for a lease", func() bool { return time.Since(began) > lease })
	return g
}

// viewer is a device with a token of another issuer's. Its account is not known here.
func (g *gate) viewer(token string) *device { return &device{gate: g, token: token} }

// sessions returns the devices that GET /sessions shows, and the id of the one that asks.
func (d *device) sessions(t *testing.T) (current string, names []string) {
	t.Helper()
	var all []struct {
		ID      string `json:"id"`
		Device  string `json:"device"`
		Current bool   `json:"current"`
	}
	if err := json.Unmarshal(d.do(t, http.MethodGet, "/sessions", "").Want(t, http.StatusOK).Body, &all); err != nil {
		t.Fatal(err)
	}
	for _, each := range all {
		names = append(names, each.Device)
		if each.Current {
			current = each.ID
		}
	}
	return current, names
}

// A real issuer signs people in by the authorization code flow, publishes its keys and rotates them.
func TestTokensOfAnOpenIDProvider(t *testing.T) {
	t.Parallel()
	provider, err := mockoidc.Run()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = provider.Shutdown() })
	signIn := func(subject string) string {
		t.Helper()
		provider.QueueUser(&mockoidc.MockUser{Subject: subject, Email: subject + "@example.com"})
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		back := "http://127.0.0.1/callback"
		query := url.Values{
			"client_id": {provider.ClientID}, "response_type": {"code"}, "scope": {"openid"}, "state": {"x"}, "redirect_uri": {back},
		}
		answer, err := client.Get(provider.AuthorizationEndpoint() + "?" + query.Encode())
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		at, err := answer.Location()
		if err != nil {
			t.Fatal(err)
		}
		answer, err = client.PostForm(provider.TokenEndpoint(), url.Values{
			"client_id": {provider.ClientID}, "client_secret": {provider.ClientSecret}, "grant_type": {"authorization_code"}, "code": {at.Query().Get("code")},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var tokens struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.UnmarshalRead(answer.Body, &tokens); err != nil {
			t.Fatal(err)
		}
		return tokens.AccessToken
	}
	g := startForeign(t, []map[string]any{{
		"issuer": provider.Issuer(), "audience": []string{provider.ClientID}, "claims": map[string]string{"session": "jti"}, "maxStreams": 2,
	}})
	tv, phone, other := g.viewer(signIn("jane")), g.viewer(signIn("jane")), g.viewer(signIn("john"))

	// What a user of user-svc's does.
	tv.do(t, http.MethodGet, "/content", "").Want(t, http.StatusOK)
	first, source := tv.playing(t, "", testkit.Header("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"))
	phone.playing(t, "")
	tv.play(t, "").Problem(t, http.StatusForbidden, "stream_limit_reached")
	other.playing(t, "") // another account
	if ids := phone.active(t); len(ids) != 2 {
		t.Errorf("%d streams", len(ids))
	}
	tv.heartbeat(t, first, "").Want(t, http.StatusOK)
	other.heartbeat(t, first, "").Problem(t, http.StatusNotFound, "stream_not_found")
	if problem := g.renew(t, source)[0].problem(); problem != nil {
		t.Errorf("a fetch: %v", problem)
	}

	// What only an administrator may.
	for method, path := range map[string]string{
		http.MethodPost: "/content", http.MethodPut: "/content/" + g.content, http.MethodDelete: "/content/" + g.content, http.MethodGet: "/house",
	} {
		tv.do(t, method, path, "").Problem(t, http.StatusForbidden, "admin_required")
	}

	// Its devices are listed and ended.
	gone, names := phone.sessions(t)
	if len(names) != 2 {
		t.Errorf("devices %q", names)
	}
	tv.do(t, http.MethodDelete, "/sessions/"+gone, "").Want(t, http.StatusNoContent)
	for _, path := range []string{"/content/" + g.content + "/play", "/streams"} {
		phone.do(t, http.MethodGet, path, "").Problem(t, http.StatusUnauthorized, "session_ended")
	}
	if _, names := tv.sessions(t); len(names) != 1 {
		t.Errorf("devices %q", names)
	}

	// New keys are found, and withdrawn ones forgotten.
	if provider.Keypair, err = mockoidc.RandomKeypair(2048); err != nil {
		t.Fatal(err)
	}
	g.viewer(signIn("jane")).do(t, http.MethodGet, "/streams", "").Want(t, http.StatusOK)
	tv.do(t, http.MethodGet, "/streams", "").Problem(t, http.StatusUnauthorized, "invalid_token")
}

func TestPlaybackTokens(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	g := startForeign(t, []map[string]any{b.setting(t)})
	viewer := testkit.NewID()
	token := func(session string, claims map[string]any) string {
		all := map[string]any{"sub": viewer, "session": session}
		maps.Copy(all, claims)
		return b.token(t, all)
	}
	one := g.viewer(token("one", map[string]any{"limit": 1, "content": g.content}))
	one.playing(t, "")
	refused := one.play(t, "").Problem(t, http.StatusForbidden, "stream_limit_reached").JSON(t)
	if refused["limit"] != 1.0 {
		t.Errorf("limit %v", refused["limit"])
	}
	another := g.viewer(token("two", map[string]any{"content": testkit.NewID()}))
	another.play(t, "").Problem(t, http.StatusForbidden, "content_not_allowed")
	another.do(t, http.MethodPost, "/streams", `{"content":"`+g.content+`"}`).Problem(t, http.StatusForbidden, "content_not_allowed")

	// An administrator lowers and raises what the tokens say, until Redis forgets the account.
	wide := g.viewer(token("three", map[string]any{"limit": 5}))
	admin := g.signIn(t, "desk")
	admin.becomeAdmin(t)
	id := accountOf(viewer)
	plan := admin.do(t, http.MethodPut, "/accounts/"+id+"/plan", `{"maxStreams":1,"onLimit":"deny"}`).Want(t, http.StatusOK).JSON(t)
	if plan["plan"].(map[string]any)["maxStreams"] != 1.0 {
		t.Errorf("plan %v", plan)
	}
	admin.do(t, http.MethodDelete, "/accounts/"+id+"/streams", "").Want(t, http.StatusNoContent)
	wide.playing(t, "")
	if got := wide.play(t, "").Problem(t, http.StatusForbidden, "stream_limit_reached").JSON(t); got["limit"] != 1.0 {
		t.Errorf("limit %v", got["limit"])
	}
	admin.do(t, http.MethodPut, "/accounts/"+testkit.NewID()+"/plan", `{"maxStreams":2,"onLimit":"deny"}`).Problem(t, http.StatusNotFound, "account_not_found")
	if devices := admin.do(t, http.MethodGet, "/accounts/"+id+"/sessions", "").Want(t, http.StatusOK); !strings.Contains(string(devices.Body), `"id"`) {
		t.Errorf("devices %s", devices.Body)
	}
	admin.do(t, http.MethodDelete, "/accounts/"+id+"/sessions", "").Want(t, http.StatusNoContent)
	wide.do(t, http.MethodPost, "/streams", `{"content":"`+g.content+`"}`).Problem(t, http.StatusUnauthorized, "session_ended")
	unseen := g.viewer(token("four", map[string]any{"iat": time.Now().Add(-time.Minute).Unix()}))
	unseen.do(t, http.MethodGet, "/streams", "").Problem(t, http.StatusUnauthorized, "session_ended")
}

// Other servers ask by tokens of other issuers too: the token opens its content alone, up to its limit, until its device is signed out.
func TestOtherServersAskByForeignTokens(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	g := startForeign(t, []map[string]any{b.setting(t)}, opened)
	token := b.token(t, map[string]any{"sub": testkit.NewID(), "session": "one", "limit": 1, "content": g.content})
	bearer := testkit.Header("Authorization", "Bearer "+token)
	id := wantStream(t, g.ask(t, "", g.segment(0), bearer), "")
	wantStream(t, g.ask(t, "", g.segment(1), bearer), id)
	g.ask(t, "?player=two", g.segment(0), bearer).Problem(t, http.StatusForbidden, "stream_limit_reached")
	g.ask(t, "", "/live/"+testkit.NewID()+"/0.ts", bearer).Problem(t, http.StatusForbidden, "content_not_allowed")
	viewer := g.viewer(token)
	current, _ := viewer.sessions(t)
	viewer.do(t, http.MethodDelete, "/sessions/"+current, "").Want(t, http.StatusNoContent)
	testkit.Eventually(t, "the device that was signed out is refused", func() bool {
		return g.ask(t, "", g.segment(2), bearer).Status == http.StatusGone
	})
	g.ask(t, "?player=three", g.segment(0), bearer).Problem(t, http.StatusUnauthorized, "session_ended")
}

// accountOf returns the id of an account of the backend's, as the documents tell how to make it.
func accountOf(sub string) string {
	sum := sha256.Sum256([]byte("streamgate/account\nbackend\n" + sub))
	return hex.EncodeToString(sum[:12])
}

// An ended device comes back by a token of after its end, not by one that was merely kept or refreshed.
func TestAForeignDeviceStaysEnded(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	g := startForeign(t, []map[string]any{b.setting(t)})
	signedIn := time.Now().Add(-time.Minute).Unix()
	claims := map[string]any{"sub": testkit.NewID(), "session": "tv", "iat": signedIn}
	tv := g.viewer(b.token(t, claims))
	id, source := tv.playing(t, "")
	current, _ := tv.sessions(t)
	tv.do(t, http.MethodDelete, "/sessions/"+current, "").Want(t, http.StatusNoContent)
	tv.heartbeat(t, id, "").Problem(t, http.StatusGone, "stream_ended")
	if answer := g.renew(t, source)[0]; answer.problem() == nil {
		t.Errorf("a fetch after the end: %v", answer)
	}
	tv.play(t, "").Problem(t, http.StatusUnauthorized, "session_ended")
	delete(claims, "iat")
	claims["auth_time"] = signedIn
	refreshed := func() *device { return g.viewer(b.token(t, claims)) }
	refreshed().play(t, "").Problem(t, http.StatusUnauthorized, "session_ended")
	testkit.Eventually(t, "who signs in again may play", func() bool {
		again := g.viewer(b.token(t, map[string]any{"sub": claims["sub"], "session": "tv"}))
		return again.play(t, "").Status == http.StatusOK
	})
	tv.play(t, "").Want(t, http.StatusOK) // the session lives, and the token is of it
}

// ownRedis returns a Redis that is not the one that tests share, so that it may forget everything.
func ownRedis(t *testing.T) (*miniredis.Miniredis, func(*config.Config)) {
	t.Helper()
	server := miniredis.RunT(t)
	server.Server().SetPreHook(redisemu.Scripts())
	return server, func(c *config.Config) { c.Redis.URL = "redis://" + server.Addr() + "/0" }
}

// When Redis forgets everything, what plays goes on and new starts wait for a lease, as for accounts of user-svc.
func TestForeignAccountsAfterALossOfMemory(t *testing.T) {
	t.Parallel()
	b := newBackend(t)
	server, own := ownRedis(t)
	g := start(t, accepting(t, b.setting(t)), own)
	claims := map[string]any{"sub": "viewer", "session": "tv"}
	tv := g.viewer(b.token(t, claims))
	var first testkit.Answer
	testkit.Eventually(t, "the first start is granted a lease after Redis began to remember", func() bool {
		first = tv.play(t, "")
		if first.Status != http.StatusOK {
			first.Want(t, http.StatusServiceUnavailable)
		}
		return first.Status == http.StatusOK
	})
	playing := first.JSON(t)["stream"].(map[string]any)
	// A new account meanwhile waits for nothing.
	g.viewer(b.token(t, map[string]any{"sub": "another", "session": "tv"})).playing(t, "")

	server.FlushAll()
	fourth := g.viewer(b.token(t, map[string]any{"sub": "viewer", "session": "phone"}))
	fourth.play(t, "").Problem(t, http.StatusServiceUnavailable, "recovering")
	g.viewer(b.token(t, map[string]any{"sub": "new", "session": "tv"})).play(t, "").Problem(t, http.StatusServiceUnavailable, "recovering")
	back := tv.heartbeat(t, playing["id"].(string), "ticket="+playing["ticket"].(string)).Want(t, http.StatusOK).JSON(t)
	if back["resumed"] != true {
		t.Errorf("a stream that played: %v", back)
	}
}
