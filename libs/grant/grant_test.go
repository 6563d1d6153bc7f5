package grant_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"streamgate/libs/grant"
	"streamgate/libs/seal"
)

var (
	keys    = grant.Keys{bytes.Repeat([]byte{1}, 32)}
	started = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
)

func example() grant.Grant {
	return grant.Grant{
		Stream: "AAECAwQFBgcICQoLDA0ODw", Account: "607c55840e977203b4d8b5e5", Session: "AAECAwQFBgc", Content: "607c55840e977203b4d8b5e6",
		Limit: 3, Started: started, Expires: started.Add(time.Hour), Scope: "hls/film/",
	}
}

func sign(t testing.TB, g grant.Grant) string {
	t.Helper()
	text, err := keys.Sign(g)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAGrantComesBackAsItWas(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*grant.Grant){
		"a folder":       func(*grant.Grant) {},
		"a playlist":     func(g *grant.Grant) { g.Entry = "index.m3u8" },
		"a file":         func(g *grant.Grant) { g.Scope = "film ü.mp4" },
		"no scope":       func(g *grant.Grant) { g.Scope = "" },
		"longest scope":  func(g *grant.Grant) { g.Scope = strings.Repeat("s", grant.MaxScope) },
		"smallest limit": func(g *grant.Grant) { g.Limit = 1 },
		"largest limit":  func(g *grant.Grant) { g.Limit = 255 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := example()
			change(&want)
			text := sign(t, want)
			if got, err := keys.Verify(text, started); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			if len(text) > 800 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
				t.Errorf("%d characters, not all for an address: %s", len(text), text)
			}
		})
	}
}

func TestWhatIsNoGrantIsNotSigned(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*grant.Grant){
		"limit 0":         func(g *grant.Grant) { g.Limit = 0 },
		"limit 256":       func(g *grant.Grant) { g.Limit = 256 },
		"long scope":      func(g *grant.Grant) { g.Scope = strings.Repeat("s", grant.MaxScope+1) },
		"no stream":       func(g *grant.Grant) { g.Stream = "" },
		"short stream":    func(g *grant.Grant) { g.Stream = g.Stream[:21] },
		"long stream":     func(g *grant.Grant) { g.Stream += "AA" },
		"stream of hex":   func(g *grant.Grant) { g.Stream = g.Account },
		"loose last bits": func(g *grant.Grant) { g.Stream = g.Stream[:21] + "x" },
		"account":         func(g *grant.Grant) { g.Account = "nobody" },
		"odd account":     func(g *grant.Grant) { g.Account = g.Account[1:] },
		"session":         func(g *grant.Grant) { g.Session = "a b" },
		"content":         func(g *grant.Grant) { g.Content = g.Content[2:] },
	} {
		g := example()
		change(&g)
		if text, err := keys.Sign(g); err == nil {
			t.Errorf("%s: signed as %s", name, text)
		}
	}
}

func TestEveryCharacterOfAGrantCounts(t *testing.T) {
	t.Parallel()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, scope := range []string{"a", "ab", "abc"} { // all ways in which the last character can be used
		g := example()
		g.Scope = scope
		text := sign(t, g)
		refuse := func(what, wrong string, i int) {
			if _, err := keys.Verify(wrong, started); !errors.Is(err, grant.ErrInvalid) {
				t.Errorf("character %d can be %s: %v", i, what, err)
			}
		}
		for i := range text {
			at := strings.IndexByte(alphabet, text[i])
			refuse("changed", text[:i]+string(alphabet[at^1])+text[i+1:], i)
			refuse("another", text[:i]+string(alphabet[(at+17)%64])+text[i+1:], i)
			refuse("left out", text[:i]+text[i+1:], i)
			refuse("doubled", text[:i]+text[i:i+1]+text[i:], i)
			refuse("put behind a line break", text[:i]+"\n"+text[i:], i)
			refuse("the last", text[:i], i)
		}
		refuse("followed by padding", text+"=", len(text))
	}
}

