package token_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgate/libs/jwtauth"
	"streamgate/user-svc/internal/account"
	"streamgate/user-svc/internal/token"
)

func TestIssue(t *testing.T) {
	t.Parallel()
	old, current := newKey(t), newKey(t)
	a := account.Account{ID: "65f0c1d2e3a4b5c6d7e8f901", Role: account.Admin, Plan: account.Plan{MaxStreams: 7, OnLimit: account.EvictOldest, Pause: new(time.Minute)}}
	before, err := token.NewIssuer([]ed25519.PrivateKey{old}, "me", 5*time.Minute).Issue(a, "AAAAAAAAAAA")
	if err != nil {
		t.Fatal(err)
	}
	issuer := token.NewIssuer([]ed25519.PrivateKey{current, old}, "me", 5*time.Minute)
	after, err := issuer.Issue(a, "AAAAAAAAAAA")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{before, after} { // a key is changed without a break
		claims, err := issuer.Verifier().Verify(t.Context(), text)
		if err != nil || claims.Account != a.ID || claims.Session != "AAAAAAAAAAA" || claims.Role != "admin" || claims.Limit != 7 || !claims.Evicts ||
			*claims.Pause != time.Minute {
			t.Errorf("claims %+v, %v", claims, err)
		}
	}
	onlyNew := jwtauth.NewVerifier(jwtauth.NewStaticKeys(current.Public().(ed25519.PublicKey)), "me")
	if _, err := onlyNew.Verify(t.Context(), after); err != nil {
		t.Errorf("not signed with the first key: %v", err)
	}
	if jwks := string(issuer.JWKS()); strings.Count(jwks, `"kid"`) != 2 {
		t.Errorf("published %s", jwks)
	}
}

func TestGenerateKey(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "key.pem")
	var group sync.WaitGroup
	keys := make([]ed25519.PrivateKey, 8)
	for i := range keys {
		group.Go(func() {
			if err := token.GenerateKey(file); err != nil {
				t.Error(err)
			}
			loaded, err := token.LoadKeys([]string{file})
			if err != nil {
				t.Error(err)
				return
			}
			keys[i] = loaded[0]
		})
	}
	group.Wait()
	for _, key := range keys {
		if !key.Equal(keys[0]) {
			t.Error("two replicas have different keys")
		}
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left %v", left)
	}
	if err := token.GenerateKey(filepath.Join(t.TempDir(), "no", "such", "folder.pem")); err == nil {
		t.Error("wrote to a missing folder")
	}
}

func TestLoadKeysNamesEveryFault(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(other)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for name, content := range map[string][]byte{
		"text.pem": []byte("hello"), "garbage.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"ecdsa.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), "public.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	files = append(files, filepath.Join(dir, "missing.pem"))
	_, err = token.LoadKeys(files)
	for _, file := range files {
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%v doesn't name %s", err, file)
		}
	}
}

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
