package mediatime_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"streamgate/content-svc/internal/mediatime"
)

const (
	master = "films/x/master.m3u8"

	vod = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-MAP:URI=\"init.mp4\"\n" +
		"#EXTINF:6.000,\n0.m4s\n#EXTINF:5.5,a title\n1.m4s\n#EXT-X-DISCONTINUITY\n#EXTINF:2.25\n2%20b.m4s?x=1\n#EXT-X-ENDLIST\n"
)

func TestHLSMediaPlaylist(t *testing.T) {
	t.Parallel()
	const src = "films/x/index.m3u8"
	r := newRig(t, map[string]string{src: vod})
	r.expect(src, "films/x/0.m4s", 0, 6*time.Second)
	r.expect(src, "films/x/1.m4s", 6*time.Second, seconds(5.5))
	r.expect(src, "films/x/2 b.m4s", seconds(11.5), seconds(2.25)) // also over a discontinuity
	r.expectKind(src, "films/x/init.mp4", mediatime.Free)
	if film := r.timeline(src, src); film.Kind != mediatime.Free {
		t.Errorf("the playlist: %v", film.Kind)
	}
	r.expectKind(src, "films/x/subs.vtt", mediatime.Free)
	r.expectKind(src, "films/x/other.ts", mediatime.Estimated)
	if n := r.opened(src); n != 1 {
		t.Errorf("the playlist was read %d times", n)
	}
	half := r.sized(src, "films/x/1.m4s", 1000).Span(500, 750)
	if half.Position != 6*time.Second+2750*time.Millisecond || half.Duration != 1375*time.Millisecond {
		t.Errorf("a part of a segment: %v", half)
	}
}

func TestHLSMasterPlaylist(t *testing.T) {
	t.Parallel()
	media := func(prefix string, durations ...float64) string {
		text := "#EXTM3U\n#EXT-X-TARGETDURATION:6\n"
		for i, d := range durations {
			text += fmt.Sprintf("#EXTINF:%g,\n%s%d.ts\n", d, prefix, i)
		}
		return text + "#EXT-X-ENDLIST\n"
	}
	r := newRig(t, map[string]string{
		master: "\ufeff#EXTM3U\r\n#EXT-X-VERSION:12\r\n" +
			"#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"en\",URI=\"audio/en.m3u8\"\r\n" +
			"#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"en\",URI=\"subs/en.m3u8\"\r\n" +
			"#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID=\"v\",NAME=\"angle\",URI=\"angle.m3u8\"\r\n" +
			"#EXT-X-MEDIA:TYPE=CLOSED-CAPTIONS,GROUP-ID=\"c\",NAME=\"en\",INSTREAM-ID=\"CC1\"\r\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=400000,CODECS=\"avc1.42e00a,mp4a.40.2\",AUDIO=\"a\"\r\nlow/i.m3u8\r\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=4000000,RESOLUTION=1920x1080,AUDIO=\"a\"\r\nhigh/i.m3u8\r\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2\"\r\nradio/i.m3u8\r\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2\",AUDIO=\"a\"\r\naudio/en.m3u8\r\n" +
			"#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=9,URI=\"iframes.m3u8\"\r\n",
		"films/x/low/i.m3u8": media("", 6, 4), "films/x/high/i.m3u8": media("../segments/h", 4, 6),
		"films/x/radio/i.m3u8": media("", 6), "films/x/audio/en.m3u8": media("", 6, 4), "films/x/subs/en.m3u8": media("", 6, 4),
		"films/x/angle.m3u8": media("angle", 6),
	})
	r.expect(master, "films/x/low/1.ts", 6*time.Second, 4*time.Second)
	r.expect(master, "films/x/segments/h1.ts", 4*time.Second, 6*time.Second)
	r.expect(master, "films/x/radio/0.ts", 0, 6*time.Second)
	r.expect(master, "films/x/angle0.ts", 0, 6*time.Second)
	r.expectKind(master, "films/x/audio/1.ts", mediatime.Free)
	r.expectKind(master, "films/x/subs/1.ts", mediatime.Free)
	r.expectKind(master, "films/x/audio/en.m3u8", mediatime.Free)
	r.expectKind(master, "films/x/iframes.m3u8", mediatime.Free)
	low, high := r.sized(master, "films/x/low/0.ts", 9), r.sized(master, "films/x/segments/h0.ts", 9)
	if low.Rendition == high.Rendition || low.Rendition == 0 || low.Rendition != r.sized(master, "films/x/low/1.ts", 9).Rendition {
		t.Error("renditions can't be told apart")
	}
	if r.lines() != 0 {
		t.Error(r.log.String())
	}
}

