package jwtauth_test

import (
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/fault"
	"streamgate/libs/jwtauth"
	"streamgate/libs/problem"
	"streamgate/libs/testkit"
)

const (
	issuer  = "streamgate"
	account = "607c55840e977203b4d8b5e5"
	session = "c2Vzc2lvbg0"
)

// newKey returns the same key for the same seed.
func newKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

var ours, theirs = newKey('a'), newKey('b')

type object = map[string]any

// parts encodes the first two parts of a token.
func parts(t testing.TB, header, claims object) string {
	t.Helper()
	encode := func(o object) string {
		text, err := json.Marshal(o, json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	return encode(header) + "." + encode(claims)
}

// forge signs a token that the issuer would never sign.
func forge(t testing.TB, key ed25519.PrivateKey, header, claims object) string {
	t.Helper()
	text := parts(t, header, claims)
	return text + "." + signature(key, text)
}

func signature(key ed25519.PrivateKey, text string) string {
	return base64.RawURLEncoding.EncodeToString(ed25519.Sign(key, []byte(text)))
}

func header() object { return object{"alg": "EdDSA", "typ": "JWT", "kid": jwtauth.KeyID(public(ours))} }

func claims() object {
	now := time.Now().Unix()
	return object{"iss": issuer, "aud": issuer, "sub": account, "sid": session, "role": "user", "lim": 3, "iat": now, "exp": now + 600}
}

var with = testkit.With

func verifier() *jwtauth.Verifier {
	return jwtauth.NewVerifier(jwtauth.NewStaticKeys(public(ours)), issuer)
}

// pass waits, which takes no real time in a bubble of fake time.
func pass(d time.Duration) { <-time.After(d) }

// refused fails the test unless the error is the 401 of every wrong token.
func refused(t testing.TB, err error) {
	t.Helper()
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || problem.Status(err) != 401 || e.Code != "invalid_token" || e.Challenge != `Bearer realm="streamgate", error="invalid_token"` {
		t.Fatalf("error %v, want a 401 invalid_token", err)
	}
}

func TestSignedTokensAreVerified(t *testing.T) {
	t.Parallel()
	for _, role := range []string{jwtauth.RoleUser, jwtauth.RoleAdmin} {
		want := jwtauth.Claims{
			Account: account, Session: session, Role: role, Limit: 100, Evicts: role == jwtauth.RoleUser,
			Expires: time.Now().Add(time.Minute).Truncate(time.Second),
		}
		if want.Evicts {
			want.Pause = new(time.Duration(0))
		}
		token, err := jwtauth.Sign(ours, issuer, want, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if len(token) > 450 {
			t.Errorf("a token of %d bytes", len(token))
		}
		v := verifier()
		for range 2 { // verified, then remembered
			got, err := v.Verify(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, want) {
				t.Errorf("got %+v, want %+v", *got, want)
			}
			if err := got.RequireAdmin(); (err == nil) != (role == jwtauth.RoleAdmin) || err != nil && problem.Status(err) != 403 {
				t.Errorf("%s asks for admin: %v", role, err)
			}
		}
	}
}

func TestForgedTokensAreRefused(t *testing.T) {
	t.Parallel()
	right := forge(t, ours, header(), claims())
	if _, err := verifier().Verify(t.Context(), right); err != nil {
		t.Fatalf("the forger can't even make a right one: %v", err)
	}
	now := time.Now().Unix()
	signature := right[strings.LastIndex(right, ".")+1:]
	unsigned := parts(t, with(header(), "alg", "none"), claims()) + "."
	hmacked := func(key []byte) string {
		text := parts(t, with(header(), "alg", "HS256"), claims())
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	for name, token := range map[string]string{
		"empty":                "",
		"garbage":              "garbage",
		"dots":                 "..",
		"two parts":            right[:strings.LastIndex(right, ".")],
		"four parts":           right + ".x",
		"not base64":           "a.b.c",
		"broken UTF-8":         "\xff.\xff.\xff",
		"no JSON":              "eA.eA." + signature,
		"JSON of a list":       "W10.W10." + signature,
		"unsigned":             unsigned,
		"unsigned, None":       parts(t, with(header(), "alg", "None"), claims()) + ".",
		"none, signed":         forge(t, ours, with(header(), "alg", "none"), claims()),
		"signature of none":    unsigned + signature,
		"no algorithm":         forge(t, ours, with(header(), "alg", nil), claims()),
		"HMAC of the key":      hmacked(public(ours)),
		"HMAC of its text":     hmacked([]byte(base64.RawURLEncoding.EncodeToString(public(ours)))),
		"HMAC of nothing":      hmacked(nil),
		"another algorithm":    forge(t, ours, with(header(), "alg", "ES256"), claims()),
		"Ed25519 by name":      forge(t, ours, with(header(), "alg", "Ed25519"), claims()),
		"another key":          forge(t, theirs, header(), claims()),
		"key unknown":          forge(t, theirs, with(header(), "kid", jwtauth.KeyID(public(theirs))), claims()),
		"no key id":            forge(t, ours, with(header(), "kid", nil), claims()),
		"key id a number":      forge(t, ours, with(header(), "kid", 1), claims()),
		"key of its own":       forge(t, theirs, with(header(), "jwk", jwtauth.NewJWKS(public(theirs)).Keys[0]), claims()),
		"critical":             forge(t, ours, with(header(), "crit", []string{"exp"}), claims()),
		"critical, empty":      forge(t, ours, with(header(), "crit", []string{}), claims()),
		"expired":              forge(t, ours, header(), with(claims(), "exp", now-3)),
		"expired long ago":     forge(t, ours, header(), with(claims(), "exp", 0)),
		"no end":               forge(t, ours, header(), with(claims(), "exp", nil)),
		"end in words":         forge(t, ours, header(), with(claims(), "exp", "tomorrow")),
		"from the future":      forge(t, ours, header(), with(claims(), "iat", now+10)),
		"not yet valid":        forge(t, ours, header(), with(claims(), "nbf", now+10)),
		"another issuer":       forge(t, ours, header(), with(claims(), "iss", "streamgate2")),
		"no issuer":            forge(t, ours, header(), with(claims(), "iss", nil)),
		"another audience":     forge(t, ours, header(), with(claims(), "aud", "other")),
		"other audiences":      forge(t, ours, header(), with(claims(), "aud", []string{"other", "streamgate2"})),
		"audience a number":    forge(t, ours, header(), with(claims(), "aud", 1)),
		"no audience, undated": forge(t, ours, header(), with(claims(), "aud", nil, "iat", nil)),
		"an id token":          forge(t, ours, with(header(), "typ", "id+jwt"), claims()),
		"a logout token":       forge(t, ours, with(header(), "typ", "logout+jwt"), claims()),
		"typ a number":         forge(t, ours, with(header(), "typ", 1), claims()),
		"typ empty":            forge(t, ours, with(header(), "typ", ""), claims()),
		"two days":             forge(t, ours, header(), with(claims(), "exp", now+2*24*3600)),
		"expired by overflow":  forge(t, ours, header(), with(claims(), "exp", 1e300)),
		"expired beyond int64": forge(t, ours, header(), with(claims(), "exp", 9.3e18)),
		"expired before time":  forge(t, ours, header(), with(claims(), "exp", -1e300)),
		"account of a path":    forge(t, ours, header(), with(claims(), "sub", "../internal/accounts")),
		"account upper case":   forge(t, ours, header(), with(claims(), "sub", strings.ToUpper(account))),
		"account too long":     forge(t, ours, header(), with(claims(), "sub", account+"0")),
		"account in lines":     forge(t, ours, header(), with(claims(), "sub", account+"\n")),
		"account a number":     forge(t, ours, header(), with(claims(), "sub", 1)),
		"session too long":     forge(t, ours, header(), with(claims(), "sid", session+"A")),
		"session in lines":     forge(t, ours, header(), with(claims(), "sid", session+"\n")),
		"session last bit":     forge(t, ours, header(), with(claims(), "sid", session[:10]+string(otherBits(session[10])))),
		"session of a path":    forge(t, ours, header(), with(claims(), "sid", "a/../../../b")),
		"no account":           forge(t, ours, header(), with(claims(), "sub", nil)),
		"no session":           forge(t, ours, header(), with(claims(), "sid", "")),
		"no role":              forge(t, ours, header(), with(claims(), "role", nil)),
		"unknown role":         forge(t, ours, header(), with(claims(), "role", "root")),
		"no limit":             forge(t, ours, header(), with(claims(), "lim", nil)),
		"limit 0":              forge(t, ours, header(), with(claims(), "lim", 0)),
		"limit below 0":        forge(t, ours, header(), with(claims(), "lim", -1)),
		"limit 101":            forge(t, ours, header(), with(claims(), "lim", 101)),
		"pause below 0":        forge(t, ours, header(), with(claims(), "pause", -1)),
		"pause of 5 hours":     forge(t, ours, header(), with(claims(), "pause", 18_000)),
		"pause of a text":      forge(t, ours, header(), with(claims(), "pause", "release")),
		"limit of a half":      forge(t, ours, header(), with(claims(), "lim", 2.5)),
		"oversize":             forge(t, ours, header(), with(claims(), "x", strings.Repeat("x", 4096))),
		"signature cut":        right[:len(right)-1],
		"signature padded":     right + "==",
		"line break":           right + "\n",
		"line break inside":    right[:len(right)-9] + "\r\n" + right[len(right)-9:],
		"space":                right + " ",
		"last bit":             right[:len(right)-1] + string(otherBits(right[len(right)-1])),
		"standard alphabet":    strings.NewReplacer("-", "+", "_", "/").Replace(forge(t, ours, header(), with(claims(), "x", "???>>>"))),
		"signed in pieces":     strings.Replace(right, ".", "..", 1),
		"payload of another":   strings.Join([]string{strings.Split(right, ".")[0], strings.Split(unsigned, ".")[1] + "x", signature}, "."),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := verifier().Verify(t.Context(), token)
			refused(t, err)
			if got != nil {
				t.Errorf("claims all the same: %+v", got)
			}
			e, _ := errors.AsType[*fault.Error](err)
			if expired := strings.Contains(e.Detail, "has expired"); expired != strings.HasPrefix(name, "expired") {
				t.Errorf("says %s", e.Detail)
			}
		})
	}
}

func TestFormsOfAccessTokens(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{
		"for us":                forge(t, ours, header(), with(claims(), "aud", issuer)),
		"for us and others":     forge(t, ours, header(), with(claims(), "aud", []string{"other", issuer})),
		"of before the upgrade": forge(t, ours, header(), with(claims(), "aud", nil)),
		"no typ":                forge(t, ours, with(header(), "typ", nil), claims()),
		"jwt":                   forge(t, ours, with(header(), "typ", "jwt"), claims()),
		"access token":          forge(t, ours, with(header(), "typ", "at+jwt"), claims()),
		"by its media type":     forge(t, ours, with(header(), "typ", "application/at+JWT"), claims()),
		"of a day":              forge(t, ours, header(), with(claims(), "exp", time.Now().Unix()+24*3600)),
	} {
		if _, err := verifier().Verify(t.Context(), token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Tokens of an older user-svc, which name no audience, are good through an upgrade and not for ever.
func TestAudienceIsNeededAfterAnUpgrade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := verifier()
		issue := func(pairs ...any) string { return forge(t, ours, header(), with(claims(), pairs...)) }
		pass(59 * time.Minute)
		if _, err := v.Verify(t.Context(), issue("aud", nil)); err != nil {
			t.Error(err)
		}
		pass(2 * time.Minute)
		_, err := v.Verify(t.Context(), issue("aud", nil))
		refused(t, err)
		if _, err := v.Verify(t.Context(), issue()); err != nil {
			t.Error(err)
		}
	})
}

// otherBits returns the character that differs only in its unused last bits: the same bytes, for a decoder that is not
// strict.
func otherBits(c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)^1]
}

