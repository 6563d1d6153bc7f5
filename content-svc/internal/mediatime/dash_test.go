package mediatime_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"streamgate/content-svc/internal/mediatime"
)

const manifest = "films/x/manifest.mpd"

// document is an MPD of such periods.
func document(attributes, periods string) string {
	return `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" ` +
		attributes + `>` + periods + `</MPD>`
}

// sets are adaptation sets of pictures, sound, subtitles and thumbnails with the same segment information.
func sets(info string) string {
	return `<AdaptationSet contentType="video" mimeType="video/mp4">` + info +
		`<Representation id="v1" bandwidth="400000" codecs="avc1.42e00a"/><Representation id="v2" bandwidth="4000000" codecs="avc1.42e00a"/></AdaptationSet>` +
		`<AdaptationSet contentType="audio"><Representation id="a1" bandwidth="64000" mimeType="audio/mp4">` + info + `</Representation></AdaptationSet>` +
		`<AdaptationSet mimeType="application/mp4"><Representation id="t1" bandwidth="100" codecs="stpp">` + info + `</Representation></AdaptationSet>` +
		`<AdaptationSet mimeType="image/jpeg"><Representation id="i1" bandwidth="100">` + info + `</Representation></AdaptationSet>`
}

func TestDASHTemplateWithDuration(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{manifest: document(`type="static" mediaPresentationDuration="PT21S"`,
		`<Period duration="PT11S">`+sets(`<SegmentTemplate timescale="1000" duration="4000" startNumber="0" initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number%05d$.m4s"/>`)+`</Period>`+
			`<Period>`+sets(`<SegmentTemplate timescale="90000" duration="450000" presentationTimeOffset="990000" initialization="two/$RepresentationID$/init.mp4" media="two/$Bandwidth$/$RepresentationID$-$Number$-$Number$.m4s"/>`)+`</Period>`)})
	r.expect(manifest, "films/x/v1/00000.m4s", 0, 4*time.Second)
	r.expect(manifest, "films/x/v2/00001.m4s", 4*time.Second, 4*time.Second)
	r.expect(manifest, "films/x/v2/00002.m4s", 8*time.Second, 3*time.Second) // cut short by the period's end
	r.expect(manifest, "films/x/two/400000/v1-1-1.m4s", 11*time.Second, 5*time.Second)
	r.expect(manifest, "films/x/two/4000000/v2-2-2.m4s", 16*time.Second, 5*time.Second)
	for _, name := range []string{"v1/init.mp4", "two/v2/init.mp4", "a1/00001.m4s", "t1/00001.m4s", "i1/00001.m4s", "two/64000/a1-1-1.m4s"} {
		r.expectKind(manifest, "films/x/"+name, mediatime.Free)
	}
	for _, name := range []string{"v1/00009.m4s", "v1/.m4s", "v1/-1.m4s", "v1/99999999999999999999.m4s", "two/400000/v1-1-2.m4s", "v3/00001.m4s"} {
		r.expectKind(manifest, "films/x/"+name, mediatime.Estimated)
	}
	if a, b := r.sized(manifest, "films/x/v1/00000.m4s", 9), r.sized(manifest, "films/x/v2/00001.m4s", 9); a.Rendition == b.Rendition {
		t.Error("renditions can't be told apart")
	}
	if r.lines() != 0 || r.opened(manifest) != 1 {
		t.Error(r.opened(manifest), r.log.String())
	}
}

