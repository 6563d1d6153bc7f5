package httpapi_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"streamgate/content-svc/internal/httpapi"
	"streamgate/libs/grant"
	"streamgate/libs/testkit"
)

func TestAFilePlays(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
	p.write(t, "demo/bars.mp4", []byte("moving pictures"))
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
	p := newPlayer(t)
	p.write(t, "shows/x/index.m3u8", []byte("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nseg/1.ts\n#EXT-X-ENDLIST\n"))
	p.write(t, "shows/x/seg/1.ts", []byte("segment"))
	p.write(t, "shows/x/seg/50% + ünï.ts", []byte("odd"))
	p.write(t, "shows/y/index.m3u8", []byte("another's"))
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

// What a range, a condition and HEAD do is what http.ServeContent does, which is the oracle here, but for several ranges and other
// units, which are ignored, and for the text of a 416.
func TestRangesAndConditionsAreThoseOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
	content := make([]byte, 700_000) // more than two pieces
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	p.write(t, "a.mp4", content)
	p.write(t, "empty.mp4", nil)

	oracle := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		file, err := os.Open(filepath.Join(p.folder, r.URL.Path))
		if err != nil {
			t.Error(err)
			return
		}
		defer file.Close() //nolint:errcheck // it was only read
		info, err := file.Stat()
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "video/mp4")
		w.Header().Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
		http.ServeContent(w, r, "", info.ModTime(), file)
	}))
	t.Cleanup(oracle.Close)

	for _, file := range []string{"a.mp4", "empty.mp4"} {
		address := p.address(t, file, file)
		first := testkit.Do(t, "GET", address, "").Want(t, 200)
		tag, modified := first.Header.Get("ETag"), first.Header.Get("Last-Modified")
		earlier := time.Now().Add(-24 * time.Hour).UTC().Format(http.TimeFormat)
		for _, headers := range [][]string{
			nil,
			{"Range", "bytes=0-99"},
			{"Range", "bytes=0-0"},
			{"Range", "bytes=100-"},
			{"Range", "bytes=-1"},
			{"Range", "bytes=-700000"},
			{"Range", "bytes=-9999999"},
			{"Range", "bytes=262143-262145"},
			{"Range", "bytes=1-699998"},
			{"Range", "bytes=699999-"},
			{"Range", "bytes=0-9999999"},
			{"Range", "bytes=700000-"},
			{"Range", "bytes=9999999-"},
			{"Range", "bytes=5-1"},
			{"Range", "bytes=a-b"},
			{"Range", "bytes="},
			{"Range", "bytes=18446744073709551616-"},
			{"Range", "bytes= 0-1"},
			{"If-None-Match", tag},
			{"If-None-Match", `"other"`},
			{"If-None-Match", "*"},
			{"If-None-Match", "W/" + tag},
			{"If-None-Match", `"other", ` + tag},
			{"If-Match", tag},
			{"If-Match", `"other"`},
			{"If-Modified-Since", modified},
			{"If-Modified-Since", earlier},
			{"If-Unmodified-Since", earlier},
			{"If-None-Match", `"other"`, "If-Modified-Since", modified},
			{"Range", "bytes=0-99", "If-Range", tag},
			{"Range", "bytes=0-99", "If-Range", `"other"`},
			{"Range", "bytes=0-99", "If-Range", "W/" + tag},
			{"Range", "bytes=0-99", "If-Range", modified},
			{"Range", "bytes=0-99", "If-Range", earlier},
			{"Range", "bytes=0-99", "If-None-Match", tag},
		} {
			for _, method := range []string{"GET", "HEAD"} {
				var options []testkit.Option
				for i := 0; i < len(headers); i += 2 {
					options = append(options, testkit.Header(headers[i], headers[i+1]))
				}
				got := testkit.Do(t, method, address, "", options...)
				if file == "empty.mp4" && headers != nil && headers[0] == "Range" {
					options = options[1:] // the library answers with the range 0--1 of 0
				}
				want := testkit.Do(t, method, oracle.URL+"/"+file, "", options...)
				if got.Status != want.Status {
					t.Errorf("%s %s %q: %d, want %d", method, file, headers, got.Status, want.Status)
					continue
				}
				compared := []string{"Content-Range", "Accept-Ranges"}
				if got.Status < 400 {
					compared = append(compared, "Content-Length", "Content-Type", "ETag", "Last-Modified")
				}
				for _, name := range compared {
					if got.Status == http.StatusRequestedRangeNotSatisfiable && name == "Content-Range" {
						want.Header.Set(name, "bytes */700000") // also where the library leaves it out
					}
					if got.Header.Get(name) != want.Header.Get(name) {
						t.Errorf("%s %s %q: %s: %q, want %q", method, file, headers, name, got.Header.Get(name), want.Header.Get(name))
					}
				}
				if got.Status < 400 && !bytes.Equal(got.Body, want.Body) {
					t.Errorf("%s %s %q: another body", method, file, headers)
				}
				if code := map[int]string{416: "range_not_satisfiable", 412: "precondition_failed"}[got.Status]; code != "" && method == "GET" {
					got.Problem(t, got.Status, code)
				}
			}
		}
	}

	// The last 0 bytes are none; the library answers with a range that no client can read.
	for _, none := range []string{"bytes=-0", "bytes=-00", "bytes= -0 ", "bytes=-+0", "Bytes=-0"} {
		for _, method := range []string{"GET", "HEAD"} {
			got := testkit.Do(t, method, p.address(t, "a.mp4", "a.mp4"), "", testkit.Header("Range", none)).Want(t, 416)
			if size := got.Header.Get("Content-Range"); size != "bytes */700000" {
				t.Errorf("%s %s: Content-Range %q", method, none, size)
			}
		}
	}
	address := p.address(t, "a.mp4", "a.mp4")
	for _, ignored := range []string{"bytes=0-1,5-6", "bytes=0-1, 5-6", "bytes=0-0,-1", "bytes=0-,0-,0-,0-", "items=0-1", "0-1", "bytes"} {
		if a := testkit.Do(t, "GET", address, "", testkit.Header("Range", ignored)).Want(t, 200); !bytes.Equal(a.Body, content) {
			t.Errorf("%s: another body", ignored)
		}
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header["Range"] = []string{"bytes=0-1", "bytes=5-6"}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("two Range headers: %d", response.StatusCode)
	}
}

