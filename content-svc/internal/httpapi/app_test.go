package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"streamgate/content-svc/internal/httpapi"
	"streamgate/content-svc/web"
	"streamgate/libs/testkit"
)

func packed(t *testing.T, text string) *fstest.MapFile {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &fstest.MapFile{Data: out.Bytes()}
}

func withApp(files fs.FS) option {
	return func(o *httpapi.Options, _ *http.Server) { o.App = files }
}

func TestTheApp(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, nil, withApp(fstest.MapFS{"index.html.gz": packed(t, "<html>app</html>"), "main-AB.js.gz": packed(t, "run()"), "x.html": {Data: []byte("no")}}))
	for _, coding := range []string{"", "gzip"} {
		page := testkit.Do(t, "GET", p.url+"/", "", testkit.Header("Accept-Encoding", coding)).Want(t, 200)
		body := string(page.Body)
		if coding == "gzip" {
			if page.Header.Get("Content-Encoding") != "gzip" {
				t.Errorf("headers %v", page.Header)
			}
			body = unpacked(t, page.Body)
		}
		if body != "<html>app</html>" || page.Header.Get("Cache-Control") != "no-cache" || page.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%q: %v %q", coding, page.Header, body)
		}
		policy := page.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script-src 'self' ") {
			t.Errorf("policy %q", policy)
		}
	}
	script := testkit.Do(t, "GET", p.url+"/app/main-AB.js", "", testkit.Header("Accept-Encoding", "identity")).Want(t, 200)
	if string(script.Body) != "run()" || !strings.Contains(script.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%v %q", script.Header, script.Body)
	}
	testkit.Do(t, "HEAD", p.url+"/", "").Want(t, 200)
	for _, path := range []string{"/app/other.js", "/app/x.html", "/app/..%2Fx", "/app/", "/app/main-AB.js.gz"} {
		if answer := testkit.Do(t, "GET", p.url+path, "").Problem(t, 404, "not_found"); strings.Contains(answer.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s is kept for ever", path)
		}
	}
}

func unpacked(t *testing.T, text []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := out.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Without npm the page says how to build the app. With it, there is the app.
func TestWhatIsEmbedded(t *testing.T) {
	t.Parallel()
	page, err := fs.ReadFile(web.Files, "unbuilt.html")
	if err != nil || !bytes.Contains(page, []byte("make web")) {
		t.Errorf("%q, %v", page, err)
	}
	p := newPlayer(t, nil, withApp(fstest.MapFS{"unbuilt.html": {Data: page}}))
	if got := testkit.Do(t, "GET", p.url+"/", "").Want(t, 200); !bytes.Equal(got.Body, page) {
		t.Errorf("%q", got.Body)
	}
	q := newPlayer(t, nil, withApp(web.Files))
	testkit.Do(t, "GET", q.url+"/", "").Want(t, 200)
}

func TestPosters(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, files{
		"posters/607c55840e977203b4d8b5e5/a.jpg":    "picture",
		"posters/607c55840e977203b4d8b5e5/film.mp4": "film",
		"films/a.jpg": "another",
	})
	picture := testkit.Do(t, "GET", p.url+"/media/posters/607c55840e977203b4d8b5e5/a.jpg", "").Want(t, 200)
	if string(picture.Body) != "picture" || picture.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("%v %q", picture.Header, picture.Body)
	}
	for _, path := range []string{"607c55840e977203b4d8b5e5/film.mp4", "..%2Ffilms/a.jpg", "../films/a.jpg", "607c55840e977203b4d8b5e5/b.jpg", "%2Fa.jpg", ""} {
		testkit.Do(t, "GET", p.url+"/media/posters/"+path, "").Problem(t, 404, "not_found")
	}
}