// Where there is no picture, sound costs its time.
func TestHLSOfSoundAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{
		master: "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"de\",URI=\"de.m3u8\"\n" +
			"#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS=\"mp4a.40.2,ac-3\",AUDIO=\"a\"\nen.m3u8\n",
		"films/x/en.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nen.aac\n#EXT-X-ENDLIST\n",
		"films/x/de.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nde.aac\n#EXT-X-ENDLIST\n",
	})
	r.expect(master, "films/x/en.aac", 0, 9*time.Second)
	r.expect(master, "films/x/de.aac", 0, 9*time.Second)
}

func TestHLSByteRanges(t *testing.T) {
	t.Parallel()
	const src = "films/x/index.m3u8"
	r := newRig(t, map[string]string{src: "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MAP:URI=\"film.mp4\",BYTERANGE=\"100@0\"\n" +
		"#EXTINF:6,\n#EXT-X-BYTERANGE:600000@100\nfilm.mp4\n#EXTINF:4,\n#EXT-X-BYTERANGE:400000\nfilm.mp4\n#EXT-X-ENDLIST\n"})
	film := r.sized(src, "films/x/film.mp4", 1_000_100)
	for _, c := range []struct {
		from, to int64
		want     mediatime.Span
	}{
		{0, 100, mediatime.Span{}},
		{100, 600_100, mediatime.Span{Duration: 6 * time.Second}},
		{600_100, 1_000_100, mediatime.Span{Position: 6 * time.Second, Duration: 4 * time.Second}},
		{300_100, 700_100, mediatime.Span{Position: 3 * time.Second, Duration: 4 * time.Second}},
		{0, 2_000_000, mediatime.Span{Duration: 10 * time.Second}},
		{-5, 50, mediatime.Span{}},
		{900, 100, mediatime.Span{Position: 8 * time.Millisecond}},
	} {
		if got := film.Span(c.from, c.to); film.Kind != mediatime.Segment || got != c.want {
			t.Errorf("%d-%d: %v, %v; want %v", c.from, c.to, film.Kind, got, c.want)
		}
	}
	for from, want := range map[int64]int64{0: 300_100, 100: 300_100, 600_100: 900_100, 900_100: 1_000_100} {
		if got := film.Reach(from, 3*time.Second); got != want {
			t.Errorf("3 s from %d: %d; want %d", from, got, want)
		}
	}
}

// window is a live playlist of segments of six seconds, with the sequence number of the first.
func window(first, count int, more string) string {
	text := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:%d\n%s", first, more)
	for i := first; i < first+count; i++ {
		text += fmt.Sprintf("#EXTINF:5.8,\n%d.ts\n", i)
	}
	return text
}

