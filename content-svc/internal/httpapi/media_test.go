package httpapi_test

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"streamgate/libs/testkit"
)

func TestAFilePlays(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, files{"demo/bars.mp4": "moving pictures"})
	a := testkit.Do(t, "GET", p.address(t, "demo/bars.mp4", "bars.mp4"), "").Want(t, 200)
	if string(a.Body) != "moving pictures" {
		t.Errorf("body %q", a.Body)
	}
	for name, want := range map[string]string{
		"Content-Type": "video/mp4", "Content-Length": "15", "Accept-Ranges": "bytes", "Cache-Control": "private, no-cache",
		"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
	} {
		if got := a.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	exposed := a.Header.Get("Access-Control-Expose-Headers")
	for _, name := range []string{"Content-Range", "Content-Length", "ETag", "Retry-After"} {
		if !strings.Contains(exposed, name) {
			t.Errorf("%s is not exposed: %s", name, exposed)
		}
	}
	if p.counted(t, "media_bytes_total", "") != 15 || p.counted(t, "media_answers_total", "served") != 1 || p.counted(t, "lease_questions_total", "renewed") != 1 {
		t.Error("not counted")
	}
}

func TestAPlaylistPlaysWithItsSegments(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, files{
		"shows/x/index.m3u8":       "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nseg/1.ts\n#EXT-X-ENDLIST\n",
		"shows/x/seg/1.ts":         "segment",
		"shows/x/seg/50% + ünï.ts": "odd",
		"shows/y/index.m3u8":       "another's",
	})
	base := p.address(t, "shows/x/", "")
	for path, contentType := range map[string]string{
		"index.m3u8": "application/vnd.apple.mpegurl", "seg/1.ts": "video/mp2t", "seg%2F1.ts": "video/mp2t",
		"seg/50%25%20+%20%C3%BCn%C3%AF.ts": "video/mp2t", "seg%2F50%25%20+%20%C3%BCn%C3%AF.ts": "video/mp2t",
	} {
		if got := testkit.Do(t, "GET", base+path, "").Want(t, 200).Header.Get("Content-Type"); got != contentType {
			t.Errorf("%s: %s", path, got)
		}
	}
	if n := p.asked.Load(); n != 1 {
		t.Errorf("five files took %d questions", n)
	}
	testkit.Do(t, "GET", base+"../y/index.m3u8", "").Problem(t, 404, "not_found")
}

func TestAnotherSiteMayPlay(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, files{"a.mp4": "a"})
	address := p.address(t, "a.mp4", "a.mp4")
	a := testkit.Do(t, "OPTIONS", address, "", testkit.Header("Origin", "https://player.example"),
		testkit.Header("Access-Control-Request-Method", "GET"), testkit.Header("Access-Control-Request-Headers", "range")).Want(t, 204)
	if a.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(a.Header.Get("Access-Control-Allow-Headers"), "Range") ||
		a.Header.Get("Access-Control-Max-Age") == "" {
		t.Errorf("preflight: %v", a.Header)
	}
	if p.asked.Load() != 0 {
		t.Error("a preflight renews a lease")
	}
	// A player must be able to read why it was refused.
	p.ends()
	if a := testkit.Do(t, "GET", address, "").Want(t, 410); a.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Error("a refusal can't be read by another site")
	}
}

