package mediatime_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgate/content-svc/internal/mediatime"
	"streamgate/libs/testkit"
)

// rate is the configured bit rate of the tests, in bits a second: 100 kB a second of film.
const rate = 800_000

// patience is the clock's time limit where a test isn't about it: the machine may be busy.
const patience = time.Minute

// store is a store in memory.
type store struct {
	mu    sync.Mutex
	files map[string][]byte
	opens map[string]int
	bytes int64
	fault error
	wait  chan struct{} // what opening waits for, if it isn't nil
}

func (s *store) Open(ctx context.Context, name string, offset, length int64) (io.ReadCloser, mediatime.File, error) {
	s.mu.Lock()
	wait := s.wait
	s.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return nil, mediatime.File{}, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opens[name]++
	text, ok := s.files[name]
	switch {
	case s.fault != nil:
		return nil, mediatime.File{}, s.fault
	case !ok:
		return nil, mediatime.File{}, fs.ErrNotExist
	}
	part := text[min(offset, int64(len(text))):]
	part = part[:min(length, int64(len(part)))]
	s.bytes += int64(len(part))
	return io.NopCloser(bytes.NewReader(part)), version(text), nil
}

// version is that of a file of such a text, whose ends tell it from others.
func version(text []byte) mediatime.File {
	h := fnv.New64a()
	_, _ = h.Write(text[:min(len(text), 1<<16)])
	_, _ = h.Write(text[max(len(text)-1<<16, 0):])
	return mediatime.File{Size: int64(len(text)), ETag: fmt.Sprintf(`"%x"`, h.Sum64())}
}

func (s *store) put(name string, text []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[name] = text
}

func (s *store) opened(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opens[name]
}

// rig is a clock over a store in memory, at a time of its own.
type rig struct {
	*store
	*mediatime.Clock
	t *testing.T

	log testkit.Log

	nowMu sync.Mutex
	now   time.Time
}

func newRig(t *testing.T, files map[string]string) *rig {
	t.Helper()
	r := &rig{store: &store{files: map[string][]byte{}, opens: map[string]int{}}, t: t, now: time.Unix(1_800_000_000, 0)}
	for name, text := range files {
		r.files[name] = []byte(text)
	}
	r.Clock = mediatime.New(mediatime.Options{Store: r.store, BitRate: rate, Timeout: patience, Log: slog.New(slog.NewTextHandler(&r.log, nil)), Now: func() time.Time {
		r.nowMu.Lock()
		defer r.nowMu.Unlock()
		return r.now
	}})
	return r
}

func (r *rig) lines() int { return strings.Count(r.log.String(), "\n") }

func (r *rig) pass(d time.Duration) {
	r.nowMu.Lock()
	defer r.nowMu.Unlock()
	r.now = r.now.Add(d)
}

// timeline is that of a file of the store, as if it was served.
func (r *rig) timeline(src, name string) mediatime.Timeline {
	r.t.Helper()
	r.mu.Lock()
	text, ok := r.files[name]
	r.mu.Unlock()
	if !ok {
		r.t.Fatalf("no file %s", name)
	}
	return r.Timeline(r.t.Context(), src, name, version(text))
}

// sized is that of a file that is only served, of so many bytes.
func (r *rig) sized(src, name string, size int64) mediatime.Timeline {
	r.t.Helper()
	return r.Timeline(r.t.Context(), src, name, mediatime.File{Size: size, ETag: `"1"`})
}

// expect fails unless a file is a segment of the film at a position.
func (r *rig) expect(src, name string, at, d time.Duration) {
	r.t.Helper()
	const size = 500_000
	t := r.sized(src, name, size)
	if s := t.Span(0, size); t.Kind != mediatime.Segment || !near(s.Position, at) || !near(s.Duration, d) {
		r.t.Errorf("%s: %v, %v; want a segment at %v of %v", name, t.Kind, s, at, d)
	}
}

// expectKind fails unless a file is of a kind, and costs nothing if that is Free.
func (r *rig) expectKind(src, name string, kind mediatime.Kind) {
	r.t.Helper()
	const size = 500_000
	t := r.sized(src, name, size)
	if t.Kind != kind || (t.Span(0, size).Duration == 0) != (kind == mediatime.Free) {
		r.t.Errorf("%s: %v, %v; want %v", name, t.Kind, t.Span(0, size), kind)
	}
	if kind == mediatime.Estimated && t.Duration() != 5*time.Second {
		r.t.Errorf("%s: %v; want 5s, by the configured bit rate", name, t.Duration())
	}
}

func near(a, b time.Duration) bool { return (a - b).Abs() <= time.Millisecond }

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// readFolder puts the files of a folder into the store.
func (r *rig) readFolder(folder, under string) {
	r.t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			r.t.Fatal(err)
		}
		r.put(under+e.Name(), text)
	}
}