func TestHLSLive(t *testing.T) {
	t.Parallel()
	const src = "live/x/index.m3u8"
	r := newRig(t, map[string]string{src: window(100, 3, "")})
	r.expect(src, "live/x/100.ts", 600*time.Second, seconds(5.8))
	r.expect(src, "live/x/102.ts", seconds(611.6), seconds(5.8))

	// A player was given a newer playlist: it is read at once, and the positions go on.
	r.put(src, []byte(window(102, 3, "")))
	r.timeline(src, src)
	r.expect(src, "live/x/104.ts", seconds(623.2), seconds(5.8))
	r.expect(src, "live/x/100.ts", 600*time.Second, seconds(5.8)) // it left the window, and is still known
	if n := r.opened(src); n != 2 {
		t.Errorf("read %d times", n)
	}

	// A player of another replica was: what isn't known is asked for, at most once a second.
	r.put(src, []byte(window(104, 3, "")))
	r.expectKind(src, "live/x/106.ts", mediatime.Estimated)
	r.pass(time.Second)
	r.expect(src, "live/x/106.ts", seconds(634.8), seconds(5.8))
	for range 50 {
		r.expectKind(src, "live/x/107.ts", mediatime.Estimated)
	}
	if n := r.opened(src); n != 3 {
		t.Errorf("read %d times", n)
	}

	// A gap, then what is older than two minutes is forgotten.
	r.put(src, []byte(window(117, 3, "")))
	r.timeline(src, src)
	r.expect(src, "live/x/117.ts", seconds(640.6)+60*time.Second, seconds(5.8))
	r.put(src, []byte(window(140, 3, "")))
	r.timeline(src, src)
	r.expectKind(src, "live/x/100.ts", mediatime.Estimated)

	// The encoder began anew.
	r.put(src, []byte(strings.ReplaceAll(window(0, 3, ""), ".ts", "b.ts")))
	r.timeline(src, src)
	begin := r.sized(src, "live/x/0b.ts", 500_000).Span(0, 1).Position
	if last := r.sized(src, "live/x/142.ts", 500_000).Span(0, 1).Position; begin != last+seconds(5.8) {
		t.Errorf("%v after %v", begin, last)
	}

	// The programme is over.
	r.put(src, []byte(strings.ReplaceAll(window(1, 4, ""), ".ts", "b.ts")+"#EXT-X-ENDLIST\n"))
	r.timeline(src, src)
	r.expect(src, "live/x/4b.ts", begin+4*seconds(5.8), seconds(5.8))
	if r.lines() != 0 {
		t.Error(r.log.String())
	}
}

// Renditions of a channel that are first seen at different moments have the same clock, if they have a date.
func TestHLSLiveByDate(t *testing.T) {
	t.Parallel()
	const src = "live/x/index.m3u8"
	date := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	tag := "#EXT-X-PROGRAM-DATE-TIME:" + date.Format("2006-01-02T15:04:05.000Z") + "\n"
	r := newRig(t, map[string]string{src: window(100, 3, tag)})
	r.expect(src, "live/x/101.ts", time.Duration(date.UnixNano())+seconds(5.8), seconds(5.8))
}

func TestHLSLowLatency(t *testing.T) {
	t.Parallel()
	const src = "live/x/index.m3u8"
	r := newRig(t, map[string]string{src: "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:4\n#EXT-X-PART-INF:PART-TARGET=1\n" +
		"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=3\n#EXT-X-MEDIA-SEQUENCE:0\n" +
		"#EXT-X-PART:DURATION=2,URI=\"0.0.mp4\"\n#EXT-X-PART:DURATION=2,URI=\"0.1.mp4\"\n#EXTINF:4,\n0.mp4\n" +
		"#EXT-X-PART:DURATION=2,URI=\"1.mp4\",BYTERANGE=\"200000@0\"\n#EXT-X-PART:DURATION=2,URI=\"1.mp4\",BYTERANGE=\"200000@200000\"\n#EXTINF:4,\n1.mp4\n" +
		"#EXT-X-PART:DURATION=1,URI=\"2.0.mp4\"\n#EXT-X-PART:DURATION=1,INDEPENDENT=YES,URI=\"2.1.mp4\"\n" +
		"#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"2.2.mp4\"\n"})
	r.expect(src, "live/x/1.mp4", 4*time.Second, 4*time.Second)
	r.expect(src, "live/x/0.1.mp4", 2*time.Second, 2*time.Second)
	r.expect(src, "live/x/2.0.mp4", 8*time.Second, time.Second)
	r.expect(src, "live/x/2.1.mp4", 9*time.Second, time.Second)
}

