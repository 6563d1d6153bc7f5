package media_test

import (
	"path"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"streamgate/content-svc/internal/media"
	"streamgate/libs/grant"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ scope, rest, file string }{
		{"demo/bars.mp4", "bars.mp4", "demo/bars.mp4"},
		{"bars.mp4", "bars.mp4", "bars.mp4"},
		{"shows/x/", "index.m3u8", "shows/x/index.m3u8"},
		{"shows/x/", "seg/1.ts", "shows/x/seg/1.ts"},
		{"shows/x/", "ünï cödé%2e+.ts", "shows/x/ünï cödé%2e+.ts"},
		{"shows/x/", "..ts", "shows/x/..ts"},
		{"shows/x/", "...", "shows/x/..."},

		{"demo/bars.mp4", "other.mp4", ""},
		{"demo/bars.mp4", "bars.mp4/", ""},
		{"demo/bars.mp4", "bars.mp4/x", ""},
		{"demo/bars.mp4", "demo/bars.mp4", ""},
		{"demo/bars.mp4", "./bars.mp4", ""},
		{"demo/bars.mp4", "", ""},
		{"shows/x/", "", ""},
		{"shows/x/", ".", ""},
		{"shows/x/", "..", ""},
		{"shows/x/", "../y/index.m3u8", ""},
		{"shows/x/", "seg/../../y/1.ts", ""},
		{"shows/x/", "seg/../1.ts", ""},
		{"shows/x/", "/etc/passwd", ""},
		{"shows/x/", "seg//1.ts", ""},
		{"shows/x/", "seg/", ""},
		{"shows/x/", `..\y`, ""},
		{"shows/x/", `seg\1.ts`, ""},
		{"shows/x/", "1.ts\x00.m3u8", ""},
		{"shows/x/", "1\n.ts", ""},
		{"shows/x/", "1\u0085.ts", ""},
		{"shows/x/", "\xff\xfe", ""},
		{"shows/x/", strings.Repeat("a", media.MaxPath), ""},
		{"", "bars.mp4", ""},
		{"/", "bars.mp4", ""},
		{"../", "bars.mp4", ""},
	} {
		file, ok := media.Resolve(grant.Grant{Scope: c.scope}, c.rest)
		if ok != (c.file != "") || ok && file != c.file {
			t.Errorf("scope %q, path %q: %q, %v; want %q", c.scope, c.rest, file, ok, c.file)
		}
	}
}

// Whatever is asked for, what is opened is a plain path at or below the scope.
func FuzzResolve(f *testing.F) {
	for _, scope := range []string{"demo/bars.mp4", "shows/x/", "a", "/", "", "../", "a/../b/"} {
		for _, rest := range []string{"bars.mp4", "index.m3u8", "../../etc/passwd", "a/./b", `..\..\x`, "a//b", "\x00", "%2e%2e/x", "..%2fx", "．．/x", "\u202e"} {
			f.Add(scope, rest)
		}
	}
	f.Fuzz(func(t *testing.T, scope, rest string) {
		file, ok := media.Resolve(grant.Grant{Scope: scope}, rest)
		if !ok {
			return
		}
		switch {
		case file != scope && (!strings.HasSuffix(scope, "/") || !strings.HasPrefix(file, scope)):
			t.Errorf("%q is not below %q", file, scope)
		case path.Clean("/"+file) != "/"+file, path.IsAbs(file), file == ".", strings.HasSuffix(file, "/"):
			t.Errorf("%q is not clean", file)
		case strings.ContainsRune(file, '\\'), strings.ContainsFunc(file, unicode.IsControl), !utf8.ValidString(file), len(file) > media.MaxPath:
			t.Errorf("%q has in it what no path has", file)
		case !strings.HasSuffix(file, rest):
			t.Errorf("%q was asked for as %q", file, rest)
		}
	})
}

func TestContentType(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"a/b.mp4": "video/mp4", "B.MP4": "video/mp4", "x.webm": "video/webm", "index.m3u8": "application/vnd.apple.mpegurl", "1.ts": "video/mp2t",
		"1.m4s": "video/iso.segment", "x.mpd": "application/dash+xml", "x.vtt": "text/vtt; charset=utf-8", "x.jpg": "image/jpeg",
		"x.html": "application/octet-stream", "x.svg": "application/octet-stream", "x": "application/octet-stream", ".mp4/x": "application/octet-stream",
	} {
		if got := media.ContentType(file); got != want {
			t.Errorf("%s: %s, want %s", file, got, want)
		}
	}
}
