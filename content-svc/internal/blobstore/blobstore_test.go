package blobstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	_ "gocloud.dev/blob/memblob" // mem://

	"streamgate/content-svc/internal/blobstore"
	"streamgate/content-svc/internal/media"
	"streamgate/libs/fault"
)

func connect(t *testing.T, address string) *blobstore.Store {
	t.Helper()
	if faults := blobstore.CheckURL("MEDIA_URL", address); len(faults) > 0 {
		t.Fatal(faults)
	}
	s := blobstore.New(address)
	if err := s.Connect().Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func noise(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

func open(t *testing.T, s *blobstore.Store, path string) *media.File {
	t.Helper()
	f, err := s.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// Folders and buckets can be read alike.
func TestStores(t *testing.T) {
	t.Parallel()
	bucket := newBucket(t)
	for name, address := range map[string]string{"folder": "file://" + t.TempDir(), "memory": "mem://", "S3": bucket.address()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := connect(t, address)
			began := time.Now().Add(-2 * time.Second)
			content := noise(2_000)
			for _, each := range [][]byte{content, []byte("another")} {
				if err := s.WriteMissing(t.Context(), "demo/a.mp4", each, time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			f := open(t, s, "demo/a.mp4")
			if f.Size != int64(len(content)) || f.Modified.Before(began) || f.Modified.After(time.Now().Add(time.Second)) {
				t.Errorf("size %d, modified %v", f.Size, f.Modified)
			}
			if len(f.ETag) < 3 || f.ETag[0] != '"' || f.ETag[len(f.ETag)-1] != '"' || f.ETag != open(t, s, "demo/a.mp4").ETag {
				t.Errorf("ETag %s", f.ETag)
			}
			if err := iotest.TestReader(f.Content, content); err != nil {
				t.Error(err)
			}
			for _, path := range []string{"demo", "demo/b.mp4", "demo/a.mp4/x", "none/a.mp4"} {
				if _, err := s.Open(t.Context(), path); fault.KindOf(err) != fault.NotFound {
					t.Errorf("%s: %v", path, err)
				}
			}

			long := noise(20 << 20) // more than two pieces
			if name == "S3" {
				bucket.write(t, "long.mp4", long) // its client would send it in parts, which the stand-in doesn't know
			} else if err := s.WriteMissing(t.Context(), "long.mp4", long, time.Now()); err != nil {
				t.Fatal(err)
			}
			f = open(t, s, "long.mp4")
			if got, err := io.ReadAll(f.Content); err != nil || !bytes.Equal(got, long) {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			for range 8 {
				from := rand.IntN(len(long))
				part := long[from:min(len(long), from+rand.IntN(10<<20))]
				if _, err := f.Content.Seek(int64(from), io.SeekStart); err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(io.LimitReader(f.Content, int64(len(part)))); err != nil || !bytes.Equal(got, part) {
					t.Fatalf("%d bytes from %d: %d, %v", len(part), from, len(got), err)
				}
			}
		})
	}
}

// A player that goes on with a range at another replica must not be told that the file has changed.
// What is written and deleted meanwhile makes no list fail: an upload that was asked for then would seem to be gone.
func TestAFolderIsListedWhileItChanges(t *testing.T) {
	t.Parallel()
	s := connect(t, "file://"+t.TempDir())
	if _, err := s.Write(t.Context(), "uploads/a/kept", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for n := range 4 {
		writers.Go(func() {
			for name := fmt.Sprintf("uploads/a/%d", n); ctx.Err() == nil; {
				_, err := s.Write(context.WithoutCancel(ctx), name, strings.NewReader("x"))
				if err = errors.Join(err, s.Delete(context.WithoutCancel(ctx), name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2000 {
		entries, err := s.List(t.Context(), "uploads/a/")
		if err != nil || !slices.ContainsFunc(entries, func(e media.Entry) bool { return e.Path == "uploads/a/kept" }) {
			t.Errorf("%v, %v", entries, err)
			break
		}
	}
	cancel()
	writers.Wait()
}

func TestReplicasWithAFolderEachGiveTheSameETag(t *testing.T) {
	t.Parallel()
	made := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	var tags [2]string
	for i := range tags {
		s := connect(t, "file://"+t.TempDir())
		if err := s.WriteMissing(t.Context(), "demo/a.mp4", []byte("a"), made); err != nil {
			t.Fatal(err)
		}
		f := open(t, s, "demo/a.mp4")
		if !f.Modified.Equal(made) {
			t.Errorf("modified %v", f.Modified)
		}
		tags[i] = f.ETag
	}
	if tags[0] != tags[1] {
		t.Errorf("ETags %s", tags)
	}
}

func TestAFileOfAFolderIsAFile(t *testing.T) {
	t.Parallel()
	s := connect(t, "file://"+t.TempDir())
	if err := s.WriteMissing(t.Context(), "a", []byte("a"), time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, ok := open(t, s, "a").Content.(*os.File); !ok {
		t.Error("the kernel can't send it")
	}
}

func TestAFolderMayItselfBeLinkedTo(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a"), []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(folder, link); err != nil {
		t.Fatal(err)
	}
	open(t, connect(t, "file://"+link), "a")
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{
		"", "/var/media", "file://", "http://example.com", "gopher://x", "file://\x7f", "file://" + file, "file://" + file + "/none", "file:///tmp?none=1",
	} {
		err := errors.Join(blobstore.CheckURL("MEDIA_URL", address)...)
		if err == nil {
			err = blobstore.New(address).Connect().Do(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), "MEDIA_URL") {
			t.Errorf("%q: %v", address, err)
		}
	}
	created := filepath.Join(t.TempDir(), "new")
	connect(t, "file://"+created+"?create_dir=true")
}

// bucket stands in for the objects of S3. The requests are those of Amazon's client.
type bucket struct {
	*httptest.Server

	folder string
	status atomic.Int64 // to answer instead, unless 0
	read   atomic.Int64 // bytes
	silent atomic.Bool  // sends a few bytes more of what is read, or none, and then nothing
	few    atomic.Int64
}

func newBucket(t *testing.T) *bucket {
	t.Helper()
	b := &bucket{folder: t.TempDir()}
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

// openNoise opens a blob of noise of a size in a new bucket.
func openNoise(t *testing.T, path string, size int) (*bucket, *blobstore.Store, *media.File) {
	t.Helper()
	b := newBucket(t)
	b.write(t, path, noise(size))
	s := connect(t, b.address())
	return b, s, open(t, s, path)
}

func (b *bucket) write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.folder, path), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (b *bucket) address() string {
	return "s3://media?region=eu-central-1&use_path_style=true&anonymous=true&endpoint=" + b.URL
}

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := filepath.Join(b.folder, filepath.FromSlash(strings.TrimPrefix(r.URL.Path, "/media/")))
	if status := int(b.status.Load()); status != 0 {
		w.WriteHeader(status)
		return
	}
	if r.Method == http.MethodPut {
		content, err := io.ReadAll(r.Body)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(name), 0o755)
		}
		if err == nil {
			err = os.WriteFile(name, content, 0o644)
		}
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
		w.Header().Set("ETag", `"put"`)
		return
	}
	file, err := os.Open(name)
	if err != nil {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `<Error><Code>NoSuchKey</Code><Message>none</Message></Error>`)
		return
	}
	defer file.Close() //nolint:errcheck // it was only read
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("ETag", fmt.Sprintf(`"%d"`, info.ModTime().UnixNano()))
	if r.Method == http.MethodGet && b.silent.Load() {
		if few := b.few.Load(); few > 0 {
			w.Header().Set("Content-Length", strconv.FormatInt(info.Size(), 10))
			w.Header().Set("Last-Modified", info.ModTime().UTC().Format(http.TimeFormat))
			_, _ = io.CopyN(w, file, few)
			_ = http.NewResponseController(w).Flush()
		}
		<-r.Context().Done()
		return
	}
	http.ServeContent(counted{w, &b.read}, r, "", info.ModTime(), file)
}

type counted struct {
	http.ResponseWriter

	n *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n.Add(int64(n))
	return n, err //nolint:wrapcheck // passes it on
}

func TestABucketIsAskedForWhatIsRead(t *testing.T) {
	t.Parallel()
	b, _, f := openNoise(t, "long.mp4", 64<<20)
	if _, err := f.Content.Seek(1<<20, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if n := b.read.Load(); n != 0 {
		t.Errorf("%d bytes before the first read", n)
	}
	if _, err := io.CopyN(io.Discard, f.Content, 100); err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if n := b.read.Load(); n > 9<<20 {
		t.Errorf("%d bytes for 100", n)
	}
}

// What an address says counts, or is refused by name, all of it at once.
func TestWhatAnAddressSaysCounts(t *testing.T) {
	t.Parallel()
	for _, right := range []string{
		"file:///media", "file:///media?create_dir=true&dir_file_mode=0750", "s3://media", "s3://media/?region=eu-central-1&prefix=films/&use_path_style=true",
	} {
		if faults := blobstore.CheckURL("MEDIA_URL", right); len(faults) > 0 {
			t.Errorf("%s: %v", right, faults)
		}
	}
	for wrong, words := range map[string][]string{
		"s3://media/films?regoin=x&timeout=1s&region=a&region=b": {"?prefix=films/", "regoin", "timeout", "region is given 2 times"},
		"s3://user:hunter2@media":                                {"in front of @"},
		"s3://media?region=%zz":                                  {"behind ?"},
		"s3://":                                                  {"not the address"},
		"file:///media?prefix=films/&base_url=x":                 {"prefix", "base_url"},
	} {
		faults := blobstore.CheckURL("MEDIA_URL", wrong)
		text := errors.Join(faults...)
		if len(faults) != len(words) || strings.Contains(text.Error(), "hunter") {
			t.Errorf("%s: %v", wrong, faults)
		}
		for _, word := range words {
			if !strings.Contains(text.Error(), word) {
				t.Errorf("%s: no %q in %v", wrong, word, text)
			}
		}
	}
}

func TestABucketThatIsAway(t *testing.T) {
	t.Parallel()
	b, s, f := openNoise(t, "a", 10<<20)
	b.status.Store(http.StatusForbidden)
	if _, err := s.Open(t.Context(), "a"); err == nil || fault.KindOf(err) == fault.NotFound {
		t.Errorf("a bucket that refuses: %v", err)
	}
	if _, err := f.Content.Read(make([]byte, 1)); err == nil {
		t.Error("read from a bucket that refuses")
	}
	b.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := s.Open(ctx, "a"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a bucket that is away: %v", err)
	}
}

// Halves of two files don't make one.
func TestABlobThatChangesIsNotRead(t *testing.T) {
	t.Parallel()
	b, _, f := openNoise(t, "a", 20<<20)
	if _, err := io.CopyN(io.Discard, f.Content, 100); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(b.folder, "a"), later, later); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, f.Content); err == nil {
		t.Errorf("%d bytes and no error", n)
	}
}

// A bucket that stops in the middle of an answer, or before it, holds nobody for longer than a few seconds.
func TestABucketThatFallsSilent(t *testing.T) {
	t.Parallel()
	for name, few := range map[string]int64{"at once": 0, "in the middle": 1000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, s, f := openNoise(t, "a", 1<<20)
			b.few.Store(few)
			b.silent.Store(true)
			began := time.Now()
			n, err := io.Copy(io.Discard, f.Content)
			if took := time.Since(began); err == nil || n != few || took > 8*time.Second || fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%d bytes after %v: %v", n, took, err)
			}
			b.silent.Store(false)
			if n, err := io.Copy(io.Discard, open(t, s, "a").Content); n != 1<<20 || err != nil {
				t.Errorf("%d bytes afterwards: %v", n, err)
			}
		})
	}
}

// A caller that goes away is no fault of the bucket's.
func TestAReadThatIsGivenUp(t *testing.T) {
	t.Parallel()
	b := newBucket(t)
	b.write(t, "a", noise(1<<20))
	s := connect(t, b.address())
	ctx, cancel := context.WithCancel(t.Context())
	f, err := s.Open(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	b.silent.Store(true)
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := f.Content.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("read: %v", err)
	}
}

func TestFormsOfUnicodeInABucket(t *testing.T) {
	t.Parallel()
	composed, decomposed := "caf\u00e9.mp4", "cafe\u0301.mp4"
	for _, there := range []string{composed, decomposed} {
		b := newBucket(t)
		b.write(t, there, []byte("coffee"))
		s := connect(t, b.address())
		for _, written := range []string{composed, decomposed} {
			if text, err := io.ReadAll(open(t, s, written).Content); err != nil || string(text) != "coffee" {
				t.Errorf("%+q: %s, %v", written, text, err)
			}
		}
		if _, err := s.Open(t.Context(), "th\u00e9.mp4"); !errors.Is(err, media.ErrNotFound) {
			t.Errorf("what is not there: %v", err)
		}
	}
}
