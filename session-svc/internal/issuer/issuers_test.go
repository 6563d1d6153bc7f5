package issuer_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"streamgate/libs/fault"
	"streamgate/libs/jwtauth"
	"streamgate/libs/problem"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/issuer"
	"streamgate/session-svc/internal/session"
)

const own = "streamgate"

type object = map[string]any

var (
	rsaKeys = [2]func() *rsa.PrivateKey{sync.OnceValue(newRSA), sync.OnceValue(newRSA)}
	ecKey   = sync.OnceValue(func() *ecdsa.PrivateKey {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			panic(err)
		}
		return key
	})
	ownKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
)

func newRSA() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// jwks is a key set of one RSA key.
func jwks(kid string, key *rsa.PrivateKey) object {
	return object{"keys": []object{{
		"kty": "RSA", "kid": kid, "use": "sig", "alg": "RS256", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes()),
	}}}
}

func pemOf(t testing.TB, key crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func sign(t testing.TB, alg string, header object, key any, claims object) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.GetSigningMethod(alg), jwt.MapClaims(claims))
	maps.Copy(token.Header, header)
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var with = testkit.With

func open(t testing.TB, settings ...object) *issuer.Issuers {
	t.Helper()
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	parsed, faults := issuer.Parse(string(text), own)
	if len(faults) > 0 {
		t.Fatal(errors.Join(faults...))
	}
	keys := jwtauth.NewStaticKeys(ownKey.Public().(ed25519.PublicKey))
	return issuer.New(jwtauth.NewVerifier(keys, own), parsed, testkit.Logger(t))
}

// refused fails the test unless the error is the 401 of every wrong token.
func refused(t testing.TB, name string, err error) {
	t.Helper()
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || problem.Status(err) != 401 || e.Code != "invalid_token" || e.Challenge != `Bearer realm="streamgate", error="invalid_token"` {
		t.Errorf("%s: %v, want a 401 invalid_token", name, err)
	}
}