func TestAChangedFileIsAnotherFile(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
	p.write(t, "a.mp4", []byte("one"))
	address := p.address(t, "a.mp4", "a.mp4")
	tag := testkit.Do(t, "GET", address, "").Want(t, 200).Header.Get("ETag")
	p.write(t, "a.mp4", []byte("two"))
	later := time.Now().Add(time.Nanosecond)
	if err := os.Chtimes(filepath.Join(p.folder, "a.mp4"), later, later); err != nil {
		t.Fatal(err)
	}
	a := testkit.Do(t, "GET", address, "", testkit.Header("Range", "bytes=1-"), testkit.Header("If-Range", tag)).Want(t, 200)
	if string(a.Body) != "two" || a.Header.Get("ETag") == tag {
		t.Errorf("%s of %s, after %s", a.Body, a.Header.Get("ETag"), tag)
	}
}

func TestAnotherSiteMayPlay(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
	p.write(t, "a.mp4", []byte("a"))
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
	p := newPlayer(t)
	p.write(t, "demo/bars.mp4", []byte("bars"))
	p.write(t, "demo/other.mp4", []byte("SECRET"))
	p.write(t, "shows/x/index.m3u8", []byte("playlist"))
	p.write(t, "shows/xy/index.m3u8", []byte("SECRET"))
	p.write(t, "shows/x/index.m3u8.attrs", []byte(`{"user.content_type":"text/html","md5":null,"user.metadata":{"a":"SECRET"}}`))
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
	p := newPlayer(f)
	p.write(f, "shows/x/a", []byte("granted"))
	p.write(f, "shows/x/b/a", []byte("granted"))
	p.write(f, "shows/a", []byte("SECRET"))
	p.write(f, "a", []byte("SECRET"))
	p.write(f, "shows/xa", []byte("SECRET"))
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
	p := newPlayer(t)
	p.write(t, "a.mp4", []byte("a"))
	address := p.address(t, "a.mp4", "a.mp4")
	for _, query := range []string{"start=1", "CMCD=br%3D3200%2Csid%3D%22x%22", "_HLS_msn=3&_HLS_part=1", "a&a&=&%zz", "?"} {
		testkit.Do(t, "GET", address+"?"+query, "").Want(t, 200)
	}
	testkit.Do(t, "GET", address, "a=b").Problem(t, 400, "invalid_input", "a")
	testkit.Do(t, "POST", address, "").Problem(t, 405, "method_not_allowed")
	testkit.Do(t, "PUT", address, "{}").Problem(t, 405, "method_not_allowed")
}

