package mediatime_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"strings"
	"testing"
	"time"

	"streamgate/content-svc/internal/mediatime"
)

// box makes a box of an MP4 file.
func box(kind string, content ...[]byte) []byte {
	body := bytes.Join(content, nil)
	return append(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), append([]byte(kind), body...)...)
}

// words makes numbers of 32 bits.
func words(numbers ...uint32) (b []byte) {
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return b
}

// trackOf makes a trak box of samples, each so many ticks of 1/1000 s long and in a chunk of its own.
func trackOf(id uint32, handler string, ticks, size uint32, offsets ...uint32) []byte {
	n := uint32(len(offsets))
	return box("trak",
		box("tkhd", words(0, 0, 0, id, 0, 0), make([]byte, 60)),
		box("mdia",
			box("mdhd", words(0, 0, 0, 1000, 0, 0)),
			box("hdlr", words(0, 0), []byte(handler), make([]byte, 13)),
			box("minf", box("stbl",
				box("stts", words(0, 1, n, ticks)),
				box("stsc", words(0, 1, 1, 1, 1)),
				box("stsz", words(0, size, n)),
				box("stco", append(words(0, n), words(offsets...)...)),
			)),
		))
}

func movieOf(seconds uint32, tracks ...[]byte) []byte {
	return box("moov", append([][]byte{box("mvhd", words(0, 0, 0, 1, seconds), make([]byte, 80))}, tracks...)...)
}

// offsets returns n offsets from a first one on.
func offsets(n int, first, step uint32) (all []uint32) {
	for range n {
		all = append(all, first)
		first += step
	}
	return all
}

