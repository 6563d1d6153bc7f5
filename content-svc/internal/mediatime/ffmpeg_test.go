package mediatime_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"streamgate/content-svc/internal/mediatime"
)

// encoded makes films of so many seconds with pictures and sound, in the codecs of MP4 and of WebM, and returns their folder. It skips the
// test where there is no ffmpeg.
func encoded(t *testing.T, length int) string {
	t.Helper()
	for _, program := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("there is no " + program)
		}
	}
	folder := t.TempDir()
	duration := "duration=" + strconv.Itoa(length)
	run := func(args string) {
		ffmpeg(t, folder, append([]string{
			"-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:" + duration, "-f", "lavfi", "-i", "sine=" + duration,
			"-threads", "1", "-g", "20", "-keyint_min", "20", "-sc_threshold", "0",
		}, strings.Fields(args)...)...)
	}
	run("-c:v libx264 -preset ultrafast -b:v 200k -c:a aac -b:a 32k h264.mkv")
	run("-c:v libvpx -deadline realtime -cpu-used 8 -b:v 200k -c:a libopus -b:a 32k vp8.mkv")
	return folder
}

func ffmpeg(t *testing.T, folder string, args ...string) {
	t.Helper()
	run := exec.CommandContext(t.Context(), "ffmpeg", append([]string{"-hide_banner", "-loglevel", "error"}, args...)...)
	run.Dir = folder
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// The inputs of ffmpeg.
const (
	h264 = "h264.mkv"
	vp8  = "vp8.mkv"
)

// remux puts an input into other files, without encoding it again, and returns their folder.
func remux(t *testing.T, films, input, args string) string {
	t.Helper()
	folder := t.TempDir()
	words := strings.Fields(args)
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "|", " ")
	}
	ffmpeg(t, folder, append([]string{"-i", filepath.Join(films, input), "-c", "copy"}, words...)...)
	return folder
}

// packet is a packet of a file as ffprobe sees it.
type packet struct {
	Kind string `json:"codec_type"`
	Time string `json:"dts_time"`
	Pos  string `json:"pos"`
}