// Tokens of the usual issuers in the form that their documents have, and the settings for them.
func TestUsualIssuers(t *testing.T) {
	t.Parallel()
	now := time.Now().Unix()
	for name, test := range map[string]struct {
		setting, header, claims object
		want                    jwtauth.Claims
		signedIn                int64    // 0: iat
		others                  []object // claims that make it another token
	}{
		"Auth0": { // its own profile of access tokens
			setting: object{
				"issuer": "https://example.eu.auth0.com/", "audience": []string{"https://api.example.com"}, "algorithms": []string{"RS256"},
				"claims": object{"limit": "https://example.com/streams"}, "ceiling": 5,
			},
			header: object{"typ": "JWT"},
			claims: object{
				"iss": "https://example.eu.auth0.com/", "sub": "auth0|6553da60a54af58e29493993", "aud": []string{"https://api.example.com", "https://example.eu.auth0.com/userinfo"},
				"azp": "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja", "iat": now, "exp": now + 86400, "scope": "openid profile", "https://example.com/streams": 4,
			},
			want:   jwtauth.Claims{Limit: 4},
			others: []object{{"aud": "https://example.eu.auth0.com/userinfo"}, {"aud": nil}, {"https://example.com/streams": 0}, {"https://example.com/streams": "many"}},
		},
		"Auth0, RFC 9068": {
			setting: object{"issuer": "https://example.eu.auth0.com/", "audience": []string{"https://api.example.com"}},
			header:  object{"typ": "at+jwt"},
			claims: object{
				"iss": "https://example.eu.auth0.com/", "sub": "auth0|6553da60a54af58e29493993", "aud": "https://api.example.com", "client_id": "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja",
				"iat": now, "exp": now + 7200, "jti": "kXR1",
			},
			want: jwtauth.Claims{Limit: 3},
		},
		"Cognito": { // access tokens have no audience
			setting: object{
				"issuer":  "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example",
				"require": object{"token_use": []string{"access"}, "client_id": []string{"57cbishk4j24pabc1234567890"}}, "claims": object{"session": "origin_jti"},
			},
			header: object{"typ": nil},
			claims: object{
				"sub": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", "device_key": "aaaa-bbbb", "cognito:groups": []string{"viewers"},
				"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example", "version": 2, "client_id": "57cbishk4j24pabc1234567890",
				"origin_jti": "aaaa-1111", "token_use": "access", "scope": "openid", "auth_time": now - 900, "exp": now + 3600, "iat": now, "jti": "j", "username": "me",
			},
			want: jwtauth.Claims{Limit: 3}, signedIn: now - 900,
			others: []object{
				{"token_use": "id", "aud": "57cbishk4j24pabc1234567890"}, {"client_id": "another"}, {"client_id": nil}, {"origin_jti": nil}, {"token_use": object{}},
			},
		},
		"Firebase": { // has ID tokens alone; a sign-in is told apart by its time
			setting: object{
				"issuer": "https://securetoken.google.com/example", "audience": []string{"example"}, "claims": object{"session": "auth_time", "onLimit": "onLimit"}, "maxStreams": 2,
			},
			header: object{"typ": "JWT"},
			claims: object{
				"iss": "https://securetoken.google.com/example", "aud": "example", "auth_time": now - 60, "user_id": "Zk3", "sub": "Zk3", "iat": now, "exp": now + 3600,
				"firebase": object{"identities": object{}, "sign_in_provider": "password"}, "onLimit": "evict-oldest",
			},
			want: jwtauth.Claims{Limit: 2, Evicts: true}, signedIn: now - 60,
			others: []object{{"aud": "another-project"}, {"onLimit": "explode"}, {"sub": ""}, {"auth_time": 1.5}},
		},
		"Keycloak": { // its access tokens are for "account", unless a mapper says otherwise
			setting: object{
				"issuer": "https://id.example.com/realms/tv", "require": object{"azp": []string{"tv-app", "web-app"}, "typ": []string{"Bearer"}},
				"claims": object{"session": "sid", "limit": "streams"}, "ceiling": 6,
			},
			header: object{"typ": "JWT"},
			claims: object{
				"exp": now + 300, "iat": now, "auth_time": now - 30, "jti": "onrtac:d5", "iss": "https://id.example.com/realms/tv", "aud": "account",
				"sub": "36fa0f91-f94d-4a0c-afed-6b7d952e47da", "typ": "Bearer", "azp": "tv-app", "sid": "2a88c258-f73a-4103-b862-e1fbd8f4e04e", "acr": "1",
				"realm_access": object{"roles": []string{"offline_access"}}, "scope": "email profile", "streams": "9",
			},
			want: jwtauth.Claims{Limit: 6}, signedIn: now - 30,
			others: []object{{"azp": "admin-cli"}, {"typ": "ID"}, {"typ": "Refresh"}, {"sid": nil}, {"streams": -1}},
		},
		"Entra": {
			setting: object{
				"issuer": "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", "audience": []string{"66666666-7777-8888-9999-000000000000"},
				"claims": object{"account": "oid", "session": "sid"},
			},
			header: object{"typ": "JWT"},
			claims: object{
				"aud": "66666666-7777-8888-9999-000000000000", "iss": "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0", "iat": now, "nbf": now,
				"exp": now + 4500, "azp": "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb", "azpacr": "0", "oid": "bbbbbbbb-cccc-dddd-eeee-ffffffffffff", "scp": "Play",
				"sid": "cccccccc-dddd", "sub": "pairwise", "tid": "11111111-2222-3333-4444-555555555555", "uti": "u", "ver": "2.0",
			},
			want:   jwtauth.Claims{Limit: 3},
			others: []object{{"oid": nil}, {"iss": "https://login.microsoftonline.com/another/v2.0"}, {"nbf": now + 600}, {"aud": 7}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := open(t, with(test.setting, "jwks", jwks("k", rsaKeys[0]())))
			header := with(test.header, "kid", "k")
			token := func(claims object) string {
				signed := sign(t, "RS256", header, rsaKeys[0](), claims)
				if test.header["typ"] == nil { // jwt adds one
					h, err := json.Marshal(object{"alg": "RS256", "kid": "k"})
					if err != nil {
						t.Fatal(err)
					}
					text := b64(h) + "." + strings.Split(signed, ".")[1]
					signature, err := jwt.SigningMethodRS256.Sign(text, rsaKeys[0]())
					if err != nil {
						t.Fatal(err)
					}
					return text + "." + b64(signature)
				}
				return signed
			}
			text := token(test.claims)
			for range 2 { // verified, then remembered
				got, err := v.Verify(t.Context(), text)
				if err != nil {
					t.Fatal(err)
				}
				signedIn := test.signedIn
				if signedIn == 0 {
					signedIn = now
				}
				if got.Limit != test.want.Limit || got.Evicts != test.want.Evicts || got.Role != jwtauth.RoleUser || len(got.Account) != 24 ||
					!jwtauth.IsSession(got.Session) || got.Foreign == nil || got.Foreign.SignedIn.Unix() != signedIn || got.Foreign.Issued.Unix() != now ||
					got.Expires.Unix() != test.claims["exp"] {
					t.Errorf("%+v, %+v", got, got.Foreign)
				}
			}
			for _, other := range append(test.others, object{"iat": nil}, object{"exp": nil}, object{"exp": now - 60}, object{"iat": now + 60}, object{"exp": now + 91_000}) {
				claims := test.claims
				for name, value := range other {
					claims = with(claims, name, value)
				}
				_, err := v.Verify(t.Context(), token(claims))
				refused(t, strings.TrimSpace(name), err)
			}
		})
	}
}