func TestHLSThatLies(t *testing.T) {
	t.Parallel()
	const src = "films/x/index.m3u8"
	list := func(target string, lines ...string) string {
		return "#EXTM3U\n#EXT-X-TARGETDURATION:" + target + "\n" + strings.Join(lines, "\n") + "\n#EXT-X-ENDLIST\n"
	}
	for name, text := range map[string]string{
		"no EXTINF":            list("6", "0.ts", "1.ts"),
		"EXTINF of nothing":    list("6", "#EXTINF:0,", "0.ts"),
		"negative":             list("6", "#EXTINF:-6,", "0.ts"),
		"not a number":         list("6", "#EXTINF:NaN,", "0.ts"),
		"infinite":             list("6", "#EXTINF:+Inf,", "0.ts"),
		"no number":            list("6", "#EXTINF:six,", "0.ts"),
		"a millisecond":        list("6", "#EXTINF:0.001,", "0.ts"),
		"a day":                list("6", "#EXTINF:86400,", "0.ts"),
		"a day, and says so":   list("86400", "#EXTINF:86400,", "0.ts"),
		"ten times the target": list("6", "#EXTINF:60,", "0.ts"),
		"a range of nothing":   list("6", "#EXTINF:0.001,", "#EXT-X-BYTERANGE:500000@0", "0.ts"),
		"overlapping ranges":   list("6", "#EXTINF:0.001,", "#EXT-X-BYTERANGE:400000@0", "0.ts", "#EXTINF:0.001,", "#EXT-X-BYTERANGE:500000@0", "0.ts"),
		"not a playlist":       "\x00\x01\x02" + strings.Repeat("x", 1000),
		"empty":                "",
		"too many":             list("6", strings.Repeat("#EXTINF:6,\n0.ts\n", mediatime.MaxSegments+1)),
		"too long":             list("6", "#EXTINF:6,", "0.ts", strings.Repeat("#"+strings.Repeat("x", 1000)+"\n", 5000)),
		"too many variants":    "#EXTM3U\n" + strings.Repeat("#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",URI=\"b.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", 40_000),
		"itself":               "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nindex.m3u8\n",
		"another master":       "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nloop.m3u8\n",
		"another folder":       "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n../y/index.m3u8\n",
		"another server":       "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttps://films/x/other.m3u8\n",
		"the root":             "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/films/x/other.m3u8\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, map[string]string{
				src: text, "films/x/loop.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nindex.m3u8\n",
				"films/y/index.m3u8": list("6", "#EXTINF:6,", "../x/0.ts"), "films/x/other.m3u8": list("6", "#EXTINF:6,", "0.ts"),
			})
			for range 3 {
				film := r.sized(src, "films/x/0.ts", 500_000)
				if film.Duration() != 5*time.Second {
					t.Errorf("%v, %v; want 5s, by the configured bit rate", film.Kind, film.Duration())
				}
			}
			if r.opened("films/y/index.m3u8")+r.opened("films/x/other.m3u8") > 0 {
				t.Error("read what isn't part of the film")
			}
			if n := r.opened(src) + r.opened("films/x/loop.m3u8"); n > 2 {
				t.Errorf("read %d times", n)
			}
			if n := r.lines(); n != 1 {
				t.Errorf("%d lines: %s", n, r.log.String())
			}
		})
	}
}

// What is at the edge of the plausible is believed.
func TestHLSThatIsUnusual(t *testing.T) {
	t.Parallel()
	const src = "films/x/index.m3u8"
	r := newRig(t, map[string]string{src: "#EXTM3U\n#EXT-X-TARGETDURATION:60\n#EXT-X-KEY:METHOD=SAMPLE-AES-CTR,URI=\"skd://x\"\n" +
		"#EXTINF:6,\npeak.ts\n#EXTINF:60,\nblack.ts\n#EXTINF:6,\nempty.ts\n#EXT-X-ENDLIST\n"})
	for name, size := range map[string]int64{"peak": 6 * 32 * rate / 8, "black": 2000} {
		film := r.sized(src, "films/x/"+name+".ts", size)
		if d := film.Duration(); film.Kind != mediatime.Segment || d != 6*time.Second && d != 60*time.Second {
			t.Errorf("%s: %v, %v", name, film.Kind, d)
		}
	}
	if film := r.sized(src, "films/x/empty.ts", 0); film.Kind != mediatime.Segment || film.Reach(0, 0) != 0 {
		t.Errorf("an empty segment: %v", film.Kind)
	}
}