func TestDASHTimeline(t *testing.T) {
	t.Parallel()
	const timeline = `<SegmentTimeline><S t="900000" d="180000" r="1"/><S d="90000"/><S t="1440000" d="360000" r="-1"/></SegmentTimeline></SegmentTemplate>`
	r := newRig(t, map[string]string{
		manifest: document(`type="static" mediaPresentationDuration="PT14S"`,
			`<Period><BaseURL>one/</BaseURL>`+sets(`<SegmentTemplate timescale="90000" presentationTimeOffset="900000" media="$RepresentationID$/$Time$.m4s">`+timeline)+`</Period>`),
		"films/x/number.mpd": document(`type="static" mediaPresentationDuration="PT14S"`,
			`<Period>`+sets(`<SegmentTemplate timescale="90000" presentationTimeOffset="900000" startNumber="7" media="$RepresentationID$-$Number$.m4s">`+timeline)+`</Period>`),
	})
	const byNumber = "films/x/number.mpd"
	for i, c := range []struct {
		time  string
		at, d float64
	}{{"900000", 0, 2}, {"1080000", 2, 2}, {"1260000", 4, 1}, {"1440000", 6, 4}, {"1800000", 10, 4}} {
		r.expect(manifest, "films/x/one/v1/"+c.time+".m4s", seconds(c.at), seconds(c.d))
		r.expect(byNumber, fmt.Sprintf("films/x/v1-%d.m4s", 7+i), seconds(c.at), seconds(c.d))
	}
	r.expectKind(manifest, "films/x/one/a1/900000.m4s", mediatime.Free)
	for _, name := range []string{"900001", "2160000", "0"} {
		r.expectKind(manifest, "films/x/one/v1/"+name+".m4s", mediatime.Estimated)
	}
	r.expectKind(byNumber, "films/x/v1-12.m4s", mediatime.Estimated)
}

func TestDASHList(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{manifest: document(`type="static" mediaPresentationDuration="PT10S"`,
		`<Period><AdaptationSet mimeType="video/mp4"><SegmentList timescale="10" duration="40"><Initialization sourceURL="init.mp4"/></SegmentList>`+
			`<Representation id="files" bandwidth="1"><SegmentList><SegmentURL media="a.m4s"/><SegmentURL media="b.m4s"/><SegmentURL media="c.m4s"/></SegmentList></Representation>`+
			`<Representation id="ranges" bandwidth="2"><BaseURL>film.mp4</BaseURL><SegmentList><SegmentURL mediaRange="100-400099"/><SegmentURL mediaRange="400100-800099"/><SegmentURL mediaRange="nonsense"/></SegmentList></Representation>`+
			`</AdaptationSet></Period>`)})
	r.expect(manifest, "films/x/b.m4s", 4*time.Second, 4*time.Second)
	r.expect(manifest, "films/x/c.m4s", 8*time.Second, 2*time.Second)
	r.expectKind(manifest, "films/x/init.mp4", mediatime.Free)
	film := r.sized(manifest, "films/x/film.mp4", 800_100)
	if film.Kind != mediatime.Segment || film.Span(0, 400_100) != (mediatime.Span{Duration: 4 * time.Second}) || film.Span(400_100, 800_100).Position != 4*time.Second {
		t.Errorf("%v, %v", film.Kind, film.Span(0, 400_100))
	}
}

// Of one file for each rendition, the file's own index counts, whatever its name, at the place of its period.
func TestDASHOnDemand(t *testing.T) {
	t.Parallel()
	film := string(movieOf(20, trackOf(1, "vide", 2000, 200_000, offsets(10, 1000, 200_000)...)))
	film += string(box("free", make([]byte, 1000-16-len(film)))) + string(box("mdat", make([]byte, 2_000_000)))
	r := newRig(t, map[string]string{
		manifest: document(`mediaPresentationDuration="PT50S"`, `<Period duration="PT30S"/><Period>`+
			`<AdaptationSet mimeType="video/mp4"><Representation id="v"><BaseURL>one.video</BaseURL><SegmentBase timescale="10" presentationTimeOffset="50" indexRange="1-2"/></Representation></AdaptationSet>`+
			`<AdaptationSet mimeType="audio/mp4"><Representation id="a"><BaseURL>one.audio</BaseURL></Representation></AdaptationSet></Period>`),
		"films/x/one.video": film, "films/x/one.audio": film,
	})
	video := r.timeline(manifest, "films/x/one.video")
	if s := video.Span(1000, 1_001_000); video.Kind != mediatime.Progressive || s != (mediatime.Span{Position: 25 * time.Second, Duration: 10 * time.Second}) || video.Rendition == 0 {
		t.Errorf("%v, %v", video.Kind, s)
	}
	r.expectKind(manifest, "films/x/one.audio", mediatime.Free)
}