func TestWhatIsNotGrantedIsNotThere(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, files{
		"demo/bars.mp4":            "bars",
		"demo/other.mp4":           "SECRET",
		"shows/x/index.m3u8":       "playlist",
		"shows/xy/index.m3u8":      "SECRET",
		"shows/x/index.m3u8.attrs": `{"user.content_type":"text/html","md5":null,"user.metadata":{"a":"SECRET"}}`,
	})
	outside := filepath.Join(filepath.Dir(p.folder), "outside.mp4")
	if err := os.WriteFile(outside, []byte("SECRET"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := func(from, to string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(p.folder, from)); err != nil {
			t.Fatal(err)
		}
	}
	link("shows/x/link.mp4", outside)
	link("shows/x/inside.mp4", filepath.Join(p.folder, "demo/other.mp4"))
	link("shows/x/folder", filepath.Join(p.folder, "demo"))
	link("shows/x/dangling", "nowhere")
	link("shows/x/loop", "loop")
	if err := syscall.Mkfifo(filepath.Join(p.folder, "shows/x/pipe"), 0o600); err != nil {
		t.Fatal(err)
	}

	file, folder := p.grant(t, "demo/bars.mp4"), p.grant(t, "shows/x/")
	foreign := strings.Repeat("A", len(file))
	flipped := []byte(file)
	flipped[20] ^= 1
	for _, path := range []string{
		file + "/other.mp4", file + "/demo/bars.mp4", file + "/bars.mp4/", file + "/bars.mp4/x", file + "/", file + "//bars.mp4", file + "/./bars.mp4",
		file + "/..%2fdemo/bars.mp4", file + "/%2e%2e/demo/other.mp4", file + "/bars.mp4%00", file + "/bars.mp4%0a", file + "/%5cbars.mp4", file + "/other.mp4?",
		folder + "/", folder + "/seg", folder + "/../xy/index.m3u8", folder + "/..%2fxy%2findex.m3u8",
		folder + "/%2e%2e/xy/index.m3u8", folder + "/%2e%2e%2fxy%2findex.m3u8",
		folder + "/..%5cxy%5cindex.m3u8", folder + "/..\\xy\\index.m3u8",
		folder + "/%252e%252e/xy/index.m3u8", folder + "/%c0%ae%c0%ae/xy/index.m3u8", folder + "/y/index.m3u8",
		folder + "/%2fetc%2fpasswd", folder + "//etc/passwd", folder + "/index.m3u8.attrs",
		folder + "/link.mp4", folder + "/inside.mp4", folder + "/folder/other.mp4",
		folder + "/folder", folder + "/dangling", folder + "/loop",
		folder + "/loop/x", folder + "/pipe", folder + "/index.m3u8/x", folder + "/" + strings.Repeat("a", 300),
		folder + "/" + strings.Repeat("a/", 300) + "a", folder + "%2findex.m3u8", folder + "%2f/index.m3u8",
		foreign + "/bars.mp4", string(flipped) + "/bars.mp4", file[:len(file)-1] + "/bars.mp4", "x/bars.mp4", "%00/bars.mp4", "/bars.mp4", file + "=/bars.mp4",
	} {
		for _, method := range []string{"GET", "HEAD"} {
			a := raw(t, p.url, method, "/media/"+path)
			if a.StatusCode != http.StatusNotFound || strings.Contains(a.body, "SECRET") {
				t.Errorf("%s %s: %d %s", method, path, a.StatusCode, a.body)
			}
		}
	}
	if p.counted(t, "media_answers_total", "served") != 0 || p.counted(t, "media_answers_total", "not_found") == 0 {
		t.Error("not counted")
	}
	raw(t, p.url, "GET", "/media/"+file+"/bars.mp4").want(t, 200)
	raw(t, p.url, "GET", "/media/"+folder+"/index.m3u8").want(t, 200)
}

type rawAnswer struct {
	*http.Response

	body string
}

func (a rawAnswer) want(t *testing.T, status int) {
	t.Helper()
	if a.StatusCode != status {
		t.Errorf("status %d, want %d: %s", a.StatusCode, status, a.body)
	}
}