func TestEveryByteOfATokenCounts(t *testing.T) {
	t.Parallel()
	right := forge(t, ours, header(), claims())
	v := verifier()
	for i := range len(right) {
		wrong := []byte(right)
		if wrong[i] = 'A'; right[i] == 'A' {
			wrong[i] = 'B'
		}
		if _, err := v.Verify(t.Context(), string(wrong)); err == nil {
			t.Errorf("byte %d does not count", i)
		}
	}
}

func TestClocksMayDifferALittle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().Unix()
		token := forge(t, ours, header(), with(claims(), "iat", now+1, "nbf", now+2, "exp", now+60))
		v := verifier()
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("a clock that is a second ahead: %v", err)
		}
		pass(61 * time.Second)
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Errorf("a clock that is a second behind: %v", err)
		}
	})
}

// counting is a source that counts requests, and whose keys can be withdrawn.
type counting struct {
	mu         sync.Mutex
	keys       jwtauth.StaticKeys
	generation uint64
	asked      atomic.Int64
}

func (c *counting) Key(ctx context.Context, kid, algorithm string) (any, error) {
	c.asked.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.keys.Key(ctx, kid, algorithm)
}

func (c *counting) Generation() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.generation
}

func (c *counting) withdraw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = jwtauth.NewStaticKeys(public(theirs))
	c.generation++
}

