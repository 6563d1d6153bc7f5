package jwtauth_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/fault"
	"streamgate/libs/jwtauth"
	"streamgate/libs/testkit"
)

// issuing is the issuer as the services see it. It closes each connection, so that none is open in a bubble of fake
// time.
type issuing struct {
	URL     string
	asked   atomic.Int64
	mu      sync.Mutex
	body    string
	failing bool // but the body is sent all the same
}

func newIssuer(t testing.TB, keys ...ed25519.PrivateKey) *issuing {
	t.Helper()
	i := &issuing{}
	i.publish(t, keys...)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		i.asked.Add(1)
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.failing {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(i.body))
	}))
	server.Config.SetKeepAlivesEnabled(false)
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

func (i *issuing) publish(t testing.TB, keys ...ed25519.PrivateKey) {
	t.Helper()
	var publics []ed25519.PublicKey
	for _, key := range keys {
		publics = append(publics, public(key))
	}
	body, err := json.Marshal(jwtauth.NewJWKS(publics...))
	if err != nil {
		t.Fatal(err)
	}
	i.answer(string(body))
}

func (i *issuing) answer(body string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.body, i.failing = body, false
}

func (i *issuing) fail() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.failing = true
}

func TestJWKSIsAsTheStandardsHaveIt(t *testing.T) {
	t.Parallel()
	// RFC 8037, appendix A.2 and A.3.
	x := "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
	key, err := base64.RawURLEncoding.DecodeString(x)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(jwtauth.NewJWKS(key))
	want := `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"` + x + `",` +
		`"kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","use":"sig","alg":"EdDSA"}]}`
	if err != nil || string(text) != want {
		t.Errorf("%v: %s, want %s", err, text, want)
	}
	if text, err := json.Marshal(jwtauth.NewJWKS()); err != nil || string(text) != `{"keys":[]}` {
		t.Errorf("no keys: %s, %v", text, err)
	}
}

func TestRemoteKeysAreKept(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, ours)
	keys := jwtauth.NewRemoteKeys(i.URL, testkit.Logger(t))
	for range 10 {
		if key, err := keys.Key(t.Context(), jwtauth.KeyID(public(ours)), "EdDSA"); err != nil || !public(ours).Equal(key) {
			t.Fatalf("key %v, %v", key, err)
		}
	}
	if asked := i.asked.Load(); asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// A flood of invented key ids makes us ask once a second, and keeps no new key from being known to the first who asks for it.
func TestAFloodOfUnknownKeys(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, ours)
	keys := jwtauth.NewRemoteKeys(i.URL, testkit.Logger(t))
	if err := keys.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	began, asked := time.Now(), i.asked.Load()
	flooding, stop := context.WithCancel(t.Context())
	var flood sync.WaitGroup
	for n := range 50 {
		flood.Go(func() {
			for flooding.Err() == nil {
				if _, err := keys.Key(flooding, strings.Repeat("x", n), "EdDSA"); !errors.Is(err, jwtauth.ErrUnknownKey) {
					t.Errorf("key %d: %v", n, err)
				}
			}
		})
	}
	testkit.Eventually(t, "the flood is there", func() bool { return i.asked.Load() > asked+1 })
	for n := range 3 {
		rotated := newKey('k' + byte(n))
		i.publish(t, ours, rotated)
		if key, err := keys.Key(t.Context(), jwtauth.KeyID(public(rotated)), "EdDSA"); err != nil || !public(rotated).Equal(key) {
			t.Errorf("rotation %d: key %v, %v", n, key, err)
		}
	}
	stop()
	flood.Wait()
	if asked, most := i.asked.Load()-asked, int64(time.Since(began)/time.Second)+2; asked > most {
		t.Errorf("asked %d times, more than %d", asked, most)
	}
	if keys.Generation() == 0 {
		t.Error("a withdrawn key went unnoticed")
	}
}

// Nobody but the issuer itself says which keys count: no redirect leads elsewhere, and no proxy that the environment names is asked.
func TestKeysComeFromTheIssuerAlone(t *testing.T) {
	elsewhere := newIssuer(t, theirs)
	redirecting := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	t.Cleanup(redirecting.Close)
	t.Setenv("HTTP_PROXY", elsewhere.URL)
	t.Setenv("http_proxy", elsewhere.URL)
	for _, url := range []string{redirecting.URL, "http://issuer.invalid/jwks.json"} {
		keys := jwtauth.NewRemoteKeys(url, testkit.Logger(t))
		if _, err := keys.Key(t.Context(), jwtauth.KeyID(public(theirs)), "EdDSA"); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", url, err)
		}
	}
	if asked := elsewhere.asked.Load(); asked != 0 {
		t.Errorf("asked elsewhere %d times", asked)
	}
}

