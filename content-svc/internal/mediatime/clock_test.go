package mediatime_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"streamgate/content-svc/internal/mediatime"
)

func TestEstimates(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	film := r.sized("films/x.avi", "films/x.avi", 1_000_000)
	if s := film.Span(300_000, 400_000); film.Kind != mediatime.Estimated || s != (mediatime.Span{Position: 3 * time.Second, Duration: time.Second}) {
		t.Errorf("%v, %v", film.Kind, s)
	}
	for _, c := range []struct {
		from int64
		d    time.Duration
		want int64
	}{
		{0, 0, 0},
		{0, time.Second, 100_000},
		{50_000, time.Second, 150_000},
		{950_000, time.Second, 1_000_000},
		{0, -time.Second, 0},
		{0, math.MaxInt64, 1_000_000},
		{500_000, math.MaxInt64, 1_000_000},
		{-7, time.Second, 100_000},
		{2_000_000, 0, 1_000_000},
	} {
		if got := film.Reach(c.from, c.d); got != c.want {
			t.Errorf("%v from %d: %d; want %d", c.d, c.from, got, c.want)
		}
	}
	if none := (mediatime.Timeline{}); none.Span(0, 5) != (mediatime.Span{}) || none.Kind.String() != "free" {
		t.Errorf("the zero value: %v", none)
	}
	// What is free by its name is small.
	for name, size := range map[string]int64{"a.jpg": 1000, "a.VTT": 1000, "a.m3u8": 1000} {
		if film := r.sized(name, name, size); film.Kind != mediatime.Free || film.Reach(3, 0) != size {
			t.Errorf("%s: %v", name, film.Kind)
		}
		if film := r.sized(name, name, 1<<30); film.Kind != mediatime.Estimated {
			t.Errorf("%s of a gigabyte: %v", name, film.Kind)
		}
	}
}

// Whatever is asked for at the same time is read once.
func TestReadOnce(t *testing.T) {
	t.Parallel()
	demo, err := os.ReadFile("../demo/media/bars.mp4")
	if err != nil {
		t.Fatal(err)
	}
	const src = "films/x/index.m3u8"
	r := newRig(t, map[string]string{src: vod, "demo/bars.mp4": string(demo)})
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			r.expect(src, "films/x/1.m4s", 6*time.Second, seconds(5.5))
			if film := r.timeline("demo/bars.mp4", "demo/bars.mp4"); film.Kind != mediatime.Progressive {
				t.Error(film.Kind)
			}
		})
	}
	all.Wait()
	if a, b := r.opened(src), r.opened("demo/bars.mp4"); a != 1 || b != 1 {
		t.Errorf("%d and %d reads; want one each", a, b)
	}
	// Another version is another film.
	r.put("demo/bars.mp4", demo[:len(demo)/2])
	if film := r.timeline("demo/bars.mp4", "demo/bars.mp4"); film.Kind != mediatime.Progressive || film.Duration() > 8*time.Second {
		t.Errorf("half of it: %v", film.Duration())
	}
	r.put(src, []byte("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:5,\n1.m4s\n#EXT-X-ENDLIST\n"))
	r.timeline(src, src)
	r.expect(src, "films/x/1.m4s", 0, 5*time.Second)
	// Without a player that was seen to get it, a new version is found after some minutes.
	r.put(src, []byte("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:4,\n1.m4s\n#EXT-X-ENDLIST\n"))
	r.expect(src, "films/x/1.m4s", 0, 5*time.Second)
	r.pass(5 * time.Minute)
	r.expect(src, "films/x/1.m4s", 0, 4*time.Second)
}

// A store that reports another ETag of a file than the file is served with isn't asked for ever.
func TestETagsThatDiffer(t *testing.T) {
	t.Parallel()
	const src = "films/x/index.m3u8"
	r := newRig(t, map[string]string{src: vod})
	for range 5 {
		r.sized(src, src, 100)
		r.expect(src, "films/x/1.m4s", 6*time.Second, seconds(5.5))
	}
	if n := r.opened(src); n > 2 {
		t.Errorf("%d reads", n)
	}
}

// While the store is away, the configured bit rate has to do, and then the film is read.
func TestAStoreThatIsAway(t *testing.T) {
	t.Parallel()
	const src = "films/x/index.m3u8"
	demo, err := os.ReadFile("../demo/media/bars.mp4")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, map[string]string{src: vod, "a.mp4": string(demo)})
	away := func(fault error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.fault = fault
	}
	away(errors.New("no route to host"))
	for range 5 {
		r.expectKind(src, "films/x/1.m4s", mediatime.Estimated)
		if film := r.timeline("a.mp4", "a.mp4"); film.Kind != mediatime.Estimated {
			t.Error(film.Kind)
		}
	}
	if a, b := r.opened(src), r.opened("a.mp4"); a != 1 || b != 1 || r.lines() != 2 {
		t.Errorf("%d and %d reads; want one each: %s", a, b, r.log.String())
	}
	away(nil)
	r.pass(10 * time.Second)
	r.expect(src, "films/x/1.m4s", 6*time.Second, seconds(5.5))
	if film := r.timeline("a.mp4", "a.mp4"); film.Kind != mediatime.Progressive {
		t.Error(film.Kind)
	}
	// What was read stays good when the store goes away again.
	away(errors.New("no route to host"))
	r.pass(6 * time.Minute)
	r.expect(src, "films/x/1.m4s", 6*time.Second, seconds(5.5))
}

