package app_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"streamgate/libs/testkit"
)

// house is a running content-svc with one content.
type house struct {
	*testing.T

	base, public, folder, id string
	proof                    testkit.Option
}

func open(t *testing.T, more ...string) *house {
	t.Helper()
	uri, database := testkit.Mongo(t)
	cfg := settings(t, uri, database, more...)
	running := boot(t, cfg)
	h := &house{
		T: t, base: running.InternalURL, public: running.PublicURL, folder: strings.TrimPrefix(cfg.MediaURL, "file://"),
		proof: testkit.Header("Internal-Secret", secret),
	}
	write(t, h.folder, "demo/bars.mp4")
	h.id, _ = testkit.Do(t, "POST", h.base+"/content", valid, h.proof).Want(t, 201).JSON(t)["id"].(string)
	return h
}

func (h *house) do(method, path string, body []byte, options ...testkit.Option) testkit.Answer {
	h.Helper()
	return testkit.Do(h, method, h.base+path, string(body), append(options, h.proof)...)
}

// put brings a film at once.
func (h *house) put(film []byte) testkit.Answer {
	h.Helper()
	return h.do("PUT", "/content/"+h.id+"/media", film, testkit.Header("Content-Type", "application/octet-stream"))
}

// src is where the content's video is now.
func (h *house) src() string {
	h.Helper()
	src, _ := h.do("GET", "/internal/content/"+h.id+"/source", nil).Want(h, 200).JSON(h)["src"].(string)
	return src
}

// files lists what is below a folder of the store.
func (h *house) files(folder string) []string {
	h.Helper()
	var found []string
	err := filepath.WalkDir(filepath.Join(h.folder, folder), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			path, _ = filepath.Rel(h.folder, path)
			found = append(found, path)
		}
		return nil
	})
	if err != nil {
		h.Fatal(err)
	}
	return found
}

func clip(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../demo/media", name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	archive(t, w, files, w.Create)
	return out.Bytes()
}

func tarred(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	archive(t, w, files, func(name string) (io.Writer, error) {
		return w, w.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Size: int64(len(files[name])), Mode: 0o644})
	})
	return out.Bytes()
}