// Where there is no picture, sound costs its time.
func TestDASHOfSoundAlone(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{manifest: document(`type="static" mediaPresentationDuration="PT10S"`,
		`<Period><AdaptationSet mimeType="audio/mp4"><SegmentTemplate duration="5" media="$Number$.m4s"/><Representation id="a" bandwidth="1"/></AdaptationSet></Period>`)})
	r.expect(manifest, "films/x/2.m4s", 5*time.Second, 5*time.Second)
}

// channel is an MPD with segments of two seconds from one number on.
func channel(first, count int, startNumber bool) string {
	number := ""
	media := "$RepresentationID$/$Time$.m4s"
	if startNumber {
		number, media = fmt.Sprintf(`startNumber="%d"`, first), "$RepresentationID$/$Number$.m4s"
	}
	return document(`type="dynamic" availabilityStartTime="2026-11-27T12:00:00Z" minimumUpdatePeriod="PT2S"`,
		`<Period id="p" start="PT0S">`+sets(fmt.Sprintf(`<SegmentTemplate timescale="10" %s media="%s"><SegmentTimeline><S t="%d" d="20" r="%d"/></SegmentTimeline></SegmentTemplate>`,
			number, media, first*20, count-1))+`</Period>`)
}

func TestDASHLive(t *testing.T) {
	t.Parallel()
	for _, numbers := range []bool{false, true} {
		t.Run(map[bool]string{true: "by number", false: "by time"}[numbers], func(t *testing.T) {
			t.Parallel()
			name := func(n int) string {
				if numbers {
					return fmt.Sprintf("films/x/v1/%d.m4s", n)
				}
				return fmt.Sprintf("films/x/v1/%d.m4s", n*20)
			}
			r := newRig(t, map[string]string{manifest: channel(100, 5, numbers)})
			r.expect(manifest, name(104), 208*time.Second, 2*time.Second)
			r.put(manifest, []byte(channel(103, 5, numbers)))
			r.timeline(manifest, manifest)
			r.expect(manifest, name(107), 214*time.Second, 2*time.Second)
			r.expect(manifest, name(100), 200*time.Second, 2*time.Second) // it left the window, and is still known
			r.put(manifest, []byte(channel(106, 5, numbers)))
			r.expectKind(manifest, name(110), mediatime.Estimated)
			r.pass(time.Second)
			r.expect(manifest, name(110), 220*time.Second, 2*time.Second)
			r.expect(manifest, name(100), 200*time.Second, 2*time.Second)
			r.put(manifest, []byte(channel(200, 5, numbers)))
			r.timeline(manifest, manifest)
			r.expect(manifest, name(204), 408*time.Second, 2*time.Second)
			r.expectKind(manifest, name(100), mediatime.Estimated)
			if r.lines() != 0 {
				t.Error(r.log.String())
			}
		})
	}
}