// two issuers: the one publishes an RSA key, the other's backend signs playback tokens.
func two(t testing.TB) (v *issuer.Issuers, members, playback object) {
	t.Helper()
	v = open(t, object{
		"issuer": "https://a.example.com", "jwks": jwks("k", rsaKeys[0]()), "audience": []string{"tv"}, "claims": object{"session": "sid"},
	}, object{
		"issuer": "backend", "publicKeys": []string{pemOf(t, &rsaKeys[1]().PublicKey), pemOf(t, &ecKey().PublicKey)}, "audience": []string{"tv"},
		"algorithms": []string{"ES256"}, "maxStreams": 1, "ceiling": 5, "onLimit": "evict-oldest",
		"claims": object{"session": "session", "limit": "limit", "onLimit": "onLimit", "content": "content", "pause": "pause"},
	})
	now := time.Now().Unix()
	members = object{"iss": "https://a.example.com", "aud": "tv", "sub": "1", "sid": "s", "iat": now, "exp": now + 600}
	playback = object{"iss": "backend", "aud": "tv", "sub": "1", "session": "s", "iat": now, "exp": now + 600}
	return v, members, playback
}

func TestPlaybackTokens(t *testing.T) {
	t.Parallel()
	v, _, claims := two(t)
	verify := func(claims object) *jwtauth.Claims {
		t.Helper()
		got, err := v.Verify(t.Context(), sign(t, "ES256", nil, ecKey(), claims))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := verify(claims); got.Limit != 1 || !got.Evicts || got.Foreign.Content != "" || got.Pause != nil {
		t.Errorf("%+v", got)
	}
	content := testkit.NewID()
	full := verify(with(claims, "limit", 4, "onLimit", "deny", "content", content, "pause", 0))
	if full.Limit != 4 || full.Evicts || full.Foreign.Content != content || full.Pause == nil || *full.Pause != 0 {
		t.Errorf("%+v", full)
	}
	if got := verify(with(claims, "pause", 1_000_000_000_000)); *got.Pause != jwtauth.MaxPause {
		t.Errorf("above the longest pause: %v", got.Pause)
	}
	if got := verify(with(claims, "limit", 1_000_000_000_000)); got.Limit != 5 {
		t.Errorf("above the ceiling: %d", got.Limit)
	}
	if got := verify(with(claims, "session", "another")); got.Account != full.Account || got.Session == full.Session {
		t.Errorf("another session: %+v", got)
	}
	for _, wrong := range []object{
		{"content": "607c"},
		{"content": 7},
		{"limit": 1.5},
		{"limit": true},
		{"limit": "1e3"},
		{"limit": ""},
		{"onLimit": 1},
		{"session": ""},
		{"pause": -1},
		{"pause": "never"},
		{"pause": 0.5},
	} {
		claims := maps.Clone(claims)
		maps.Copy(claims, wrong)
		_, err := v.Verify(t.Context(), sign(t, "ES256", nil, ecKey(), claims))
		if err == nil {
			t.Errorf("%v is taken", wrong)
			continue
		}
		refused(t, "playback", err)
	}
}

// What one issuer signs says nothing of another's accounts, whatever it names.
func TestForgedAcrossIssuers(t *testing.T) {
	t.Parallel()
	v, members, playback := two(t)
	k := object{"kid": "k"}
	mine, err := v.Verify(t.Context(), sign(t, "RS256", k, rsaKeys[0](), members))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := v.Verify(t.Context(), sign(t, "ES256", k, ecKey(), playback))
	if err != nil {
		t.Fatal(err)
	}
	if mine.Account == theirs.Account || mine.Session == theirs.Session {
		t.Errorf("the same sub at two issuers is one account: %+v, %+v", mine, theirs)
	}
	ownClaims := jwtauth.Claims{Account: mine.Account, Session: mine.Session, Role: jwtauth.RoleAdmin, Limit: 3, Expires: time.Now().Add(time.Minute)}
	text, err := jwtauth.Sign(ownKey, own, ownClaims, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := v.Verify(t.Context(), text); err != nil || got.Foreign != nil || got.Role != jwtauth.RoleAdmin {
		t.Errorf("user-svc's: %+v, %v", got, err)
	}
	now := time.Now().Unix()
	user := object{"aud": own, "sub": mine.Account, "sid": mine.Session, "role": "admin", "lim": 100, "iat": now, "exp": now + 60}
	modulus := []byte(pemOf(t, &rsaKeys[0]().PublicKey))
	none := sign(t, "none", nil, jwt.UnsafeAllowNoneSignatureType, members)
	good := sign(t, "RS256", k, rsaKeys[0](), members)
	for name, token := range map[string]string{
		"the backend's key for the other":       sign(t, "ES256", k, ecKey(), members),
		"the other's key for the backend":       sign(t, "RS256", k, rsaKeys[0](), playback),
		"an algorithm that isn't allowed":       sign(t, "RS256", nil, rsaKeys[1](), playback),
		"a key that says another algorithm":     sign(t, "PS256", k, rsaKeys[0](), members),
		"HMAC with the public key":              sign(t, "HS256", k, modulus, members),
		"not signed":                            none,
		"its signature cut off":                 good[:strings.LastIndexByte(good, '.')+1],
		"no issuer":                             sign(t, "RS256", k, rsaKeys[0](), with(members, "iss", nil)),
		"an issuer that isn't ours":             sign(t, "RS256", k, rsaKeys[0](), with(members, "iss", "https://evil.example.com")),
		"the issuer with a slash":               sign(t, "RS256", k, rsaKeys[0](), with(members, "iss", "https://a.example.com/")),
		"two issuers":                           sign(t, "RS256", k, rsaKeys[0](), with(members, "iss", []string{"https://a.example.com", own})),
		"user-svc's name":                       sign(t, "RS256", k, rsaKeys[0](), with(user, "iss", own)),
		"user-svc's name, the backend's key":    sign(t, "ES256", k, ecKey(), with(user, "iss", own)),
		"user-svc's key for another":            sign(t, "EdDSA", object{"kid": jwtauth.KeyID(ownKey.Public().(ed25519.PublicKey))}, ownKey, members),
		"an unknown key":                        sign(t, "RS256", object{"kid": "x"}, rsaKeys[0](), members),
		"no key":                                sign(t, "RS256", object{"kid": nil}, rsaKeys[0](), members),
		"a key that is a number":                sign(t, "RS256", object{"kid": 7}, rsaKeys[0](), members),
		"a key of its own":                      sign(t, "RS256", object{"kid": "k", "jku": "http://127.0.0.1:1/", "jwk": jwks("k", rsaKeys[1]())}, rsaKeys[1](), members),
		"another type":                          sign(t, "RS256", object{"kid": "k", "typ": "logout+jwt"}, rsaKeys[0](), members),
		"critical extensions":                   sign(t, "RS256", object{"kid": "k", "crit": []string{"exp"}}, rsaKeys[0](), members),
		"no audience":                           sign(t, "RS256", k, rsaKeys[0](), with(members, "aud", nil)),
		"another audience":                      sign(t, "RS256", k, rsaKeys[0](), with(members, "aud", "web")),
		"user-svc's audience":                   sign(t, "RS256", k, rsaKeys[0](), with(members, "aud", own)),
		"no subject":                            sign(t, "RS256", k, rsaKeys[0](), with(members, "sub", nil)),
		"a subject that is a number":            sign(t, "RS256", k, rsaKeys[0](), with(members, "sub", 1)),
		"a long subject":                        sign(t, "RS256", k, rsaKeys[0](), with(members, "sub", strings.Repeat("x", 256))),
		"in two lines":                          good[:20] + "\n" + good[20:],
		"a tail":                                good + "=",
		"longer than 8 KiB":                     sign(t, "RS256", k, rsaKeys[0](), with(members, "more", strings.Repeat("x", 8<<10))),
		"nothing":                               "",
		"an exp that is no time":                sign(t, "RS256", k, rsaKeys[0](), with(members, "exp", "soon")),
		"an exp beyond all times":               sign(t, "RS256", k, rsaKeys[0](), with(members, "exp", 1e300)),
		"an account of user-svc's, as a claim":  sign(t, "ES256", nil, ecKey(), with(user, "iss", "backend")), // no session claim
		"signed for another, renamed afterward": renamed(good),
	} {
		got, err := v.Verify(t.Context(), token)
		refused(t, name, err)
		if got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// Claims that mean something in user-svc's tokens mean nothing in another's.
	got, err := v.Verify(t.Context(), sign(t, "RS256", k, rsaKeys[0](), with(members, "role", "admin", "lim", 100, "evict", true, "sub", mine.Account)))
	if err != nil || got.Role != jwtauth.RoleUser || got.Limit != 3 || got.Evicts || got.Account == mine.Account {
		t.Errorf("%+v, %v", got, err)
	}
}

// renamed changes the issuer in a signed token.
func renamed(token string) string {
	parts := strings.Split(token, ".")
	claims, _ := base64.RawURLEncoding.DecodeString(parts[1])
	return parts[0] + "." + b64([]byte(strings.Replace(string(claims), "https://a.example.com", "backend", 1))) + "." + parts[2]
}

// An issuer that is away, slow or floods us with keys is no concern of user-svc's tokens, nor of other issuers'.
func TestAnIssuerInTroubleIsAlone(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		<-r.Context().Done()
	}))
	t.Cleanup(hanging.Close)
	v := open(t, object{"issuer": "slow", "jwksUrl": hanging.URL, "audience": []string{"tv"}}, object{
		"issuer": "backend", "publicKeys": []string{pemOf(t, &ecKey().PublicKey)}, "audience": []string{"tv"},
	})
	now := time.Now().Unix()
	claims := func(iss string) object {
		return object{"iss": iss, "aud": "tv", "sub": testkit.NewID(), "iat": now, "exp": now + 600}
	}
	var stuck sync.WaitGroup
	for range 100 {
		stuck.Go(func() {
			_, err := v.Verify(t.Context(), sign(t, "RS256", object{"kid": "k"}, rsaKeys[0](), claims("slow")))
			if fault.KindOf(err) != fault.Unavailable {
				t.Errorf("an issuer that doesn't answer: %v", err)
			}
		})
	}
	testkit.Eventually(t, "it was asked", func() bool { return asked.Load() > 0 })
	for range 100 {
		if _, err := v.Verify(t.Context(), sign(t, "ES256", nil, ecKey(), claims("backend"))); err != nil {
			t.Fatal(err)
		}
		text, err := jwtauth.Sign(ownKey, own, jwtauth.Claims{
			Account: testkit.NewID(), Session: session.NewID().String(), Role: jwtauth.RoleUser, Limit: 3, Expires: time.Now().Add(time.Minute),
		}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), text); err != nil {
			t.Fatal(err)
		}
	}
	if n := asked.Load(); n > 3 {
		t.Errorf("the slow issuer was asked %d times meanwhile", n)
	}
	stuck.Wait()
}

