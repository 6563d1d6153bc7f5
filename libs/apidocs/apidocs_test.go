package apidocs_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/apidocs"
	"streamgate/libs/httpserver"
	"streamgate/libs/metrics"
	"streamgate/libs/testkit"
)

const spec = "openapi: 3.1.0\n"

func serve(t testing.TB) string {
	t.Helper()
	e, err := httpserver.New(httpserver.Options{
		Listener: "public", Log: slog.New(slog.DiscardHandler), Metrics: metrics.NewHTTP(prometheus.NewRegistry()),
	})
	if err != nil {
		t.Fatal(err)
	}
	apidocs.Mount(e, "user-svc", []byte(spec))
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return server.URL
}

func get(t testing.TB, url string) testkit.Answer {
	t.Helper()
	return testkit.Do(t, http.MethodGet, url, "")
}

func TestThePageHasAllThatItNeeds(t *testing.T) {
	t.Parallel()
	root := serve(t) + "/docs/user-svc/"
	page := get(t, root).Want(t, 200)
	if got := page.Header.Get("Content-Type"); got != "text/html; charset=utf-8" {
		t.Errorf("content type %s", got)
	}
	parts := regexp.MustCompile(`(?:src|href)="([^":]+)"`).FindAllStringSubmatch(string(page.Body), -1)
	if len(parts) != 3 {
		t.Errorf("parts %q", parts)
	}
	for _, part := range parts {
		answer := get(t, root+part[1]).Want(t, 200)
		want := "text/javascript; charset=utf-8"
		if strings.HasSuffix(part[1], ".css") {
			want = "text/css; charset=utf-8"
		}
		if got := answer.Header.Get("Content-Type"); got != want || len(answer.Body) < 50 {
			t.Errorf("%s is %d bytes of %s", part[1], len(answer.Body), got)
		}
	}
	// The policy allows no script in the page, and none from elsewhere.
	if inline := regexp.MustCompile(`(?is)<script[^>]*>[^<]|\son\w+=|https?://`).FindString(string(page.Body)); inline != "" {
		t.Errorf("the page has %q, which its policy forbids", inline)
	}
}

func TestTheDocument(t *testing.T) {
	t.Parallel()
	url := serve(t) + "/docs/user-svc/openapi.yaml"
	answer := get(t, url).Want(t, 200)
	if string(answer.Body) != spec || answer.Header.Get("Content-Type") != "application/yaml; charset=utf-8" {
		t.Errorf("%s: %s", answer.Header.Get("Content-Type"), answer.Body)
	}
}

func TestEveryFileHasThePolicy(t *testing.T) {
	t.Parallel()
	root := serve(t) + "/docs/user-svc/"
	for _, file := range []string{"", "index.html", "init.js", "openapi.yaml", "swagger-ui.css", "swagger-ui-bundle.js"} {
		header := get(t, root+file).Want(t, 200).Header
		policy := header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q lacks %s", file, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") {
			t.Errorf("%s: the policy %q allows what is unsafe", file, policy)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Content-Type") == "" || header.Get("Cache-Control") == "" {
			t.Errorf("%s: %v", file, header)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	root := serve(t)
	for _, path := range []string{
		"/docs/session-svc/", "/docs/session-svc/openapi.yaml",
		"/docs/user-svc/nothing.js", "/docs/user-svc/swagger-ui.js", "/docs/user-svc/swagger-ui.css.gz", "/docs/user-svc/favicon-16x16.png", "/docs/user-svc/assets", "/docs/user-svc/page/index.html", "/docs/user-svc/INIT.JS",
		"/docs/user-svc/../apidocs.go", "/docs/user-svc/..%2fpage%2finit.js", "/docs/user-svc/%2e%2e/page/init.js", "/docs/user-svc/./init.js",
		"/docs/user-svc/.", "/docs/user-svc/..", "/docs/user-svc//", "/docs/user-svc//init.js", "/docs/user-svc/a/swagger-ui.css",
		"/docs/user-svc/%00", "/docs/user-svc/swagger-ui.css%00", "/docs/user-svc/..%5cpage%5cinit.js",
	} {
		get(t, root+path).Problem(t, 404, "not_found")
	}
}

func TestTheWayThere(t *testing.T) {
	t.Parallel()
	root := serve(t)
	for _, path := range []string{"/docs", "/docs/", "/docs/user-svc"} {
		if to := get(t, root+path).Want(t, 302).Header.Get("Location"); to != "/docs/user-svc/" {
			t.Errorf("%s leads to %s", path, to)
		}
	}
}

func TestAssetIsSentAsTheClientAcceptsIt(t *testing.T) {
	t.Parallel()
	url := serve(t) + "/docs/user-svc/swagger-ui.css"
	want := asset(t, "swagger-ui.css")
	for accepted, compressed := range map[string]bool{
		"gzip": true, "br, gzip;q=0.5": true, "GZIP": true, "deflate, gzip, br, zstd": true,
		"": false, "identity": false, "br": false, "*": false, "gzip;q=0": false, "gzip;q=0.000, br": false, "gzip;q=x": false, "gzipped": false,
	} {
		answer := testkit.Do(t, http.MethodGet, url, "", testkit.Header("Accept-Encoding", accepted)).Want(t, 200)
		text := answer.Body
		if compressed {
			text = expand(t, text)
		}
		if got := answer.Header.Get("Content-Encoding") == "gzip"; got != compressed || !bytes.Equal(text, want) {
			t.Errorf("%q: compressed %v, %d bytes, want %d", accepted, got, len(text), len(want))
		}
		if answer.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %v", accepted, answer.Header)
		}
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	for _, name := range apidocs.Assets() {
		if text := asset(t, name); len(text) < 100_000 {
			t.Errorf("%s has %d bytes", name, len(text))
		}
	}
	for _, name := range []string{"", "nothing", "../page/index.html"} {
		if _, err := apidocs.Asset(name); err == nil {
			t.Errorf("there is an asset %q", name)
		}
	}
}

func asset(t testing.TB, name string) []byte {
	t.Helper()
	text, err := apidocs.Asset(name)
	if err != nil {
		t.Fatal(err)
	}
	return read(t, text)
}

func expand(t testing.TB, compressed []byte) []byte {
	t.Helper()
	text, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, text)
}

func read(t testing.TB, from io.Reader) []byte {
	t.Helper()
	text, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