func TestAVerifiedTokenIsRememberedUntilItExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		source := &counting{keys: jwtauth.NewStaticKeys(public(ours))}
		v := jwtauth.NewVerifier(source, issuer)
		token := forge(t, ours, header(), with(claims(), "exp", time.Now().Unix()+60))
		for range 10 {
			if _, err := v.Verify(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		if asked := source.asked.Load(); asked != 1 {
			t.Errorf("verified %d times", asked)
		}
		pass(63 * time.Second)
		_, err := v.Verify(t.Context(), token)
		refused(t, err)
	})
}

func TestARefusedTokenIsNotRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := verifier()
		token := forge(t, ours, header(), with(claims(), "nbf", time.Now().Unix()+10))
		_, err := v.Verify(t.Context(), token)
		refused(t, err)
		pass(10 * time.Second)
		if _, err := v.Verify(t.Context(), token); err != nil {
			t.Error(err)
		}
	})
}

func TestAWithdrawnKeyStopsCounting(t *testing.T) {
	t.Parallel()
	source := &counting{keys: jwtauth.NewStaticKeys(public(ours))}
	v := jwtauth.NewVerifier(source, issuer)
	token := forge(t, ours, header(), claims())
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	source.withdraw()
	_, err := v.Verify(t.Context(), token)
	refused(t, err)
}

