package jwtauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"streamgate/libs/fault"
	"streamgate/libs/jwtauth"
	"streamgate/libs/testkit"
)

// rsaKey has 2048 bits, which take a while to find.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })

func newRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

func newEC(curve elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func rsaJWK(key *rsa.PublicKey) object {
	return object{"kty": "RSA", "kid": "r", "n": b64(key.N.Bytes()), "e": b64(big.NewInt(int64(key.E)).Bytes())}
}

func ecJWK(t *testing.T, key *ecdsa.PublicKey) object {
	t.Helper()
	point, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	half := (len(point) - 1) / 2
	return object{"kty": "EC", "crv": key.Curve.Params().Name, "kid": "e", "x": b64(point[1 : 1+half]), "y": b64(point[1+half:])}
}

func parse(t *testing.T, keys ...object) (jwtauth.StaticKeys, error) {
	t.Helper()
	text, err := json.Marshal(object{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	return jwtauth.ParseJWKS(text)
}

func TestKeysVerifyWhatTheirOwnersSign(t *testing.T) {
	t.Parallel()
	p256, p384, p521 := newEC(elliptic.P256()), newEC(elliptic.P384()), newEC(elliptic.P521())
	ed := object{"kty": "OKP", "crv": "Ed25519", "kid": "o", "x": b64(public(ours))}
	for _, alg := range jwtauth.Algorithms {
		var key crypto.Signer
		jwk := object{}
		switch alg {
		case "EdDSA":
			key, jwk = ours, ed
		case "ES256":
			key, jwk = p256, ecJWK(t, &p256.PublicKey)
		case "ES384":
			key, jwk = p384, ecJWK(t, &p384.PublicKey)
		case "ES512":
			key, jwk = p521, ecJWK(t, &p521.PublicKey)
		default:
			key, jwk = rsaKey(), rsaJWK(&rsaKey().PublicKey)
		}
		text, err := jwt.New(jwt.GetSigningMethod(alg)).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		for _, named := range []object{{}, {"alg": alg}, {"use": "sig", "key_ops": []string{"verify"}}} {
			maps.Copy(jwk, named)
			set, err := parse(t, object{"kty": "oct", "kid": jwk["kid"], "k": "c2VjcmV0"}, jwk)
			if err != nil {
				t.Errorf("%s: %v", alg, err)
				continue
			}
			_, err = jwt.Parse(text, func(*jwt.Token) (any, error) { return set.Key(t.Context(), jwk["kid"].(string), alg) })
			if err != nil {
				t.Errorf("%s: %v", alg, err)
			}
			for _, other := range append([]string{"HS256", "none", ""}, jwtauth.Algorithms...) {
				_, err := set.Key(t.Context(), jwk["kid"].(string), other)
				ofRSA := len(named) != 1 && jwk["kty"] == "RSA" && jwk["alg"] == nil && (strings.HasPrefix(other, "RS") || strings.HasPrefix(other, "PS"))
				if fits := err == nil; fits != (other == alg || ofRSA) {
					t.Errorf("a key for %s, %v, and the algorithm %q: %v", alg, named, other, err)
				}
			}
		}
	}
}

func TestKeysThatCantBeTrusted(t *testing.T) {
	t.Parallel()
	p256 := newEC(elliptic.P256())
	right := func() object { return rsaJWK(&rsaKey().PublicKey) }
	even := new(big.Int).Lsh(big.NewInt(1), 2047)
	for name, key := range map[string]object{
		"RSA of 1024 bits":       rsaJWK(&newRSA(1024).PublicKey),
		"RSA of 16384 bits":      with(right(), "n", b64(new(big.Int).SetBit(big.NewInt(1), 16383, 1).Bytes())),
		"an even modulus":        with(right(), "n", b64(even.Bytes())),
		"the exponent 1":         with(right(), "e", "AQ"),
		"an even exponent":       with(right(), "e", "BA"),
		"a huge exponent":        with(right(), "e", b64(make([]byte, 9))),
		"no exponent":            with(right(), "e", nil),
		"RSA that says ES256":    with(right(), "alg", "ES256"),
		"RSA that says HS256":    with(right(), "alg", "HS256"),
		"EC that says RSA":       with(ecJWK(t, &p256.PublicKey), "kty", "RSA"),
		"EC that says EdDSA":     with(ecJWK(t, &p256.PublicKey), "alg", "EdDSA"),
		"a point on no curve":    with(ecJWK(t, &p256.PublicKey), "x", b64(make([]byte, 32))),
		"another curve":          with(ecJWK(t, &p256.PublicKey), "crv", "P-384"),
		"an unknown curve":       with(ecJWK(t, &p256.PublicKey), "crv", "secp256k1"),
		"a secret":               {"kty": "oct", "kid": "r", "k": "c2VjcmV0"},
		"for encryption":         with(right(), "use", "enc"),
		"for other work":         with(right(), "key_ops", []string{"encrypt"}),
		"an id that is a number": with(right(), "kid", 1),
		"no kind":                with(right(), "kty", nil),
		"nothing":                {},
	} {
		if set, err := parse(t, key); err == nil {
			t.Errorf("%s: %v", name, set)
		}
		// Others beside it count all the same.
		if _, err := parse(t, key, ecJWK(t, &p256.PublicKey)); err != nil {
			t.Errorf("%s, beside another: %v", name, err)
		}
	}
}

func TestAnIssuerOfTenThousandKeys(t *testing.T) {
	t.Parallel()
	key, err := json.Marshal(jwtauth.NewJWKS(public(ours)).Keys[0])
	if err != nil {
		t.Fatal(err)
	}
	i := newIssuer(t, ours)
	keys := jwtauth.NewRemoteKeys(i.URL, testkit.Logger(t))
	if err := keys.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{101, 10_000} {
		i.answer(`{"keys":[` + strings.Repeat(string(key)+",", n-1) + string(key) + `]}`)
		if err := keys.Refresh(t.Context()); err == nil {
			t.Errorf("%d keys were read", n)
		}
	}
	if _, err := keys.Key(t.Context(), jwtauth.KeyID(public(ours)), "EdDSA"); err != nil {
		t.Errorf("what was known before: %v", err)
	}
	fresh := jwtauth.NewRemoteKeys(i.URL, testkit.Logger(t))
	if _, err := fresh.Key(t.Context(), jwtauth.KeyID(public(ours)), "EdDSA"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("what was never known: %v", err)
	}
}

// A key that another one follows under the same id is withdrawn, too.
func TestAKeyThatIsReplacedUnderItsID(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	jwk := func(x []byte) string {
		return `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"` + b64(x) + `"}]}`
	}
	keys := jwtauth.NewRemoteKeys(i.URL, testkit.Logger(t))
	for n, key := range []string{jwk(public(ours)), jwk(public(ours)), jwk(public(theirs))} {
		i.answer(key)
		if err := keys.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := keys.Generation(); got != uint64(n/2) {
			t.Errorf("answer %d: generation %d", n, got)
		}
	}
}

// Who asks for an issuer that is away is told so at once, and it is asked at most once a second.
func TestAnIssuerThatIsAwayHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	i := newIssuer(t)
	i.fail()
	keys := jwtauth.NewRemoteKeys(i.URL, testkit.Logger(t))
	began := time.Now()
	for range 200 {
		if _, err := keys.Key(t.Context(), "k", "RS256"); fault.KindOf(err) != fault.Unavailable {
			t.Fatal(err)
		}
	}
	if asked, most := i.asked.Load(), int64(time.Since(began)/time.Second)+2; asked > most {
		t.Errorf("asked %d times, more than %d", asked, most)
	}
	i.publish(t, ours)
	testkit.Eventually(t, "it is asked again", func() bool {
		_, err := keys.Key(t.Context(), jwtauth.KeyID(public(ours)), "EdDSA")
		return err == nil
	})
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	set, err := json.Marshal(jwtauth.NewJWKS(public(ours)))
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(set) })
	describe := func(path, issuer, keys string) {
		mux.HandleFunc("/"+path+"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q,"id_token_signing_alg_values_supported":["RS256"]}`, issuer, keys)
		})
	}
	describe("right", server.URL+"/right", server.URL+"/keys")
	describe("slash", server.URL+"/slash/", server.URL+"/keys")
	describe("other", server.URL+"/right", server.URL+"/keys")
	describe("nowhere", server.URL+"/nowhere", "")
	describe("file", server.URL+"/file", "file:///etc/passwd")
	mux.Handle("/away/", http.NotFoundHandler())
	mux.Handle("/moved/", http.RedirectHandler(server.URL+"/right/.well-known/openid-configuration", http.StatusFound))
	for path, found := range map[string]bool{
		"right": true, "slash/": true, "other": false, "nowhere": false, "file": false, "away": false, "moved": false, "right/": false,
	} {
		keys := jwtauth.NewDiscoveredKeys(server.URL+"/"+path, testkit.Logger(t))
		_, err := keys.Key(t.Context(), jwtauth.KeyID(public(ours)), "EdDSA")
		if found != (err == nil) || !found && fault.KindOf(err) != fault.Unavailable {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestKeysInPEM(t *testing.T) {
	t.Parallel()
	encode := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	of := func(key any) string {
		der, err := x509.MarshalPKIXPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return encode("PUBLIC KEY", der)
	}
	p256 := newEC(elliptic.P256())
	var keys jwtauth.Nameless
	for _, key := range []any{&rsaKey().PublicKey, &p256.PublicKey, public(ours), public(theirs)} {
		parsed, err := jwtauth.ParsePEM("\n" + of(key) + "\n")
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, parsed)
	}
	for alg, count := range map[string]int{"RS256": 1, "PS512": 1, "ES256": 1, "ES384": 0, "EdDSA": 2, "HS256": 0} {
		found, err := keys.Key(t.Context(), "whatever", alg)
		if set, ok := found.(jwt.VerificationKeySet); ok != (count > 0) || ok && len(set.Keys) != count || !ok && !errors.Is(err, jwtauth.ErrUnknownKey) {
			t.Errorf("%s: %v, %v", alg, found, err)
		}
	}
	private, err := x509.MarshalPKCS8PrivateKey(ours)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing": "", "no PEM": "AAAA", "a private key": encode("PRIVATE KEY", private), "two": of(public(ours)) + of(public(theirs)),
		"damaged": encode("PUBLIC KEY", []byte("x")), "weak": of(&newRSA(1024).PublicKey), "P-224": of(&newEC(elliptic.P224()).PublicKey),
	} {
		if key, err := jwtauth.ParsePEM(text); err == nil {
			t.Errorf("%s: %v", name, key)
		}
	}
}