func TestAnEndedStreamIsGoneWithinFourSeconds(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
	p.write(t, "a.mp4", []byte("a"))
	address := p.address(t, "a.mp4", "a.mp4")
	testkit.Do(t, "GET", address, "").Want(t, 200)
	p.ends()
	p.pass(4 * time.Second)
	testkit.Do(t, "GET", address, "") // has it asked about, though nobody told of the end
	testkit.Eventually(t, "a question", func() bool { return p.counted(t, "lease_questions_total", "ended") == 1 })
	a := testkit.Do(t, "GET", address, "").Problem(t, 410, "stream_ended")
	if document := a.JSON(t); document["reason"] != "terminated" || document["by"] != "Living room" || document["requestId"] != a.Header.Get("X-Request-Id") {
		t.Errorf("problem %s", a.Body)
	}
	p.lives(ten)
	p.pass(time.Minute)
	testkit.Do(t, "GET", address, "").Problem(t, 410, "stream_ended")
	if p.counted(t, "media_answers_total", "ended") != 2 || p.counted(t, "lease_questions_total", "ended") != 1 {
		t.Error("not counted")
	}
}

func TestARefusalNamesWhatPlays(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
	p.write(t, "a.mp4", []byte("a"))
	p.refuses()
	address := p.address(t, "a.mp4", "a.mp4")
	a := testkit.Do(t, "GET", address, "").Problem(t, 403, "stream_limit_reached")
	document := a.JSON(t)
	streams, _ := document["streams"].([]any)
	if document["limit"] != 1.0 || document["active"] != 1.0 || len(streams) != 1 || a.Header.Get("Retry-After") != "7" {
		t.Errorf("problem %s, Retry-After %s", a.Body, a.Header.Get("Retry-After"))
	}
	p.lives(ten)
	p.pass(time.Second)
	testkit.Do(t, "GET", address, "").Want(t, 200)
	if p.counted(t, "media_answers_total", "limit") != 1 || p.counted(t, "lease_questions_total", "limit") != 1 {
		t.Error("not counted")
	}
}

func TestFiftyAtOnceAskOnce(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
	p.write(t, "a.mp4", []byte("a"))
	address := p.address(t, "a.mp4", "a.mp4")
	for round := range int64(3) {
		var running sync.WaitGroup
		for range 50 {
			running.Go(func() { testkit.Do(t, "GET", address, "").Want(t, 200) })
		}
		running.Wait()
		p.pass(ten/3 + time.Second)
		testkit.Eventually(t, "a question when a third of the lease has passed", func() bool { return p.asked.Load() == round+2 })
	}
}

// Design, P5. Each way of being away counts: an error, a closed port, silence, nonsense, a wrong secret.
func TestPlayGoesOnWhileSessionSvcIsAway(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(*testing.T, *player){
		"error":    func(_ *testing.T, p *player) { p.isAway() },
		"internal": func(_ *testing.T, p *player) { p.problem(500, "internal", "") },
		"gone":     func(_ *testing.T, p *player) { p.Close() },
		"nonsense": func(_ *testing.T, p *player) { p.says(200, "text/html", "<h1>It works!</h1>") },
		"empty":    func(_ *testing.T, p *player) { p.says(200, "application/json", "{}") },
		"no proof": func(_ *testing.T, p *player) { p.says(410, "text/html", "<h1>Gone</h1>") },
		"secret":   func(_ *testing.T, p *player) { p.problem(401, "internal_secret_invalid", "") },
		"silence": func(t *testing.T, p *player) {
			t.Helper()
			p.mu.Lock()
			defer p.mu.Unlock()
			silent := make(chan struct{})
			t.Cleanup(func() { close(silent) })
			p.answer = func(http.ResponseWriter, int) { <-silent }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayer(t)
			p.write(t, "a.mp4", []byte("a"))
			running, fresh := p.address(t, "a.mp4", "a.mp4"), p.address(t, "a.mp4", "a.mp4")
			testkit.Do(t, "GET", running, "").Want(t, 200)
			leave(t, p)
			testkit.Do(t, "GET", fresh, "").Want(t, 200) // it was granted just now
			p.pass(ten + 4*time.Second)
			testkit.Do(t, "GET", running, "").Want(t, 200)
			stranger := p.url + "/media/" + p.grant(t, "a.mp4", func(g *grant.Grant) { g.Started = p.now().Add(-ten - time.Second) }) + "/a.mp4"
			testkit.Do(t, "GET", stranger, "").Problem(t, 503, "unavailable")
			p.pass(6*time.Second + time.Millisecond)
			began := time.Now()
			a := testkit.Do(t, "GET", running, "").Problem(t, 503, "unavailable")
			if seconds, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || seconds < 1 || seconds > 4 {
				t.Errorf("Retry-After %q", a.Header.Get("Retry-After"))
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("took %v", took)
			}
			if p.counted(t, "media_answers_total", "unavailable") != 2 || p.counted(t, "lease_questions_total", "failed") == 0 {
				t.Error("not counted")
			}
		})
	}
}