func TestWhatIsNotAGrant(t *testing.T) {
	t.Parallel()
	encode := base64.RawURLEncoding.EncodeToString
	signed, _ := base64.RawURLEncoding.DecodeString(sign(t, example()))
	message := signed[:len(signed)-seal.TagLength]
	other := bytes.Clone(message)
	other[0] = 3
	short := append([]byte{2}, make([]byte, 69)...) // whose entry would be longer than all
	short = append(short, 200, 1, 2, 3)
	for name, text := range map[string]string{
		"empty":           "",
		"garbage":         "garbage",
		"path":            "../../etc/passwd",
		"zeros":           encode(make([]byte, 100)),
		"unsigned":        encode(message),
		"another purpose": encode(seal.Keys(keys).Seal("streamgate/ticket", bytes.Clone(message))),
		"another version": encode(seal.Keys(keys).Seal("streamgate/grant", other)),
		"a long entry":    encode(seal.Keys(keys).Seal("streamgate/grant", short)),
		"sealed nothing":  encode(seal.Keys(keys).Seal("streamgate/grant", nil)),
		"a long scope":    encode(seal.Keys(keys).Seal("streamgate/grant", append(bytes.Clone(message), make([]byte, grant.MaxScope)...))),
		"a huge text":     strings.Repeat("A", 1<<20),
	} {
		if g, err := keys.Verify(text, started); !errors.Is(err, grant.ErrInvalid) || g != (grant.Grant{}) {
			t.Errorf("%s: %+v, %v", name, g, err)
		}
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	text := sign(t, example())
	end := example().Expires
	for at, valid := range map[time.Time]bool{{}: true, started: true, end: true, end.Add(time.Millisecond): false} {
		if _, err := keys.Verify(text, at); (err == nil) != valid {
			t.Errorf("at %v: %v", at, err)
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	text := sign(t, example())
	current := bytes.Repeat([]byte{2}, 32)
	if _, err := (grant.Keys{current, keys[0]}).Verify(text, started); err != nil {
		t.Errorf("after a change of keys: %v", err)
	}
	if _, err := (grant.Keys{current}).Verify(text, started); !errors.Is(err, grant.ErrInvalid) {
		t.Errorf("a withdrawn key counts: %v", err)
	}
	if _, err := grant.ParseKeys("GRANT_KEYS", nil); err == nil || !strings.HasPrefix(err.Error(), "GRANT_KEYS: ") {
		t.Errorf("no keys: %v", err)
	}
}

func TestOpens(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		scope, path string
		want        bool
	}{
		{"film.mp4", "film.mp4", true},
		{"film.mp4", "film.mp4.txt", false},
		{"film.mp4", "film.mp4/a", false},
		{"film.mp4", "other.mp4", false},
		{"film.mp4", "./film.mp4", false},
		{"film.mp4", "/film.mp4", false},
		{"film.mp4", "FILM.mp4", false},
		{"hls/film/", "hls/film/a.ts", true},
		{"hls/film/", "hls/film/low/a.ts", true},
		{"hls/film/", "hls/film", false},
		{"hls/film/", "hls/film/", false},
		{"hls/film/", "hls/film2/a.ts", false},
		{"hls/film/", "hls/film/../secret", false},
		{"hls/film/", "hls/film/..", false},
		{"hls/film/", "hls/film/../film/a.ts", false},
		{"hls/film/", "hls/film/./a.ts", false},
		{"hls/film/", "hls/film//a.ts", false},
		{"hls/film/", "hls/film/...", true},
		{"hls/film", "hls/film/a.ts", false},
		{"", "", false},
		{"", "a", false},
		{"/", "/a", false},
		{"/", "a", false},
		{"../", "../a", false},
	} {
		g := grant.Grant{Scope: test.scope}
		if got := g.Opens(test.path); got != test.want {
			t.Errorf("%q opens %q: %t", test.scope, test.path, got)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("")
	f.Add("AQABAgMEBQYHCAkKCwwNDg8")
	f.Fuzz(func(t *testing.T, text string) {
		if g, err := keys.Verify(text, time.Time{}); err == nil {
			t.Errorf("%q opens %+v", text, g)
		}
	})
}

// Grants of before, which say nothing of the file that a film begins with, are good until they expire.
func TestAGrantOfBefore(t *testing.T) {
	t.Parallel()
	signed, _ := base64.RawURLEncoding.DecodeString(sign(t, example()))
	message := bytes.Clone(signed[:len(signed)-seal.TagLength])
	scope := len(message) - len(example().Scope)
	before := append(append([]byte{1}, message[1:scope-1]...), message[scope:]...) // without the length of the entry
	text := base64.RawURLEncoding.EncodeToString(seal.Keys(keys).Seal("streamgate/grant", before))
	if g, err := keys.Verify(text, started); err != nil || g != example() || g.Source() != "" {
		t.Errorf("%+v, %v", g, err)
	}
	withEntry := example()
	withEntry.Entry = "index.m3u8"
	if withEntry.Source() != "hls/film/index.m3u8" {
		t.Error(withEntry.Source())
	}
}