// Nobody waits longer than the time limit for a store that doesn't answer, nor longer than he wants to.
func TestAStoreThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.Clock = mediatime.New(mediatime.Options{Store: r.store, BitRate: rate, Log: r.Log, Now: r.Now})
		r.wait = make(chan struct{})
		for _, name := range []string{"films/x/index.m3u8", "films/x.mp4"} {
			begin := time.Now()
			if film := r.sized(name, "films/x.mp4", 500_000); film.Kind != mediatime.Estimated {
				t.Error(film.Kind)
			}
			if took := time.Since(begin); took > 2*mediatime.UsualTimeout {
				t.Errorf("%s took %v", name, took)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begin := time.Now()
		r.Timeline(ctx, "films/y.mp4", "films/y.mp4", mediatime.File{Size: 500_000, ETag: "1"})
		if took := time.Since(begin); took > 100*time.Millisecond {
			t.Errorf("took %v", took)
		}
		close(r.wait)
		synctest.Wait()
	})
}

// A media playlist that is missing costs its own segments their place, not those of the others.
func TestAMissingMediaPlaylist(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{
		master:              "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nhigh.m3u8\n",
		"films/x/high.m3u8": vod,
	})
	r.expect(master, "films/x/1.m4s", 6*time.Second, seconds(5.5))
	r.expectKind(master, "films/x/low1.ts", mediatime.Estimated)
	if r.lines() != 1 {
		t.Error(r.log.String())
	}
}

// What is remembered is bounded, whatever is asked for.
func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	list := "#EXTM3U\n#EXT-X-TARGETDURATION:6\n"
	for i := range 1000 {
		list += fmt.Sprintf("#EXTINF:6,\n%d.ts\n", i)
	}
	r := newRig(t, nil)
	r.Clock = mediatime.New(mediatime.Options{Store: r.store, BitRate: rate, Memory: 1 << 20, Timeout: patience, Log: r.Log, Now: r.Now})
	for i := range 40 {
		src := fmt.Sprintf("films/%d/i.m3u8", i)
		r.put(src, []byte(list+"#EXT-X-ENDLIST\n"))
		r.expect(src, fmt.Sprintf("films/%d/9.ts", i), 54*time.Second, 6*time.Second)
	}
	r.expect("films/39/i.m3u8", "films/39/8.ts", 48*time.Second, 6*time.Second)
	r.expect("films/0/i.m3u8", "films/0/8.ts", 48*time.Second, 6*time.Second)
	if last, first := r.opened("films/39/i.m3u8"), r.opened("films/0/i.m3u8"); last != 1 || first != 2 {
		t.Errorf("the last was read %d times, the first %d times; want 1 and 2", last, first)
	}
}

// once looks something up that is remembered.
func once(tb testing.TB, of string) func() time.Duration {
	tb.Helper()
	list := "#EXTM3U\n#EXT-X-TARGETDURATION:6\n"
	for i := range 1200 {
		list += fmt.Sprintf("#EXTINF:6,\n%d.ts\n", i)
	}
	demo, err := os.ReadFile("../demo/media/bars.mp4")
	if err != nil {
		tb.Fatal(err)
	}
	s := &store{files: map[string][]byte{
		"films/x/m.m3u8": []byte("#EXTM3U\n"), "demo/bars.mp4": demo, "films/d/i.mpd": []byte(document(`mediaPresentationDuration="PT7200S"`,
			`<Period>`+sets(`<SegmentTemplate duration="6" media="$RepresentationID$/$Number$.m4s"/>`)+`</Period>`)),
	}, opens: map[string]int{}}
	for i := range 6 {
		s.files["films/x/m.m3u8"] = fmt.Appendf(s.files["films/x/m.m3u8"], "#EXT-X-STREAM-INF:BANDWIDTH=1\n%d/i.m3u8\n", i)
		s.files[fmt.Sprintf("films/x/%d/i.m3u8", i)] = []byte(list + "#EXT-X-ENDLIST\n")
	}
	c := mediatime.New(mediatime.Options{Store: s, Timeout: patience, Now: time.Now})
	look := func(src, name string, file mediatime.File) func() time.Duration {
		if film := c.Timeline(tb.Context(), src, name, file); film.Kind == mediatime.Estimated {
			tb.Fatal(film.Kind)
		}
		return func() time.Duration { return c.Timeline(tb.Context(), src, name, file).Span(1000, 65_000).Duration }
	}
	segment := mediatime.File{Size: 500_000, ETag: "1"}
	film := c.Timeline(tb.Context(), "demo/bars.mp4", "demo/bars.mp4", version(demo))
	return map[string]func() time.Duration{
		"HLS":   look("films/x/m.m3u8", "films/x/5/700.ts", segment),
		"DASH":  look("films/d/i.mpd", "films/d/v2/700.m4s", segment),
		"MP4":   look("demo/bars.mp4", "demo/bars.mp4", version(demo)),
		"Span":  func() time.Duration { return film.Span(100_000, 165_536).Duration },
		"Reach": func() time.Duration { return time.Duration(film.Reach(100_000, time.Second)) },
	}[of]
}

var lookups = []string{"HLS", "DASH", "MP4", "Span", "Reach"}

func TestLookupsDoNotAllocate(t *testing.T) {
	for _, of := range lookups {
		look := once(t, of)
		if n := testing.AllocsPerRun(100, func() { look() }); n > 0 {
			t.Errorf("%s: %v allocations", of, n)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	for _, of := range lookups {
		b.Run(of, func(b *testing.B) {
			look := once(b, of)
			b.ReportAllocs()
			for b.Loop() {
				look()
			}
		})
	}
}