// start sends a request and reads the beginning of its answer.
func start(t *testing.T, address string) io.ReadCloser {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK || response.ContentLength != long {
		t.Fatalf("status %d, %d bytes", response.StatusCode, response.ContentLength)
	}
	if _, err := io.CopyN(io.Discard, response.Body, 1<<20); err != nil {
		t.Fatal(err)
	}
	return response.Body
}

func TestAStreamThatEndsStopsInTheMiddle(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*player){
		"ended":  func(p *player) { p.ends(); p.streams.Missed() },
		"lapsed": func(p *player) { p.refuses(); p.pass(ten) },
		"away":   func(p *player) { p.isAway(); p.pass(2*ten + time.Millisecond) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayer(t)
			p.writeLong(t)
			body := start(t, p.address(t, "long.mp4", "long.mp4"))
			end(p)
			n, err := io.Copy(io.Discard, body)
			if err == nil || n >= long-2<<20 {
				t.Errorf("%d more bytes came, %v", n, err)
			}
			testkit.Eventually(t, "the connection is given up", func() bool { return p.counted(t, "http_requests_in_flight", "public") == 0 })
			if log := p.log.String(); strings.Contains(log, "panic") {
				t.Error(log)
			}
		})
	}
}

func TestALongAnswerRenewsItsLease(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
	p.writeLong(t)
	body := start(t, p.address(t, "long.mp4", "long.mp4"))
	for range 3 {
		before := p.asked.Load()
		p.pass(ten/3 + time.Second)
		if _, err := io.CopyN(io.Discard, body, 16<<20); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "a question", func() bool { return p.asked.Load() > before })
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Fatal(err)
	}
	if n := p.asked.Load(); n > 6 {
		t.Errorf("asked %d times in three thirds of a lease", n)
	}
}

func TestAClientThatTakesNothingHoldsNothing(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, func(o *httpapi.Options, _ *http.Server) { o.Stall = time.Second })
	p.writeLong(t)
	connection := dial(t, p.url)
	send(t, connection, "GET /media/"+p.grant(t, "long.mp4")+"/long.mp4", "") // and reads nothing
	sent := func() float64 { return p.counted(t, "media_bytes_total", "") }
	testkit.Eventually(t, "the buffers are full", func() bool {
		before := sent()
		<-time.After(200 * time.Millisecond)
		return before > 0 && sent() == before
	})
	asked := p.asked.Load()
	p.pass(ten)
	testkit.Eventually(t, "the connection is given up", func() bool { return p.counted(t, "http_requests_in_flight", "public") == 0 })
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.renewals[asked:] {
		if r.Idle < ten.Milliseconds() {
			t.Errorf("a client that takes nothing is a sign of life: %+v", r)
		}
	}
	if sent() >= long {
		t.Error("all was sent")
	}
}

// A slow client is not a stalled one: the time is for each piece.
func TestASlowClientGetsAll(t *testing.T) {
	t.Parallel()
	const stall = time.Second
	p := newPlayer(t, func(o *httpapi.Options, s *http.Server) { o.Stall, s.ReadTimeout = stall, stall })
	p.writeLong(t)
	body := start(t, p.address(t, "long.mp4", "long.mp4"))
	began := time.Now()
	for range 30 {
		if _, err := io.CopyN(io.Discard, body, 2<<20); err != nil {
			t.Fatalf("after %v: %v", time.Since(began), err)
		}
		<-time.After(stall / 10)
	}
	if n, err := io.Copy(io.Discard, body); err != nil || n != long-61<<20 {
		t.Errorf("%d bytes at the end, %v", n, err)
	}
}