func TestVerifyConcurrently(t *testing.T) {
	t.Parallel()
	source := &counting{keys: jwtauth.NewStaticKeys(public(ours))}
	v := jwtauth.NewVerifier(source, issuer)
	var tokens []string
	for i := range 8 {
		tokens = append(tokens, forge(t, ours, header(), with(claims(), "lim", i+1)))
	}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 200 {
				n := (worker + i) % len(tokens)
				got, err := v.Verify(t.Context(), tokens[n])
				if err == nil && got.Limit != n+1 {
					t.Errorf("token %d has the claims of %d", n, got.Limit-1)
				}
				if worker == 0 && i == 100 {
					source.withdraw()
				}
			}
		})
	}
	all.Wait()
	for _, token := range tokens {
		if _, err := v.Verify(t.Context(), token); err == nil {
			t.Error("a token of the withdrawn key still counts")
		}
	}
}

func TestTheMemoryIsBounded(t *testing.T) {
	t.Parallel()
	source := &counting{keys: jwtauth.NewStaticKeys(public(ours))}
	v := jwtauth.NewVerifier(source, issuer)
	v.Resize(10)
	first := forge(t, ours, header(), claims())
	if _, err := v.Verify(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		if _, err := v.Verify(t.Context(), forge(t, ours, header(), with(claims(), "n", i))); err != nil {
			t.Fatal(err)
		}
	}
	before := source.asked.Load()
	if _, err := v.Verify(t.Context(), first); err != nil || source.asked.Load() != before+1 {
		t.Errorf("the first of eleven tokens is still remembered (%v)", err)
	}
}