func TestDASHThatLies(t *testing.T) {
	t.Parallel()
	period := func(info string) string {
		return document(`mediaPresentationDuration="PT10S"`, `<Period>`+sets(info)+`</Period>`)
	}
	for name, text := range map[string]string{
		"not XML":             "\x00\x01" + strings.Repeat("x", 1000),
		"empty":               "",
		"a duration of 0":     period(`<SegmentTemplate duration="0" media="v1/0.m4s"/>`),
		"segments of nothing": period(`<SegmentTemplate timescale="4294967295" duration="1" startNumber="0" media="$RepresentationID$/$Number$.m4s"/>`),
		"segments of a day":   document(`mediaPresentationDuration="P9D"`, `<Period>`+sets(`<SegmentTemplate duration="86400" startNumber="0" media="$RepresentationID$/$Number$.m4s"/>`)+`</Period>`),
		"no timescale":        period(`<SegmentTemplate timescale="0" duration="1" startNumber="1" media="$RepresentationID$/$Number$.m4s"/>`),
		"overflow": period(`<SegmentTemplate startNumber="0" media="$RepresentationID$/$Number$.m4s"><SegmentTimeline>` +
			`<S t="18446744073709551615" d="18446744073709551615" r="2147483647"/><S d="9223372036854775807" r="-1"/></SegmentTimeline></SegmentTemplate>`),
		"an entity bomb": `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><MPD>&b;</MPD>`,
		"too deep": document(`mediaPresentationDuration="PT10S"`, strings.Repeat("<a>", 1000)+strings.Repeat("</a>", 1000)+
			`<Period>`+sets(`<SegmentTemplate duration="3" startNumber="0" media="$RepresentationID$/$Number$.m4s"/>`)+`</Period>`),
		"too many": "<MPD>" + strings.Repeat("<a/>", 300_000) + "</MPD>",
		"timelines without end": document(`type="dynamic"`, `<Period><AdaptationSet mimeType="video/mp4"><SegmentTemplate media="v1/$RepresentationID$$Number$.m4s"><SegmentTimeline>`+
			strings.Repeat(`<S d="1"/>`, 100_000)+`</SegmentTimeline></SegmentTemplate>`+strings.Repeat(`<Representation id="x"/>`, 1_999)+`</AdaptationSet></Period>`),
		"too long":       "<MPD>" + strings.Repeat(" ", 5_000_000) + "</MPD>",
		"another folder": document("", `<Period><BaseURL>../y/</BaseURL>`+sets(`<SegmentTemplate duration="5" startNumber="0" media="$RepresentationID$/$Number$.m4s"/>`)+`</Period>`),
		"another server": document("", `<BaseURL>https://films/x/</BaseURL><Period>`+sets(`<SegmentTemplate duration="5" startNumber="0" media="$RepresentationID$/$Number$.m4s"/>`)+`</Period>`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, map[string]string{manifest: text})
			begin := time.Now()
			for range 3 {
				if film := r.sized(manifest, "films/x/v1/0.m4s", 500_000); film.Duration() != 5*time.Second {
					t.Errorf("%v, %v; want 5s, by the configured bit rate", film.Kind, film.Duration())
				}
			}
			if took := time.Since(begin); took > patience {
				t.Errorf("took %v", took)
			}
			if n := r.lines(); n > 1 {
				t.Errorf("%d lines: %s", n, r.log.String())
			}
		})
	}
}

// What XML allows.
func TestDASHIsXML(t *testing.T) {
	t.Parallel()
	const period = `<Period><AdaptationSet mimeType='video/mp4'><SegmentTemplate duration="4" startNumber="0" media="$Number$.m4s"></SegmentTemplate><Representation id="1"/></AdaptationSet></Period>`
	for name, text := range map[string]string{
		"a > in a text":       document(`mediaPresentationDuration="PT1M"`, `<Title>a > b</Title>`+period),
		"namespaces, CDATA":   document(`xmlns:x="urn:x" mediaPresentationDuration="P0DT0H1M0.0S"`, `<x:Event><![CDATA[<MPD>]]></x:Event>`+period),
		"an unknown duration": document(`mediaPresentationDuration="soon"`, period),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newRig(t, map[string]string{manifest: text}).expect(manifest, "films/x/7.m4s", 28*time.Second, 4*time.Second)
		})
	}
}

// A template of a thousand million segments takes no more than one of ten.
func TestDASHTemplateOfAThousandMillion(t *testing.T) {
	t.Parallel()
	r := newRig(t, map[string]string{manifest: document(`mediaPresentationDuration="PT4000000000S"`,
		`<Period>`+sets(`<SegmentTemplate duration="4" startNumber="0" media="$RepresentationID$/$Number$.m4s"/>`)+`</Period>`)})
	r.expect(manifest, "films/x/v1/999999999.m4s", 4*999_999_999*time.Second, 4*time.Second)
}
