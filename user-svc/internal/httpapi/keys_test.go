package httpapi_test

import (
	"testing"

	"streamgate/libs/testkit"
)

func TestKeySet(t *testing.T) {
	t.Parallel()
	s := boot(t)
	answer := s.do("GET", "/.well-known/jwks.json", "").Want(t, 200)
	if answer.Header.Get("Content-Type") != "application/jwk-set+json" || answer.Header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("header %v", answer.Header)
	}
	keys := answer.JSON(t)["keys"].([]any)
	if len(keys) != 1 {
		t.Fatalf("keys %v", keys)
	}
	for name, want := range map[string]string{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"} {
		if got := keys[0].(map[string]any)[name]; got != want {
			t.Errorf("%s is %v, want %s", name, got, want)
		}
	}
	if _, ok := keys[0].(map[string]any)["d"]; ok {
		t.Error("the private key is published")
	}
	s.do("HEAD", "/.well-known/jwks.json", "").Want(t, 200)
	s.do("GET", "/.well-known/jwks.json?x=1", "").Problem(t, 400, "invalid_input", "x")
	testkit.Do(t, "GET", s.internal+"/.well-known/jwks.json", "").Problem(t, 401, "internal_secret_invalid")
}
