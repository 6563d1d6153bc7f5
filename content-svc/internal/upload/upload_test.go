package upload_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"streamgate/content-svc/internal/blobstore"
	"streamgate/content-svc/internal/media"
	"streamgate/content-svc/internal/upload"
	"streamgate/content-svc/internal/video"
	"streamgate/libs/fault"
	"streamgate/libs/objectid"
)

// everywhere runs a test on a folder, and on a server that speaks S3.
func everywhere(t *testing.T, test func(t *testing.T, address string)) {
	t.Helper()
	t.Run("folder", func(t *testing.T) {
		t.Parallel()
		test(t, "file://"+t.TempDir())
	})
	t.Run("S3", func(t *testing.T) {
		t.Parallel()
		backend := s3mem.New()
		if err := backend.CreateBucket("media"); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewServer(gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
		t.Cleanup(server.Close)
		test(t, "s3://media?region=eu-central-1&use_path_style=true&anonymous=true&endpoint="+server.URL)
	})
}

func open(t *testing.T, address string, limits upload.Limits) (*upload.Uploads, *blobstore.Store) {
	t.Helper()
	files := blobstore.New(address)
	if err := files.Connect().Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	return &upload.Uploads{Files: files, Limits: limits, Now: time.Now}, files
}

func send(t *testing.T, u *upload.Uploads, text []byte) string {
	t.Helper()
	begun, err := u.Begin(t.Context(), int64(len(text)))
	if err == nil {
		_, err = u.Append(t.Context(), begun.ID, 0, bytes.NewReader(text))
	}
	if err != nil {
		t.Fatal(err)
	}
	return begun.ID
}

func film(files int) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	playlist := "#EXTM3U\n#EXT-X-TARGETDURATION:6\n"
	for i := range files {
		f, _ := w.Create(fmt.Sprintf("%d.ts", i))
		_, _ = f.Write([]byte("x"))
		playlist += fmt.Sprintf("#EXTINF:6,\n%d.ts\n", i)
	}
	f, _ := w.Create("index.m3u8")
	_, _ = f.Write([]byte(playlist))
	_ = w.Close()
	return out.Bytes()
}

func TestAnArchiveHasSoManyFiles(t *testing.T) {
	t.Parallel()
	everywhere(t, anArchiveHasSoManyFiles)
}

func anArchiveHasSoManyFiles(t *testing.T, address string) {
	u, files := open(t, address, upload.Limits{Film: 1 << 20, Files: 10})
	content := objectid.New()
	if _, err := u.Film(t.Context(), content, send(t, u, film(9))); err != nil {
		t.Error(err)
	}
	other := objectid.New()
	if _, err := u.Film(t.Context(), other, send(t, u, film(10))); fault.KindOf(err) != fault.Unprocessable || !strings.Contains(err.Error(), "more than 10 files") {
		t.Error(err)
	}
	if left, err := files.List(t.Context(), "uploaded/"+other.String()+"/"); err != nil || len(left) != 0 {
		t.Error(left, err)
	}
}

// Two requests at the same time bring the same bytes twice.
func TestPartsThatOverlap(t *testing.T) {
	t.Parallel()
	everywhere(t, partsThatOverlap)
}

func partsThatOverlap(t *testing.T, address string) {
	u, files := open(t, address, upload.Limits{Film: 1 << 20, Files: 100})
	whole := film(20)
	begun, err := u.Begin(t.Context(), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"0000000000000000-a": whole[:100], "0000000000000000-b": whole[:300], "0000000000000064-c": whole[100:200], "000000000000012c-d": whole[300:],
	} {
		if _, err := files.Write(t.Context(), "uploads/"+begun.ID+"/"+name, bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := u.Get(t.Context(), begun.ID); err != nil || got.Offset != int64(len(whole)) {
		t.Fatal(got, err)
	}
	if made, err := u.Film(t.Context(), objectid.New(), begun.ID); err != nil || made.Duration != 2*time.Minute {
		t.Error(made, err)
	}
}

// contents are what the catalogue has.
type contents map[objectid.ID]video.Content

func (c contents) Get(_ context.Context, id objectid.ID) (video.Content, error) {
	if found, ok := c[id]; ok {
		return found, nil
	}
	return video.Content{}, video.ErrNotFound
}

func TestWhatNobodyNamesIsSwept(t *testing.T) {
	t.Parallel()
	everywhere(t, whatNobodyNamesIsSwept)
}

func whatNobodyNamesIsSwept(t *testing.T, address string) {
	u, files := open(t, address, upload.Limits{Film: 1 << 20, Files: 100})
	bring := func(content objectid.ID) string {
		made, err := u.Film(t.Context(), content, send(t, u, film(2)))
		if err != nil {
			t.Fatal(err)
		}
		return made.Src
	}
	kept, gone := objectid.New(), objectid.New()
	old, current, orphan := bring(kept), bring(kept), bring(gone)
	known := contents{kept: {ID: kept, Src: current}}
	others := []string{"demo/bars.mp4", "uploads.txt", "uploaded/mine/a.mp4", "posters/" + kept.String() + "/bars.jpg", "films/a.mp4"}
	orphans := []string{"posters/" + kept.String() + "/" + strings.Repeat("a", 32) + ".jpg"}
	for _, name := range append(others, orphans...) {
		if _, err := files.Write(t.Context(), name, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	there := func(path string) bool {
		file, err := files.Open(t.Context(), path)
		if err == nil {
			_ = file.Close()
		} else if !errors.Is(err, media.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	pending := send(t, u, film(3))
	if err := u.Sweep(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	for _, path := range append([]string{old, current, orphan}, orphans...) {
		if !there(path) {
			t.Errorf("%s is gone at once", path)
		}
	}
	u.Now = func() time.Time { return time.Now().Add(upload.Keep + time.Minute) }
	if err := u.Sweep(t.Context(), known); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(others, current) {
		if !there(path) {
			t.Errorf("%s is gone", path)
		}
	}
	for _, path := range append([]string{old, orphan, "uploads/" + pending + "/upload.json"}, orphans...) {
		if there(path) {
			t.Errorf("%s is still there", path)
		}
	}
}