// probe returns the packets of the picture, or of the sound if there is none, and the duration of a file.
func probe(t *testing.T, file string) ([]packet, time.Duration) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "ffprobe", "-v", "error", "-show_entries", "packet=codec_type,dts_time,pos:format=duration", "-of", "json", file).Output()
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Packets []packet `json:"packets"`
		Format  struct {
			Duration string `json:"duration"`
		} `json:"format"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatal(err)
	}
	isVideo := func(p packet) bool { return p.Kind == "video" }
	if slices.ContainsFunc(answer.Packets, isVideo) {
		answer.Packets = slices.DeleteFunc(answer.Packets, func(p packet) bool { return !isVideo(p) })
	}
	duration, _ := strconv.ParseFloat(answer.Format.Duration, 64) // not all files have one
	return answer.Packets, seconds(duration)
}

// Each picture of a film is where ffprobe sees it, to within a key frame or two.
func TestFilmsOfFFmpeg(t *testing.T) {
	t.Parallel()
	const length = 40
	films := encoded(t, length)
	for name, c := range map[string]struct {
		file, input, args string
		off               float64 // seconds that the film may be off at any place
	}{
		"MP4":                            {"a.mp4", h264, "", 1.5},
		"MP4 with its index first":       {"a.mp4", h264, "-movflags +faststart", 1.5},
		"QuickTime":                      {"a.mov", h264, "", 1.5},
		"MP4 of sound":                   {"a.m4a", h264, "-vn", 1.5},
		"fragments with mfra":            {"a.mp4", h264, "-movflags +frag_keyframe+empty_moov+default_base_moof", 2.5},
		"fragments without any index":    {"a.mp4", h264, "-movflags +frag_keyframe+empty_moov+default_base_moof+skip_trailer", 4},
		"fragments with sidx":            {"a.mp4", h264, "-movflags +frag_keyframe+empty_moov+global_sidx+default_base_moof", 2.5},
		"fragments with a sidx each":     {"a.mp4", h264, "-movflags +frag_keyframe+empty_moov+dash+skip_trailer", 4},
		"fragments of fifty a second":    {"a.mp4", h264, "-movflags +empty_moov+frag_every_frame+default_base_moof", 4},
		"WebM":                           {"a.webm", vp8, "", 3},
		"WebM with its index first":      {"a.webm", vp8, "-cues_to_front 1", 3},
		"Matroska":                       {"a.mkv", h264, "", 3},
		"Matroska of sound":              {"a.mkv", vp8, "-vn", 3},
		"WebM without a duration":        {"a.webm", vp8, "-live 1", -1},
		"MPEG-TS, which has no index":    {"a.ts", h264, "", -1},
		"MP3, of which nothing is known": {"a.mp3", h264, "-vn -c:a mp3", -1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := remux(t, films, c.input, c.args+" "+c.file)
			r := newRig(t, nil)
			r.readFolder(folder, "")
			film := r.timeline(c.file, c.file)
			size := int64(len(r.files[c.file]))
			if c.off < 0 {
				if film.Kind != mediatime.Estimated || film.Duration() != time.Duration(size)*8*time.Second/rate {
					t.Errorf("%v, %v", film.Kind, film.Duration())
				}
				return
			}
			packets, duration := probe(t, filepath.Join(folder, c.file))
			if film.Kind != mediatime.Progressive || (film.Duration()-length*time.Second).Abs() > seconds(c.off) ||
				!strings.Contains(name, "any index") && !strings.Contains(name, "each") && !strings.Contains(name, "fifty") && (film.Duration()-duration).Abs() > seconds(0.2) {
				t.Errorf("%v, %v; ffprobe says %v (%d bytes): %s", film.Kind, film.Duration(), duration, size, r.log.String())
			}
			var worst time.Duration
			for _, p := range packets {
				offset, _ := strconv.ParseInt(p.Pos, 10, 64)
				at, err := strconv.ParseFloat(p.Time, 64)
				if err != nil {
					t.Fatalf("%+v", p)
				}
				before := film.Span(0, offset).Duration
				if d := (before - seconds(at)).Abs(); d > worst {
					worst = d
				}
				// And the other way round.
				if back := film.Span(0, film.Reach(0, before)).Duration; (back - before).Abs() > 10*time.Millisecond {
					t.Fatalf("at %d, %v: and back %v", offset, before, back)
				}
			}
			if worst > seconds(c.off) || len(packets) < 100 {
				t.Errorf("%d packets, off by %v at most; want %v s", len(packets), worst, c.off)
			}
			t.Logf("off by %v at most", worst)
			if r.bytes > size/4+200_000 {
				t.Errorf("%d of %d bytes were read", r.bytes, size)
			}
		})
	}
}

// The segments of a stream follow each other as ffprobe sees them, and make up the film.
func TestStreamsOfFFmpeg(t *testing.T) {
	t.Parallel()
	const length = 30
	films := encoded(t, length)
	for name, c := range map[string]struct {
		src, args, segment string
		sound              string // the files that are free
	}{
		"HLS":                     {"i.m3u8", "-f hls -hls_time 4 -hls_list_size 0 -hls_segment_filename s%02d.ts i.m3u8", "s*.ts", ""},
		"HLS in fragments":        {"i.m3u8", "-f hls -hls_time 4 -hls_list_size 0 -hls_segment_type fmp4 -hls_segment_filename s%02d.m4s i.m3u8", "s*.m4s", "init.mp4"},
		"HLS of one file":         {"i.m3u8", "-f hls -hls_time 4 -hls_list_size 0 -hls_segment_type fmp4 -hls_flags single_file -hls_segment_filename s.mp4 i.m3u8", "s*.mp4", ""},
		"HLS with separate sound": {"m.m3u8", "-c:v libx264 -preset ultrafast -b:v 200k -g 20 -c:a aac -b:a 32k -map 0:v -map 0:a -f hls -hls_time 4 -hls_list_size 0 -master_pl_name m.m3u8 -var_stream_map v:0,agroup:a|a:0,agroup:a -hls_segment_filename s%v_%02d.ts i%v.m3u8", "s0_*.ts", "s1_*.ts"},
		"DASH by time":            {"i.mpd", "-f dash -seg_duration 4 -media_seg_name s$RepresentationID$-$Time$.m4s i.mpd", "s0-*.m4s", "init-stream1.m4s"}, // ffmpeg 5.1 names the sound by times 1024 samples before those of the MPD
		"DASH by number":          {"i.mpd", "-f dash -seg_duration 4 -use_timeline 0 -media_seg_name s$RepresentationID$-$Number%05d$.m4s i.mpd", "s0-*.m4s", "s1-*.m4s"},
		"DASH by list":            {"i.mpd", "-f dash -seg_duration 4 -use_template 0 -media_seg_name s$RepresentationID$-$Number%05d$.m4s i.mpd", "s0-*.m4s", "s1-*.m4s"},
		"DASH of one file each":   {"i.mpd", "-f dash -seg_duration 4 -single_file 1 -single_file_name s$RepresentationID$.mp4 i.mpd", "s0.mp4", "s1.mp4"},
		"DASH on demand":          {"i.mpd", "-f dash -seg_duration 4 -single_file 1 -global_sidx 1 -single_file_name s$RepresentationID$.mp4 i.mpd", "s0.mp4", "s1.mp4"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := remux(t, films, h264, c.args)
			r := newRig(t, nil)
			r.readFolder(folder, "films/x/")
			names, _ := filepath.Glob(filepath.Join(folder, c.segment))
			var next time.Duration
			segments := 0
			slices.SortFunc(names, func(a, b string) int { // by length, then by letters: by number
				return max(-1, min(1, 1000*(len(a)-len(b))+strings.Compare(a, b)))
			})
			for _, n := range names {
				film := r.timeline("films/x/"+c.src, "films/x/"+filepath.Base(n))
				info, _ := os.Stat(n)
				span := film.Span(0, info.Size())
				if film.Kind == mediatime.Free || film.Kind == mediatime.Estimated || (span.Position-next).Abs() > 50*time.Millisecond {
					t.Errorf("%s: %v, %v; want it at %v: %s", filepath.Base(n), film.Kind, span, next, r.log.String())
				}
				next = span.Position + span.Duration
				segments++
			}
			if (next-length*time.Second).Abs() > 200*time.Millisecond || segments == 0 {
				t.Errorf("%d segments of %v together; want %d s", segments, next, length)
			}
			sounds, _ := filepath.Glob(filepath.Join(folder, c.sound))
			if len(sounds) == 0 {
				t.Errorf("no %s", c.sound)
			}
			for _, n := range sounds[:len(sounds)*min(len(c.sound), 1)] {
				if film := r.timeline("films/x/"+c.src, "films/x/"+filepath.Base(n)); film.Kind != mediatime.Free {
					t.Errorf("%s: %v", filepath.Base(n), film.Kind)
				}
			}
			if r.lines() > 0 {
				t.Error(r.log.String())
			}
			if t.Failed() {
				t.Log(string(r.files["films/x/"+c.src]))
			}
		})
	}
}