// The deadline of an answer must not be that of the next one on its connection.
func TestAConnectionOutlivesItsAnswer(t *testing.T) {
	t.Parallel()
	const stall = 50 * time.Millisecond
	p := newPlayer(t, func(o *httpapi.Options, _ *http.Server) { o.Stall = stall })
	p.write(t, "a.mp4", bytes.Repeat([]byte("a"), 1000))
	path := "/media/" + p.grant(t, "a.mp4") + "/a.mp4"
	connection := dial(t, p.url)
	reader := bufio.NewReader(connection)
	for _, next := range []string{"GET " + path, "HEAD " + path, "GET /docs", "GET " + path} {
		send(t, connection, next, "")
		method, _, _ := strings.Cut(next, " ")
		response, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			t.Fatalf("%s: %v", next, err)
		}
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			t.Fatalf("%s: %v", next, err)
		}
		<-time.After(2 * stall)
	}
}

func TestAFileThatShrinksIsNotAnAnswer(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
	p.writeLong(t)
	body := start(t, p.address(t, "long.mp4", "long.mp4"))
	if err := os.Truncate(filepath.Join(p.folder, "long.mp4"), 100); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("ended with %v", err)
	}
}

func TestTheGrantIsNotLogged(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
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
	p := newPlayer(t)
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

var contentRange = regexp.MustCompile(`^bytes (\d+)-(\d+)/(\d+)$`)

// Whatever is written as a range, the answer is the whole file, a part that it describes, or the length of the file.
func FuzzRange(f *testing.F) {
	p := newPlayer(f)
	const size = 1000
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	p.write(f, "a.mp4", content)
	address := p.address(f, "a.mp4", "a.mp4")
	for _, seed := range []string{
		"bytes=0-99", "bytes=-1", "bytes=-0", "bytes=999-", "bytes=1000-", "bytes=5-1", "bytes=a-b", "bytes=0-1,5-6", "items=0-1", "bytes", "bytes=", "bytes=-",
		"Bytes=0-0", "bytes=\t0-1 ", "bytes=-+0", "bytes=+0-+1", "bytes=0x1-2", "bytes=18446744073709551616-", "bytes=-9223372036854775808", "bytes=0-0-0",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		request.RequestURI = ""
		request.Header["Range"] = []string{text}
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Skip("no header")
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		got := response.Header.Get("Content-Range")
		switch response.StatusCode {
		case http.StatusOK:
			if got != "" || !bytes.Equal(body, content) {
				t.Errorf("%q: the whole file is %d bytes, with %q", text, len(body), got)
			}
		case http.StatusPartialContent:
			part := contentRange.FindStringSubmatch(got)
			if part == nil {
				t.Fatalf("%q: Content-Range %q", text, got)
			}
			from, _ := strconv.Atoi(part[1])
			to, _ := strconv.Atoi(part[2])
			if part[3] != strconv.Itoa(size) || from > to || to >= size || !bytes.Equal(body, content[from:to+1]) {
				t.Errorf("%q: %d bytes with Content-Range %q", text, len(body), got)
			}
		case http.StatusRequestedRangeNotSatisfiable:
			if got != "bytes */"+strconv.Itoa(size) {
				t.Errorf("%q: Content-Range %q", text, got)
			}
		case http.StatusBadRequest: // no header of HTTP
		default:
			t.Errorf("%q: %d", text, response.StatusCode)
		}
	})
}

// A media element of a page on another site learns of a refusal at once, whatever the refusal is: see findings/chromium-hidden-refusal.sh.
func TestAMediaElementIsRefusedWithoutADocument(t *testing.T) {
	t.Parallel()
	p := newPlayer(t)
	p.write(t, "a.mp4", []byte("film"))
	address := p.address(t, "a.mp4", "a.mp4")
	for _, refusal := range []struct {
		url    string
		status int
		cause  func()
	}{
		{address, 416, func() {}},
		{address + "x", 404, func() {}},
		{p.url + "/media/x/y", 404, func() {}},
		{p.url + "/nothing", 404, func() {}},
		{p.address(t, "a.mp4", "a.mp4"), 403, p.refuses},
		{p.address(t, "a.mp4", "a.mp4"), 410, p.ends},
	} {
		refusal.cause()
		for _, dest := range []string{"video", "audio", "empty"} {
			answer := testkit.Do(t, "GET", refusal.url, "", testkit.Header("Sec-Fetch-Dest", dest), testkit.Header("Range", "bytes=100-")).Want(t, refusal.status)
			if isEmpty := len(answer.Body) == 0 && answer.Header.Get("Content-Type") == ""; isEmpty != (dest != "empty") {
				t.Errorf("%s is answered %d %v %s", dest, answer.Status, answer.Header, answer.Body)
			}
			if refusal.status == 416 && answer.Header.Get("Content-Range") != "bytes */4" {
				t.Errorf("%s: %v", dest, answer.Header)
			}
		}
	}
}