func TestMP4(t *testing.T) {
	t.Parallel()
	const head = 1000 // where the media begins; moov is padded to it
	file := func(moov []byte, media int) string {
		b := append(box("ftyp", []byte("isom\x00\x00\x00\x00")), moov...)
		b = append(b, box("free", make([]byte, head-16-len(b)))...)
		return string(append(b, box("mdat", make([]byte, media))...))
	}
	const mdat = "\x00\x00\x00\x00mdat"
	ten := offsets(10, head, 200_000)
	for name, c := range map[string]struct {
		file string
		kind mediatime.Kind
		d    time.Duration
		// the span of the third fifth of the media
		at, fifth time.Duration
	}{
		"interleaved": {
			file(movieOf(20, trackOf(1, "vide", 2000, 150_000, ten...), trackOf(2, "soun", 2000, 50_000, offsets(10, head+150_000, 200_000)...)), 2_000_000),
			mediatime.Progressive, 20 * time.Second, 8 * time.Second, 4 * time.Second,
		},
		"sound before pictures": {
			file(movieOf(20, trackOf(1, "vide", 2000, 120_000, offsets(10, head+800_000, 120_000)...), trackOf(2, "soun", 2000, 80_000, offsets(10, head, 80_000)...)), 2_000_000),
			mediatime.Progressive, 20 * time.Second, 0, 6666 * time.Millisecond,
		},
		"more sound than pictures": {
			file(movieOf(20, trackOf(1, "vide", 2000, 40_000, offsets(10, head+1_600_000, 40_000)...), trackOf(2, "soun", 2000, 160_000, offsets(10, head, 160_000)...)), 2_000_000),
			mediatime.Progressive, 20 * time.Second, 8 * time.Second, 4 * time.Second,
		}, // evenly
		"a title page": {
			file(movieOf(20, trackOf(1, "vide", 20_000, 90, head), trackOf(2, "soun", 2000, 200_000, ten...)), 2_000_000),
			mediatime.Progressive, 20 * time.Second, 8 * time.Second, 4 * time.Second,
		},
		"of a length of its own": {
			strings.Replace(file(movieOf(20, trackOf(1, "vide", 2000, 200_000, ten...)), 2_000_000), "\x00\x1e\x84\x88mdat", mdat, 1),
			mediatime.Progressive, 20 * time.Second, 8 * time.Second, 4 * time.Second,
		},
		"cut off": {
			file(movieOf(20, trackOf(1, "vide", 2000, 200_000, ten...)), 1_000_000),
			mediatime.Progressive, 10 * time.Second, 4 * time.Second, 2 * time.Second,
		},
		"chunks in no order": {
			file(movieOf(20, trackOf(1, "vide", 10_000, 100, head+1_000_000, head)), 2_000_000),
			mediatime.Progressive, 20 * time.Second, 8 * time.Second, 4 * time.Second,
		}, // evenly
		"no tracks, no fragments":   {file(movieOf(20), 2_000_000), mediatime.Estimated, 0, 0, 0},
		"an initialization segment": {string(append(movieOf(0, trackOf(1, "vide", 0, 0)), box("free")...)), mediatime.Estimated, 0, 0, 0},
		"a millisecond":             {file(movieOf(0, trackOf(1, "vide", 1, 200_000, ten...)), 2_000_000), mediatime.Estimated, 0, 0, 0},
		"a year":                    {file(movieOf(0, trackOf(1, "vide", 3_000_000_000, 200_000, ten...)), 2_000_000), mediatime.Estimated, 0, 0, 0},
		"nearly all in the last bytes": {
			file(movieOf(20, trackOf(1, "vide", 1000, 1, append(offsets(1, head, 0), offsets(19, head+7_999_900, 1)...)...)), 8_000_000),
			mediatime.Estimated, 0, 0, 0,
		},
		"chunks beyond the end": {
			file(movieOf(20, trackOf(1, "vide", 2000, 200_000, offsets(10, 3_000_000, 200_000)...)), 2_000_000),
			mediatime.Progressive, 20 * time.Second, 8 * time.Second, 4 * time.Second,
		}, // evenly
		"a moov of nonsense":   {file(box("moov", bytes.Repeat([]byte("\xff"), 300)), 2_000_000), mediatime.Estimated, 0, 0, 0},
		"a moov too long":      {string(words(0x7f000000)) + "moov" + strings.Repeat("x", 2_000_000), mediatime.Estimated, 0, 0, 0},
		"a box of nothing":     {string(words(8)) + "ftyp" + string(words(4)) + "moov" + strings.Repeat("x", 2_000_000), mediatime.Estimated, 0, 0, 0},
		"boxes without end":    {strings.Repeat(string(box("free")), 300_000), mediatime.Estimated, 0, 0, 0},
		"far apart":            {strings.Repeat(string(box("free", make([]byte, 70_000))), 300), mediatime.Estimated, 0, 0, 0},
		"text":                 {strings.Repeat("The quick brown fox. ", 100_000), mediatime.Estimated, 0, 0, 0},
		"Matroska of nonsense": {"\x1a\x45\xdf\xa3" + strings.Repeat("\xff", 2_000_000), mediatime.Estimated, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, map[string]string{"a.mp4": c.file})
			size := int64(len(c.file))
			if c.kind == mediatime.Estimated {
				c.d = time.Duration(size) * 8 * time.Second / rate
			}
			for range 3 {
				film := r.timeline("a.mp4", "a.mp4")
				if film.Kind != c.kind || !near(film.Duration(), c.d) {
					t.Fatalf("%v, %v; want %v, %v: %s", film.Kind, film.Duration(), c.kind, c.d, r.log.String())
				}
				if c.kind != mediatime.Progressive {
					continue
				}
				media := size - head
				if s := film.Span(head+media*2/5, head+media*3/5); (s.Position-c.at).Abs() > 20*time.Millisecond || (s.Duration-c.fifth).Abs() > 20*time.Millisecond {
					t.Errorf("the third fifth: %v; want %v, %v", s, c.at, c.fifth)
				}
			}
			if n := r.lines(); (n == 1) != (c.kind == mediatime.Estimated) {
				t.Errorf("%d lines: %s", n, r.log.String())
			}
			if r.opened("a.mp4") > 300 || r.bytes > mediatime.MaxHeader {
				t.Errorf("%d reads of %d bytes", r.opened("a.mp4"), r.bytes)
			}
		})
	}
}

func TestInitializationSegmentsAreFree(t *testing.T) {
	t.Parallel()
	moov := box("moov", box("mvhd", words(0, 0, 0, 1, 0), make([]byte, 80)), trackOf(1, "vide", 0, 0), box("mvex", box("trex", words(0, 1, 1, 0, 0, 0))))
	r := newRig(t, map[string]string{"films/x/i.m3u8": vod, "films/x/old.mp4": string(moov)})
	if film := r.timeline("films/x/i.m3u8", "films/x/old.mp4"); film.Kind != mediatime.Free || r.lines() != 0 {
		t.Errorf("%v: %s", film.Kind, r.log.String())
	}
}

// The demo films, which are in the program.
func TestDemoFilms(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]time.Duration{"bars.mp4": 14 * time.Second, "mandelbrot.mp4": 14 * time.Second, "channel.webm": 20 * time.Second} {
		text, err := os.ReadFile("../demo/media/" + name)
		if err != nil {
			t.Fatal(err)
		}
		r := newRig(t, map[string]string{"demo/" + name: string(text)})
		film := r.timeline("demo/"+name, "demo/"+name)
		if film.Kind != mediatime.Progressive || (film.Duration()-want).Abs() > 100*time.Millisecond || film.Span(0, 400).Duration != 0 {
			t.Errorf("%s: %v, %v, of which %v for its header", name, film.Kind, film.Duration(), film.Span(0, 400).Duration)
		}
	}
}
