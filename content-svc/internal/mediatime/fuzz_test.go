package mediatime_test

import (
	"bytes"
	"log/slog"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"streamgate/content-svc/internal/mediatime"
)

// sound fails unless a file's timeline keeps to what Timeline promises, whatever was read.
func sound(t *testing.T, src string, text []byte, name string, size int64) {
	t.Helper()
	var log bytes.Buffer
	s := &store{files: map[string][]byte{src: text}, opens: map[string]int{}}
	now := time.Unix(1_800_000_000, 0)
	c := mediatime.New(mediatime.Options{Store: s, BitRate: rate, Timeout: patience, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: func() time.Time { return now }})
	file := version(text)
	if name != src {
		file = mediatime.File{Size: size, ETag: `"1"`}
	}
	begin := time.Now()
	film := c.Timeline(t.Context(), src, name, file)
	if took := time.Since(begin); took > patience {
		t.Errorf("took %v", took)
	}
	if strings.Contains(log.String(), "decode: ") {
		t.Error(log.String())
	}
	offsets := []int64{0, 1, file.Size / 3, file.Size / 2, file.Size - file.Size/7, file.Size - 1, file.Size}
	slices.Sort(offsets)
	var before time.Duration
	for _, o := range offsets {
		s := film.Span(0, o)
		if s.Duration < before {
			t.Fatalf("%v at %d, after %v", s.Duration, o, before)
		}
		before = max(before, s.Duration)
		for _, d := range []time.Duration{0, time.Nanosecond, time.Second, time.Hour, math.MaxInt64} {
			to := film.Reach(o, d)
			if to < min(max(o, 0), file.Size) || to > file.Size || film.Span(o, to).Duration > d {
				t.Fatalf("%v from %d of %d: %d, %v", d, o, file.Size, to, film.Span(o, to).Duration)
			}
		}
	}
	// No film is free that isn't small: at most 32 times the configured bit rate, over the whole file.
	if whole := film.Duration(); name == src && film.Kind == mediatime.Progressive && float64(file.Size)*8 > 33*rate*whole.Seconds() {
		t.Errorf("%d bytes for %v", file.Size, whole)
	}
}

func FuzzM3U8(f *testing.F) {
	for _, text := range []string{
		vod, window(7, 3, "#EXT-X-PROGRAM-DATE-TIME:2026-11-27T12:00:00.000Z\n"),
		"#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",URI=\"a.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS=\"avc1,mp4a\"\nv.m3u8\n",
		"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n#EXT-X-BYTERANGE:4@9\n0.m4s\n#EXTINF:NaN,\n#EXT-X-BYTERANGE:18446744073709551615\n0.m4s\n" +
			"#EXT-X-PART:DURATION=1e300,URI=\"0.m4s\",BYTERANGE=\"7@3\"\n",
	} {
		f.Add([]byte(text), int64(1000))
	}
	f.Fuzz(func(t *testing.T, text []byte, size int64) {
		sound(t, "x/i.m3u8", text, "x/0.m4s", max(size, 0))
	})
}

func FuzzMPD(f *testing.F) {
	for _, text := range []string{
		channel(5, 3, true), channel(5, 3, false),
		document(`mediaPresentationDuration="PT9S"`, `<Period>`+sets(`<SegmentTemplate timescale="3" duration="4" startNumber="0" media="$Number%01d$.m4s"/>`)+`</Period>`),
		document(`mediaPresentationDuration="PT9S"`, `<Period><AdaptationSet mimeType="video/mp4"><Representation id="1"><BaseURL>0.m4s</BaseURL><SegmentList duration="3"><SegmentURL mediaRange="0-9"/></SegmentList></Representation></AdaptationSet></Period>`),
	} {
		f.Add([]byte(text), int64(1000))
	}
	f.Fuzz(func(t *testing.T, text []byte, size int64) {
		sound(t, "x/i.mpd", text, "x/0.m4s", max(size, 0))
		sound(t, "x/i.mpd", text, "x/v1/100.m4s", max(size, 0))
	})
}

func FuzzFilm(f *testing.F) {
	for _, name := range []string{"bars.mp4", "channel.webm"} {
		film, err := os.ReadFile("../demo/media/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(film[:20_000])
		f.Add(append(film[:3000:3000], film[len(film)-3000:]...))
	}
	f.Add(append(movieOf(20, trackOf(1, "vide", 2000, 10, offsets(10, 700, 10)...)), box("mdat", make([]byte, 100))...))
	trex := box("mvex", box("trex", words(0, 1, 1, 1000, 10, 0)))
	init := box("moov", box("mvhd", words(0, 0, 0, 1, 0), make([]byte, 80)), trackOf(1, "vide", 0, 0), trex)
	moof := box("moof", box("mfhd", words(0, 1)), box("traf", box("tfhd", words(0x20000, 1)), box("tfdt", words(0, 0)), box("trun", words(0, 4))))
	fragment := slices.Concat(moof, box("mdat", make([]byte, 40)))
	f.Add(slices.Concat(init, bytes.Repeat(fragment, 20)))
	sidx := box("sidx", words(0, 1, 1000, 0, 0, 2, uint32(len(fragment)), 4000, 0, uint32(len(fragment)), 4000, 0))
	f.Add(slices.Concat(init, sidx, fragment, fragment))
	f.Fuzz(func(t *testing.T, text []byte) { sound(t, "a.mp4", text, "a.mp4", 0) })
}