// archive writes files to an archive, in the order of their names, and closes it.
func archive(t *testing.T, w io.Closer, files map[string]string, create func(name string) (io.Writer, error)) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		file, err := create(name)
		if err == nil {
			_, err = io.WriteString(file, files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// hls is a film of two renditions.
func hls() map[string]string {
	return map[string]string{
		"master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=400000,RESOLUTION=640x360\nlow/index.m3u8\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=1700000,RESOLUTION=1280x720\nhigh/index.m3u8\n",
		"low/index.m3u8":  "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6.0,\n0.ts\n#EXTINF:4.5,\n1.ts\n#EXT-X-ENDLIST\n",
		"high/index.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6.0,\n0.ts\n#EXTINF:4.5,\n1.ts\n#EXT-X-ENDLIST\n",
		"low/0.ts":        "a", "low/1.ts": "b", "high/0.ts": "c", "high/1.ts": "d",
	}
}

const dashMPD = `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT10S">` +
	`<Period><AdaptationSet mimeType="video/mp4"><SegmentTemplate timescale="1" duration="4" startNumber="1" initialization="init.mp4" media="seg-$Number$.m4s"/>` +
	`<Representation id="v" bandwidth="400000" width="640" height="360"/></AdaptationSet></Period></MPD>`

func dash() map[string]string {
	return map[string]string{"manifest.mpd": dashMPD, "init.mp4": "i", "seg-1.m4s": "1", "seg-2.m4s": "2", "seg-3.m4s": "3"}
}

func TestAFilmIsBrought(t *testing.T) {
	t.Parallel()
	h := open(t)
	for name, want := range map[string]struct {
		film          []byte
		src           string // how it ends
		duration      float64
		width, height float64
	}{
		"mp4":  {clip(t, "bars.mp4"), "/film.mp4", 14, 480, 270},
		"webm": {clip(t, "channel.webm"), "/film.webm", 20, 640, 360},
		"zip":  {zipped(t, hls()), "/master.m3u8", 10.5, 1280, 720},
		"tar":  {tarred(t, hls()), "/master.m3u8", 10.5, 1280, 720},
		"dash": {zipped(t, dash()), "/manifest.mpd", 10, 640, 360},
	} {
		content := h.put(want.film).Want(t, 200).JSON(t)
		duration, _ := content["duration"].(float64)
		if int(duration+0.5) != int(want.duration+0.5) || content["width"] != want.width || content["height"] != want.height {
			t.Errorf("%s: %v", name, content)
		}
		src := h.src()
		if !strings.HasPrefix(src, "uploaded/"+h.id+"/") || !strings.HasSuffix(src, want.src) {
			t.Errorf("%s: src %s", name, src)
		}
		if name == "mp4" {
			if a := testkit.Do(t, "GET", address(t, h.public, src, "film.mp4"), "").Want(t, 200); !bytes.Equal(a.Body, want.film) {
				t.Errorf("%s: %d bytes are played", name, len(a.Body))
			}
		}
		if left := h.files("uploads"); len(left) != 0 {
			t.Errorf("%s: left behind %v", name, left)
		}
	}
	// A new src elsewhere has no known length.
	changed := h.do("PUT", "/content/"+h.id, []byte(`{"src":"https://example.com/a.mp4"}`)).Want(t, 200).JSON(t)
	if changed["duration"] != nil || changed["width"] != nil {
		t.Errorf("%v", changed)
	}
}

// What is no good leaves what was there.
func TestABadFilmChangesNothing(t *testing.T) {
	t.Parallel()
	h := open(t, "UPLOAD_LIMIT=1048576")
	h.put(clip(t, "bars.mp4")).Want(t, 200)
	before := h.src()
	without := func(files map[string]string, name string) map[string]string {
		delete(files, name)
		return files
	}
	with := func(files map[string]string, name, text string) map[string]string {
		files[name] = text
		return files
	}
	long := make([]byte, 200<<10)
	for name, bad := range map[string]struct {
		film   []byte
		status int
		code   string
	}{
		"text":                 {[]byte(strings.Repeat("no film ", 200)), 422, "media_invalid"},
		"a picture":            {picture(t, 16, 9), 400, "invalid_input"},
		"cut off mp4":          {clip(t, "bars.mp4")[:200_000], 422, "media_invalid"},
		"head of mp4":          {clip(t, "bars.mp4")[:64], 422, "media_invalid"},
		"cut off webm":         {clip(t, "channel.webm")[:300], 422, "media_invalid"},
		"cut off zip":          {zipped(t, hls())[:600], 422, "media_invalid"},
		"no playlist":          {zipped(t, map[string]string{"a.ts": "a"}), 422, "media_invalid"},
		"no segment":           {zipped(t, without(hls(), "high/1.ts")), 422, "media_invalid"},
		"no rendition":         {tarred(t, without(hls(), "low/index.m3u8")), 422, "media_invalid"},
		"a segment of dash":    {zipped(t, without(dash(), "seg-2.m4s")), 422, "media_invalid"},
		"no init of dash":      {zipped(t, without(dash(), "init.mp4")), 422, "media_invalid"},
		"out of the folder":    {zipped(t, with(hls(), "../evil.ts", "x")), 422, "media_invalid"},
		"deep out of it":       {tarred(t, with(hls(), "low/../../evil.ts", "x")), 422, "media_invalid"},
		"absolute":             {tarred(t, with(hls(), "/etc/evil.ts", "x")), 422, "media_invalid"},
		"backslashes":          {zipped(t, with(hls(), `..\evil.ts`, "x")), 422, "media_invalid"},
		"a page":               {zipped(t, with(hls(), "index.html", "<script>")), 422, "media_invalid"},
		"elsewhere":            {zipped(t, with(hls(), "low/index.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\n../../0.ts\n")), 422, "media_invalid"},
		"a playlist of no use": {zipped(t, map[string]string{"a.m3u8": "hello"}), 422, "media_invalid"},
		"larger inside":        {zipped(t, with(hls(), "low/0.ts", strings.Repeat("0", 2<<20))), 413, "upload_too_large"},
		"larger":               {append(clip(t, "bars.mp4"), make([]byte, 1<<20)...), 413, "upload_too_large"},
		"a link":               {linked(t), 422, "media_invalid"},
		"zeros":                {long, 422, "media_invalid"},
	} {
		if a := h.put(bad.film); a.Status != bad.status {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		} else {
			a.Problem(t, bad.status, bad.code)
		}
		if src := h.src(); src != before {
			t.Fatalf("%s: src %s", name, src)
		}
	}
	if files := h.files("."); len(files) != 2 { // the first film, and that of an upload
		t.Errorf("left behind: %v", files)
	}
	h.do("PUT", "/content/"+testkit.NewID()+"/media", clip(t, "bars.mp4")).Problem(t, 404, "content_not_found")
	h.put(nil).Problem(t, 400, "invalid_input", "Content-Length")
}

// linked is a tar with a symbolic link.
func linked(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	if err := w.WriteHeader(&tar.Header{Name: "index.m3u8", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAnUploadGoesOn(t *testing.T) {
	t.Parallel()
	h := open(t)
	film := clip(t, "mandelbrot.mp4")
	begun := h.do("POST", "/uploads", nil, testkit.Header("Upload-Length", strconv.Itoa(len(film))), testkit.Header("Tus-Resumable", "1.0.0")).Want(t, 201)
	place := begun.Header.Get("Location")
	id := strings.TrimPrefix(place, "/uploads/")
	chunk := func(offset int, text []byte) testkit.Answer {
		return h.do("PATCH", place, text, testkit.Header("Content-Type", "application/offset+octet-stream"), testkit.Header("Upload-Offset", strconv.Itoa(offset)))
	}
	offset := func() int {
		n, err := strconv.Atoi(h.do("HEAD", place, nil).Want(t, 200).Header.Get("Upload-Offset"))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	chunk(0, film[:100_000]).Want(t, 204)
	chunk(50_000, film[50_000:]).Problem(t, 409, "upload_offset")
	h.do("PUT", "/content/"+h.id, []byte(fmt.Sprintf(`{"upload":%q}`, id))).Problem(t, 400, "invalid_input", "upload")
	if got := offset(); got != 100_000 {
		t.Fatalf("offset %d", got)
	}

	// A connection that breaks in the middle leaves what came.
	at, err := url.Parse(h.base)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", at.Host)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conn, "PATCH %s HTTP/1.1\r\nHost: x\r\nInternal-Secret: %s\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 100000\r\n"+
		"Content-Length: %d\r\n\r\n%s", place, secret, len(film)-100_000, film[100_000:150_000])
	if err := err; err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "what came is kept", func() bool { return offset() == 150_000 })

	chunk(150_000, append(slices.Clone(film[150_000:]), 'x')).Problem(t, 400, "invalid_input", "body")
	chunk(150_000, film[150_000:]).Want(t, 204)
	content := h.do("PUT", "/content/"+h.id, []byte(fmt.Sprintf(`{"upload":%q,"name":"Seahorses"}`, id))).Want(t, 200).JSON(t)
	if content["name"] != "Seahorses" || content["width"] != 480.0 {
		t.Errorf("%v", content)
	}
	src := h.src()
	if a := testkit.Do(t, "GET", address(t, h.public, src, "film.mp4"), "").Want(t, 200); !bytes.Equal(a.Body, film) {
		t.Errorf("%d bytes are played", len(a.Body))
	}
	h.do("HEAD", place, nil).Want(t, 404)
	h.do("PUT", "/content/"+h.id, []byte(fmt.Sprintf(`{"upload":%q}`, id))).Problem(t, 400, "invalid_input", "upload")
	for _, bad := range []string{"", "x", "..", strings.Repeat("0", 32)} {
		h.do("PUT", "/content/"+h.id, []byte(fmt.Sprintf(`{"upload":%q}`, bad))).Problem(t, 400, "invalid_input", "upload")
	}
	h.do("POST", "/uploads", nil, testkit.Header("Upload-Length", "-1")).Problem(t, 400, "invalid_input", "Upload-Length")
	h.do("POST", "/uploads", nil, testkit.Header("Upload-Length", "99999999999999")).Problem(t, 413, "upload_too_large")
	h.do("POST", "/uploads", nil, testkit.Header("Upload-Length", "9"), testkit.Header("Tus-Resumable", "0.2.2")).Problem(t, 412, "tus_version")
}

func TestAContentComesWithItsFilmAndPoster(t *testing.T) {
	t.Parallel()
	h := open(t)
	send := func(text []byte) string {
		place := h.do("POST", "/uploads", nil, testkit.Header("Upload-Length", strconv.Itoa(len(text)))).Want(t, 201).Header.Get("Location")
		h.do("PATCH", place, text, testkit.Header("Content-Type", "application/offset+octet-stream"), testkit.Header("Upload-Offset", "0")).Want(t, 204)
		return strings.TrimPrefix(place, "/uploads/")
	}
	film, poster := send(clip(t, "bars.mp4")), send(picture(t, 160, 90))
	h.do("POST", "/content", []byte(fmt.Sprintf(`{"type":"vod","name":"","upload":%q}`, film))).Problem(t, 400, "invalid_input", "name")
	h.do("POST", "/content", []byte(fmt.Sprintf(`{"type":"vod","name":"A","src":"a.mp4","upload":%q}`, film))).Problem(t, 400, "invalid_input", "upload")
	h.do("POST", "/content", []byte(fmt.Sprintf(`{"type":"vod","name":"A","upload":%q}`, poster))).Problem(t, 400, "invalid_input", "upload")
	made := h.do("POST", "/content", []byte(fmt.Sprintf(`{"type":"vod","name":"A","upload":%q,"poster":%q}`, film, poster))).Want(t, 201).JSON(t)
	address, _ := made["poster"].(string)
	if made["width"] != 480.0 || !strings.HasPrefix(address, "/media/posters/") {
		t.Fatalf("%v", made)
	}
	if a := testkit.Do(t, "GET", h.public+address, "").Want(t, 200); a.Header.Get("Content-Type") != "image/png" {
		t.Errorf("%v", a.Header)
	}
	h.id, _ = made["id"].(string)
	h.do("PUT", "/content/"+h.id+"/poster", []byte("GIF89a"), testkit.Header("Content-Type", "image/gif")).Problem(t, 422, "media_invalid")
	h.do("PUT", "/content/"+h.id+"/poster", picture(t, 9000, 1), testkit.Header("Content-Type", "image/png")).Problem(t, 422, "poster_invalid")
	h.do("PUT", "/content/"+h.id+"/poster", picture(t, 32, 18), testkit.Header("Content-Type", "image/png")).Want(t, 200)
	if without := h.do("PUT", "/content/"+h.id, []byte(`{"poster":""}`)).Want(t, 200).JSON(t); without["poster"] != nil {
		t.Errorf("%v", without)
	}
}
