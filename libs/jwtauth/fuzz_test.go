package jwtauth_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"streamgate/libs/jwtauth"
)

// FuzzVerify tries forms of tokens: none but those that were signed is good, in no other form, and the refusal is always the same.
func FuzzVerify(f *testing.F) {
	right := forge(f, ours, header(), with(claims(), "exp", time.Now().Unix()+3600))
	signed := map[string]bool{right: true}
	f.Add(right)
	f.Add(right + "\n")
	f.Add(right + "=")
	f.Add("." + right)
	f.Add(strings.ReplaceAll(right, "-", "+"))
	f.Add(parts(f, with(header(), "alg", "none"), claims()) + ".")
	f.Add(forge(f, theirs, header(), claims()))
	v := verifier()
	f.Fuzz(func(t *testing.T, token string) {
		got, err := v.Verify(t.Context(), token)
		if signed[token] {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		refused(t, err)
		if got != nil {
			t.Fatalf("claims %+v", got)
		}
	})
}

// FuzzClaims signs any header and claims. Whatever is good has the ids, the limit and the end that every service relies on.
func FuzzClaims(f *testing.F) {
	encoded := strings.Split(parts(f, header(), claims()), ".")
	for n, part := range encoded {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err != nil {
			f.Fatal(err)
		}
		encoded[n] = string(text)
	}
	f.Add(encoded[0], encoded[1])
	f.Add(encoded[0], strings.Replace(encoded[1], `"exp":`, `"exp":1e300,"x":`, 1))
	f.Add(strings.Replace(encoded[0], "JWT", "id+jwt", 1), encoded[1])
	f.Add(encoded[0], strings.Replace(encoded[1], account, account+`\n`, 1))
	f.Add(encoded[0], strings.Replace(encoded[1], `"aud":"streamgate"`, `"aud":["x",null]`, 1))
	v := verifier()
	f.Fuzz(func(t *testing.T, header, claims string) {
		text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		got, err := v.Verify(t.Context(), text+"."+signature(ours, text))
		if err != nil {
			refused(t, err)
			return
		}
		if len(got.Account) != 24 || !jwtauth.IsSession(got.Session) || got.Limit < 1 || got.Limit > jwtauth.MaxLimit ||
			time.Until(got.Expires) < -time.Minute || time.Until(got.Expires) > 25*time.Hour {
			t.Fatalf("claims %+v", got)
		}
	})
}