// raw sends a path as it is: clients clean paths, attackers don't.
func raw(t testing.TB, base, method, path string) rawAnswer {
	t.Helper()
	connection := dial(t, base)
	send(t, connection, method+" "+path, "Connection: close\r\n")
	response, err := http.ReadResponse(bufio.NewReader(connection), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return rawAnswer{response, string(body)}
}

func dial(t testing.TB, base string) net.Conn {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	connection, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	return connection
}

// send sends a request as it is.
func send(t testing.TB, connection net.Conn, what, headers string) {
	t.Helper()
	if _, err := io.WriteString(connection, what+" HTTP/1.1\r\nHost: test\r\n"+headers+"\r\n"); err != nil {
		t.Fatal(err)
	}
}

// However a path is put together and encoded, it opens what is below the scope or nothing.
func FuzzMediaPath(f *testing.F) {
	p := newPlayer(f, files{"shows/x/a": "granted", "shows/x/b/a": "granted", "shows/a": "SECRET", "a": "SECRET", "shows/xa": "SECRET"})
	if err := os.WriteFile(filepath.Join(filepath.Dir(p.folder), "a"), []byte("SECRET"), 0o600); err != nil {
		f.Fatal(err)
	}
	address := "/media/" + p.grant(f, "shows/x/") + "/"
	parts := []string{"a", "b", "..", ".", "/", "%2f", "%2F", "%2e", "%2E%2e", "\\", "%5c", "%00", "%252e", "%c0%af", "x", "shows", "", "+", ";"}
	for i := range 300 { // of which go test runs these
		random := rand.New(rand.NewPCG(1, uint64(i)))
		var path strings.Builder
		for range 1 + random.IntN(9) {
			path.WriteString(parts[random.IntN(len(parts))])
		}
		f.Add(path.String())
	}
	f.Fuzz(func(t *testing.T, path string) {
		if strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == 0x7f || r > 0xff }) || len(path) > 2000 {
			return // no request line
		}
		switch a := raw(t, p.url, "GET", address+path); {
		case strings.Contains(a.body, "SECRET"):
			t.Errorf("%s opens what it must not", path)
		case a.StatusCode == http.StatusOK && a.body != "granted":
			t.Errorf("%s: %q", path, a.body)
		case a.StatusCode != http.StatusOK && a.StatusCode != http.StatusNotFound && a.StatusCode != http.StatusBadRequest:
			t.Errorf("%s: %d", path, a.StatusCode)
		}
	})
}

// Players put what they like into the query: CMCD, cache busters, the directives of low-latency HLS.
func TestMediaIgnoresTheQuery(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, files{"a.mp4": "a"})
	address := p.address(t, "a.mp4", "a.mp4")
	for _, query := range []string{"start=1", "CMCD=br%3D3200%2Csid%3D%22x%22", "_HLS_msn=3&_HLS_part=1", "a&a&=&%zz", "?"} {
		testkit.Do(t, "GET", address+"?"+query, "").Want(t, 200)
	}
	testkit.Do(t, "GET", address, "a=b").Problem(t, 400, "invalid_input", "a")
	testkit.Do(t, "POST", address, "").Problem(t, 405, "method_not_allowed")
	testkit.Do(t, "PUT", address, "{}").Problem(t, 405, "method_not_allowed")
}

func TestTheGrantIsNotLogged(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, nil)
	p.writeLong(t)
	text := p.grant(t, "long.mp4")
	body := start(t, p.url+"/media/"+text+"/long.mp4")
	p.isAway()
	p.pass(3 * ten)
	_, _ = io.Copy(io.Discard, body)
	for _, path := range []string{"/long.mp4", "/other.mp4", "/long.mp4?a=b", "/%2e%2e/x"} {
		raw(t, p.url, "GET", "/media/"+text+path)
	}
	if err := os.Chmod(p.folder, 0); err == nil {
		raw(t, p.url, "GET", "/media/"+text+"/long.mp4")
		_ = os.Chmod(p.folder, 0o755)
	}
	log := p.log.String()
	if !strings.Contains(log, "request failed") {
		t.Errorf("nothing was logged: %s", log)
	}
	if strings.Contains(log, text[:16]) {
		t.Errorf("the log has the grant: %s", log)
	}
}

func TestMetricsAreThereFromTheStart(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, nil)
	for _, outcome := range []string{"served", "ended", "limit", "unavailable", "not_found"} {
		if p.counted(t, "media_answers_total", outcome) != 0 {
			t.Errorf("%s is not zero", outcome)
		}
	}
	for _, outcome := range []string{"renewed", "ended", "limit", "unknown", "failed"} {
		if p.counted(t, "lease_questions_total", outcome) != 0 {
			t.Errorf("%s is not zero", outcome)
		}
	}
	p.counted(t, "media_bytes_total", "")
	p.counted(t, "lease_question_seconds", "")
}