func TestWhileTheIssuerIsAway(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, ours)
	keys := jwtauth.NewRemoteKeys(i.URL, testkit.Logger(t))
	v := jwtauth.NewVerifier(keys, issuer)
	if _, err := v.Verify(t.Context(), forge(t, ours, header(), claims())); err != nil {
		t.Fatal(err)
	}
	i.fail()
	if err := keys.Refresh(t.Context()); err == nil {
		t.Fatal("a failure is taken for an answer")
	}
	if _, err := v.Verify(t.Context(), forge(t, ours, header(), with(claims(), "lim", 5))); err != nil {
		t.Errorf("a new token of a known key: %v", err)
	}
	unknown := forge(t, theirs, with(header(), "kid", jwtauth.KeyID(public(theirs))), claims())
	if _, err := v.Verify(t.Context(), unknown); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("an unknown key while the issuer is away: %v", err)
	}
}

func TestKeysThatWereNeverSeen(t *testing.T) {
	t.Parallel()
	refusing := httptest.NewServer(nil)
	refusing.Close()
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hanging.Close)
	failing := newIssuer(t)
	bodies := map[string]string{
		"nothing at all": "", "HTML": "<html>", "cut off": `{"keys":[`, "no keys": `{"keys":[]}`, "nothing": "{}", "null": "null",
		"repeated":  `{"keys":[],"keys":[]}`,
		"RSA":       `{"keys":[{"kty":"RSA","n":"x","e":"AQAB","kid":"x"}]}`,
		"short key": `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA","kid":"x"}]}`,
		"X25519":    `{"keys":[{"kty":"OKP","crv":"X25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","kid":"x"}]}`,
		"endless":   `{"keys":[` + strings.Repeat(" ", 1<<20) + `]}`,
	}
	addresses := map[string]string{"refusing": refusing.URL, "hanging": hanging.URL, "no address": "http://%"}
	check := func(name, url string) {
		keys := jwtauth.NewRemoteKeys(url, testkit.Logger(t))
		_, err := jwtauth.NewVerifier(keys, issuer).Verify(t.Context(), forge(t, ours, header(), claims()))
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, url := range addresses {
		check(name, url)
	}
	for name, body := range bodies {
		failing.answer(body)
		check(name, failing.URL)
	}
}

func TestOtherKindsOfKeysArePassedOver(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	ed, err := json.Marshal(jwtauth.NewJWKS(public(ours)).Keys[0])
	if err != nil {
		t.Fatal(err)
	}
	i.answer(`{"keys":[{"kty":"EC","crv":"P-256","x":"x","y":"y","kid":"p"},` + string(ed) + `],"more":1}`)
	keys := jwtauth.NewRemoteKeys(i.URL, testkit.Logger(t))
	if _, err := keys.Key(t.Context(), jwtauth.KeyID(public(ours)), "EdDSA"); err != nil {
		t.Error(err)
	}
	if _, err := keys.Key(t.Context(), "p", "ES256"); !errors.Is(err, jwtauth.ErrUnknownKey) {
		t.Errorf("an elliptic curve: %v", err)
	}
}

func TestWithdrawnKeysAreNoticedWithinMinutes(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, ours, theirs)
	synctest.Test(t, func(t *testing.T) {
		keys := jwtauth.NewRemoteKeys(i.URL, testkit.Logger(t))
		v := jwtauth.NewVerifier(keys, issuer)
		token := forge(t, ours, header(), with(claims(), "exp", time.Now().Unix()+3600))
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			keys.Run(ctx)
			close(ended)
		}()
		i.fail() // a request that fails changes nothing
		pass(5*time.Minute + time.Second)
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("while the issuer is away: %v", err)
		}
		i.publish(t, theirs)
		pass(5 * time.Minute)
		_, err := v.Verify(t.Context(), token)
		refused(t, err)
		stop()
		<-ended
	})
}

func TestTheFirstQuestionIsShared(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, ours)
	keys := jwtauth.NewRemoteKeys(i.URL, testkit.Logger(t))
	v := jwtauth.NewVerifier(keys, issuer)
	token := forge(t, ours, header(), claims())
	i.mu.Lock() // no answer before all have begun
	var began, all sync.WaitGroup
	began.Add(50)
	for range 50 {
		all.Go(func() {
			began.Done()
			if _, err := v.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
	}
	began.Wait()
	i.mu.Unlock()
	all.Wait()
	if asked := i.asked.Load(); asked > 10 {
		t.Errorf("50 requests at once asked %d times", asked)
	}
}

func TestWhoLeavesDoesNotSpoilTheAnswerForOthers(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, ours)
	keys := jwtauth.NewRemoteKeys(i.URL, testkit.Logger(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := keys.Refresh(ctx); err != nil {
		t.Errorf("a caller who left took the answer along: %v", err)
	}
}
