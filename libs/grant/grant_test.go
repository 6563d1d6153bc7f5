package grant_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"streamgate/libs/grant"
	"streamgate/libs/seal"
)

var (
	key     = bytes.Repeat([]byte{1}, 32)
	keys    = parse(key)
	started = time.Date(2026, 1, 2, 3, 4, 5, 678e6, time.UTC)
)

// parse returns these keys as a service reads them.
func parse(keys ...[]byte) grant.Keys {
	var texts []string
	for _, k := range keys {
		texts = append(texts, base64.StdEncoding.EncodeToString(k))
	}
	parsed, err := grant.ParseKeys("GRANT_KEYS", texts)
	if err != nil {
		panic(err)
	}
	return parsed
}

func example() grant.Grant {
	return grant.Grant{
		Stream: "AAECAwQFBgcICQoLDA0ODw", Account: "607c55840e977203b4d8b5e5", Session: "AAECAwQFBgc", Content: "607c55840e977203b4d8b5e6",
		Limit: 3, Started: started, Expires: started.Add(time.Hour), Scope: "hls/film/",
	}
}

func issue(t testing.TB, g grant.Grant) string {
	t.Helper()
	text, err := keys.Seal(g)
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
		"another issuer": func(g *grant.Grant) { g.Foreign = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := example()
			change(&want)
			text := issue(t, want)
			if got, err := keys.Verify(text, started); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			if len(text) > 820 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
				t.Errorf("%d characters, not all for an address: %s", len(text), text)
			}
		})
	}
}

func TestWhatIsNoGrantIsNotIssued(t *testing.T) {
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
		if text, err := keys.Seal(g); err == nil {
			t.Errorf("%s: issued as %s", name, text)
		}
	}
}