// FuzzVerify signs any header and claims by any of the keys. Whatever is good is a user of its own issuer's, within the bounds of the setting.
func FuzzVerify(f *testing.F) {
	v, members, playback := two(f)
	for _, claims := range []object{members, playback, with(members, "role", "admin"), with(playback, "limit", 1e9, "content", "607c55840e977203b4d8b5e5")} {
		text, err := json.Marshal(claims)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(`{"alg":"RS256","kid":"k","typ":"JWT"}`, string(text))
		f.Add(`{"alg":"ES256"}`, string(text))
		f.Add(`{"alg":"HS256","kid":"k"}`, strings.Replace(string(text), `"iss":`, `"iss":"streamgate","iss":`, 1))
	}
	ofA, err := v.Verify(f.Context(), sign(f, "RS256", object{"kid": "k"}, rsaKeys[0](), members))
	if err != nil {
		f.Fatal(err)
	}
	ofB, err := v.Verify(f.Context(), sign(f, "ES256", nil, ecKey(), playback))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, header, claims string) {
		text := b64([]byte(header)) + "." + b64([]byte(claims))
		byRSA, err := jwt.SigningMethodRS256.Sign(text, rsaKeys[0]())
		if err != nil {
			t.Fatal(err)
		}
		byEC, err := jwt.SigningMethodES256.Sign(text, ecKey())
		if err != nil {
			t.Fatal(err)
		}
		for signer, signature := range map[string][]byte{"a": byRSA, "backend": byEC, "nobody": {}} {
			got, err := v.Verify(t.Context(), text+"."+b64(signature))
			if err != nil {
				refused(t, signer, err)
				continue
			}
			most := map[string]int{"a": 3, "backend": 5}[signer]
			if got.Role != jwtauth.RoleUser || got.Foreign == nil || got.Limit < 1 || got.Limit > most || len(got.Account) != 24 || !jwtauth.IsSession(got.Session) ||
				time.Until(got.Expires) > session.TokenFor || signer == "a" && got.Account == ofB.Account || signer == "backend" && got.Account == ofA.Account {
				t.Fatalf("%s: %+v", signer, got)
			}
		}
	})
}
