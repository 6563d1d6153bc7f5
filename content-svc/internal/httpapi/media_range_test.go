package httpapi_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"streamgate/libs/grant"
	"streamgate/libs/testkit"
)

// What a range, a condition and HEAD do is what http.ServeContent does, which is the oracle here, but for several ranges and other
// units, which are ignored, and for the text of a 416.
func TestRangesAndConditionsAreThoseOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	content := make([]byte, 700_000) // more than two pieces
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	p := newPlayer(t, files{"a.mp4": string(content), "empty.mp4": ""})

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
	// Nor does it know numbers that are larger than any file.
	const huge = "99999999999999999999"
	for given, want := range map[string]string{"bytes=-" + huge: "bytes 0-699999/700000", "bytes=7-" + huge: "bytes 7-699999/700000"} {
		got := testkit.Do(t, "GET", p.address(t, "a.mp4", "a.mp4"), "", testkit.Header("Range", given)).Want(t, 206)
		if got.Header.Get("Content-Range") != want {
			t.Errorf("%s: %s, want %s", given, got.Header.Get("Content-Range"), want)
		}
	}
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
	p := newPlayer(t, files{"a.mp4": "one"})
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

func TestAFileThatShrinksIsNotAnAnswer(t *testing.T) {
	t.Parallel()
	p := newPlayer(t, nil)
	p.writeLong(t)
	body := start(t, p.address(t, "long.mp4", "long.mp4"))
	if err := os.Truncate(filepath.Join(p.folder, "long.mp4"), 100); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("ended with %v", err)
	}
}

var contentRange = regexp.MustCompile(`^bytes (\d+)-(\d+)/(\d+)$`)

// Whatever is written as a range, the answer is the whole file, a part that it describes, or the length of the file.
func FuzzRange(f *testing.F) {
	const size = 1000
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	p := newPlayer(f, files{"a.mp4": string(content)})
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

// Chromium's own player asks for the rest of a file of segments at each of them. It is answered by the segment, and asks again.
func TestARangeOfManySegmentsEndsWithTheFirst(t *testing.T) {
	t.Parallel()
	playlist := "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MAP:URI=\"all.m4s\",BYTERANGE=\"100@0\"\n"
	for n := range 5 {
		playlist += fmt.Sprintf("#EXTINF:6,\n#EXT-X-BYTERANGE:100000@%d\nall.m4s\n", 100+100_000*n)
	}
	media := strings.Repeat("\x00", 500_100)
	p := newPlayer(t, files{"film/index.m3u8": playlist + "#EXT-X-ENDLIST\n", "film/all.m4s": media, "film/sound.m4s": media}) // sound is in no playlist
	address := p.url + "/media/" + p.grant(t, "film/", func(g *grant.Grant) { g.Entry = "index.m3u8" }) + "/"
	for _, c := range []struct{ file, asked, want string }{
		{"all.m4s", "0-", "0-100099"},
		{"all.m4s", "0-500099", "0-100099"},
		{"all.m4s", "50-9999999", "50-100099"},
		{"all.m4s", "100100-", "100100-200099"},
		{"all.m4s", "150000-", "150000-200099"},
		{"all.m4s", "100-100099", "100-100099"},
		{"all.m4s", "100-200099", "100-200099"}, // two segments
		{"all.m4s", "100-200100", "100-100099"},
		{"all.m4s", "300100-", "300100-500099"},
		{"all.m4s", "400100-", "400100-500099"},
		{"all.m4s", "500099-", "500099-500099"},
		{"all.m4s", "-10", "500090-500099"},
		{"sound.m4s", "0-", "0-500099"},
	} {
		got := testkit.Do(t, "GET", address+c.file, "", testkit.Header("Range", "bytes="+c.asked)).Want(t, 206).Header.Get("Content-Range")
		if got != "bytes "+c.want+"/500100" {
			t.Errorf("%s, %s: %s, want %s", c.file, c.asked, got, c.want)
		}
	}
}