func TestEveryCharacterOfAGrantCounts(t *testing.T) {
	t.Parallel()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for _, scope := range []string{"a", "ab", "abc"} { // all ways in which the last character can be used
		g := example()
		g.Scope = scope
		text := issue(t, g)
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

// An address tells whoever decodes it nothing of whose it is, where the file lies or that two are of one account.
func TestAGrantIsOpaque(t *testing.T) {
	t.Parallel()
	g := example()
	g.Entry = "index.m3u8"
	text := issue(t, g)
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	unhex := func(text string) []byte { b, _ := hex.DecodeString(text); return b }
	unbase64 := func(text string) []byte { b, _ := base64.RawURLEncoding.DecodeString(text); return b }
	for what, secret := range map[string][]byte{
		"account": unhex(g.Account), "content": unhex(g.Content), "session": unbase64(g.Session), "stream": unbase64(g.Stream),
		"scope": []byte(g.Scope), "entry": []byte(g.Entry), "start": binary.BigEndian.AppendUint64(nil, uint64(g.Started.UnixMilli()))[4:],
	} {
		if bytes.Contains(decoded, secret) {
			t.Errorf("%s can be read in %q", what, decoded)
		}
	}
	again, _ := base64.RawURLEncoding.DecodeString(issue(t, g))
	same := 0
	for i := range decoded {
		if decoded[i] == again[i] {
			same++
		}
	}
	if same > len(decoded)/8 { // by chance one in 256
		t.Errorf("%d of %d bytes are the same in another grant of the same stream", same, len(decoded))
	}
}

func TestWhatIsNotAGrant(t *testing.T) {
	t.Parallel()
	encode := base64.RawURLEncoding.EncodeToString
	genuine, _ := base64.RawURLEncoding.DecodeString(issue(t, example()))
	as := func(version byte, message []byte) string { return encode(append([]byte{version}, message...)) }
	short := append([]byte{2}, make([]byte, 69)...) // whose entry would be longer than all
	short = append(short, 200, 1, 2, 3)
	signed := seal.Keys{key}
	for name, text := range map[string]string{
		"empty":           "",
		"garbage":         "garbage",
		"path":            "../../etc/passwd",
		"zeros":           encode(make([]byte, 100)),
		"version alone":   as(3, nil),
		"a nonce alone":   as(3, make([]byte, 12)),
		"nothing sealed":  as(3, make([]byte, 28)),
		"unsigned":        encode(before(2, example())[:70]),
		"as a signed one": as(2, genuine[1:]),
		"another version": as(4, genuine[1:]),
		"another purpose": encode(signed.Seal("streamgate/ticket", before(2, example()))),
		"a signed 3":      encode(signed.Seal("streamgate/grant", before(3, example()))),
		"a long entry":    encode(signed.Seal("streamgate/grant", short)),
		"signed nothing":  encode(signed.Seal("streamgate/grant", []byte{2})),
		"a huge text":     strings.Repeat("A", 1<<20),
	} {
		if g, err := keys.Verify(text, started); !errors.Is(err, grant.ErrInvalid) || g != (grant.Grant{}) {
			t.Errorf("%s: %+v, %v", name, g, err)
		}
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	text := issue(t, example())
	end := example().Expires
	for at, valid := range map[time.Time]bool{{}: true, started: true, end: true, end.Add(time.Millisecond): false} {
		if _, err := keys.Verify(text, at); (err == nil) != valid {
			t.Errorf("at %v: %v", at, err)
		}
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	text := issue(t, example())
	current := bytes.Repeat([]byte{2}, 32)
	if _, err := parse(current, key).Verify(text, started); err != nil {
		t.Errorf("after a change of keys: %v", err)
	}
	if _, err := parse(current).Verify(text, started); !errors.Is(err, grant.ErrInvalid) {
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

// before returns a grant as it was signed in versions 1, which says nothing of the file that a film begins with, and 2.
func before(version byte, g grant.Grant) []byte {
	b := []byte{version}
	for _, decode := range []func() ([]byte, error){
		func() ([]byte, error) { return base64.RawURLEncoding.DecodeString(g.Stream) },
		func() ([]byte, error) { return hex.DecodeString(g.Account) },
		func() ([]byte, error) { return base64.RawURLEncoding.DecodeString(g.Session) },
		func() ([]byte, error) { return hex.DecodeString(g.Content) },
	} {
		id, _ := decode()
		b = append(b, id...)
	}
	b = append(append(b, g.Player[:]...), byte(g.Limit))
	b = binary.BigEndian.AppendUint64(b, uint64(g.Started.UnixMilli()))
	b = binary.BigEndian.AppendUint64(b, uint64(g.Expires.UnixMilli()))
	if version > 1 {
		b = append(append(b, byte(len(g.Entry))), g.Entry...)
	}
	return append(b, g.Scope...)
}

// Grants that were signed are good until they expire.
func TestAGrantOfBefore(t *testing.T) {
	t.Parallel()
	for version, entry := range map[byte]string{1: "", 2: "index.m3u8"} {
		want := example()
		want.Entry, want.Scope = entry, "hls/"+strings.Repeat("f", grant.MaxScope-len(entry)-len("hls//"))+"/"
		text := base64.RawURLEncoding.EncodeToString(seal.Keys{key}.Seal("streamgate/grant", before(version, want)))
		if g, err := keys.Verify(text, started); err != nil || g != want {
			t.Errorf("version %d: %+v, %v", version, g, err)
		}
		if _, err := parse(bytes.Repeat([]byte{2}, 32)).Verify(text, started); !errors.Is(err, grant.ErrInvalid) {
			t.Errorf("version %d, by another key: %v", version, err)
		}
	}
	g := example()
	if g.Source() != "" {
		t.Error(g.Source())
	}
	if g.Entry = "index.m3u8"; g.Source() != "hls/film/index.m3u8" {
		t.Error(g.Source())
	}
}

// content-svc opens one for each request.
func BenchmarkRead(b *testing.B) {
	g := example()
	g.Entry = "index.m3u8"
	text := issue(b, g)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := keys.Read(text); err != nil {
			b.Fatal(err)
		}
	}
}

// A ticket stands in addresses that others see, such as a service that analyses playback.
func TestATicketIsNoGrant(t *testing.T) {
	t.Parallel()
	g := example()
	g.Scope = ""
	var ticket string
	for _, pause := range []*time.Duration{nil, new(time.Duration(0)), new(4 * time.Hour)} {
		var err error
		want := grant.Ticket{Grant: g, Pause: pause}
		if ticket, err = keys.SealTicket(want); err != nil {
			t.Fatal(err)
		}
		if back, err := keys.ReadTicket(ticket); err != nil || !reflect.DeepEqual(back, want) {
			t.Errorf("%+v: %v, want %+v", back, err, want)
		}
	}
	if _, err := keys.Read(ticket); !errors.Is(err, grant.ErrInvalid) {
		t.Errorf("a ticket is read as a grant: %v", err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(ticket)
	if err != nil {
		t.Fatal(err)
	}
	raw[0] = 3 // says that it is a grant
	forged := base64.RawURLEncoding.EncodeToString(raw)
	if _, err := keys.Read(forged); !errors.Is(err, grant.ErrInvalid) {
		t.Errorf("a ticket that says that it is a grant is one: %v", err)
	}
	for _, text := range []string{issue(t, g), forged, ticket[:len(ticket)-1], "", "AA", ticket + "\n"} {
		if _, err := keys.ReadTicket(text); !errors.Is(err, grant.ErrInvalid) {
			t.Errorf("%q is a ticket: %v", text, err)
		}
	}
}
