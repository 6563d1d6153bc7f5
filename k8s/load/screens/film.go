package screens

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"streamgate/libs/process"
)

// Film is what a screen plays: files in the blob store.
type Film struct {
	Name string
	ID   string  // in the catalogue, once it is published
	Src  string  // path in the blob store of the file that a player is given
	Live bool    // it has no end
	Rate float64 // of the highest rendition and its sound, bit/s
	Top  int     // the height of its picture, pixels; 0 if there is no choice of renditions

	known    []Piece // the video of a film whose bytes are known beforehand
	seconds  float64 // of a film that is one file, or of each segment
	segments *regexp.Regexp
	heights  map[string]int // of the renditions whose segments these are
	close    func()         // ends a channel
}

// pieces returns what a file stands for. Sound stands for nothing, so that no second counts twice.
func (f *Film) pieces(file string, size int64) []Piece {
	if f.segments == nil {
		return slices.DeleteFunc(slices.Clone(f.known), func(p Piece) bool { return p.File != file })
	}
	match := f.segments.FindStringSubmatch(file)
	if match == nil {
		return nil
	}
	n, _ := strconv.Atoi(match[2]) // digits
	return []Piece{{file, 0, size, float64(n) * f.seconds, float64(n+1) * f.seconds, f.heights[match[1]]}}
}

// The films. All pictures have ten frames a second, so that two cores show a dozen of them.
const (
	minutes       = 10 // how long most of them are
	lowHeight     = 108
	topHeight     = 180
	largeHeight   = 360
	segmentOfLive = 4 // seconds
	segment       = 6 // of films of one file for each
)

// clip makes a minute of moving noise at a constant bit rate, with a key frame every two seconds.
func clip(size, rate, codec string) []string {
	args := []string{
		"-f", "lavfi", "-i", "testsrc2=size=" + size + ":rate=10:duration=60,noise=alls=20:allf=t",
		"-pix_fmt", "yuv420p", "-g", "20", "-keyint_min", "20", "-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate,
	}
	if codec == "vp8" {
		return append(args, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-qmin", "0")
	}
	return append(args, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-sc_threshold", "0", "-x264-params", "nal-hrd=cbr:force-cfr=1")
}

func sound(codec string) []string {
	return []string{"-f", "lavfi", "-i", fmt.Sprintf("sine=frequency=440:sample_rate=48000:duration=%d", 60*minutes), "-c:a", codec, "-b:a", "32k"}
}

// progressive joins a clip, again and again, and a sound.
func progressive(clip, sound string, minutes int) []string {
	return []string{
		"-stream_loop", strconv.Itoa(minutes - 1), "-i", clip, "-i", sound, "-map", "0:v", "-map", "1:a", "-c", "copy", "-t", strconv.Itoa(60 * minutes),
		"-movflags", "+faststart",
	}
}

// The renditions of a film in segments: two pictures, and a sound of its own.
func renditions(muxer ...string) []string {
	loops := strconv.Itoa(minutes - 1)
	return append([]string{
		"-stream_loop", loops, "-i", "high.mp4", "-stream_loop", loops, "-i", "low.mp4", "-i", "sound.m4a",
		"-map", "0:v", "-map", "1:v", "-map", "2:a", "-c", "copy", "-t", strconv.Itoa(60 * minutes),
	}, muxer...)
}

const variants = "v:0,agroup:sound,name:high v:1,agroup:sound,name:low a:0,agroup:sound,default:yes,name:sound"

// step makes a file.
type step struct {
	file string
	args []string
}

var (
	highClip  = step{"high.mp4", clip("320x180", "500k", "h264")}
	lowClip   = step{"low.mp4", clip("192x108", "150k", "h264")}
	smallClip = step{"small.mp4", clip("192x108", "118k", "h264")}
	largeClip = step{"large.mp4", clip("640x360", "3960k", "h264")}
	smallVP8  = step{"small.webm", clip("192x108", "118k", "vp8")}
	largeVP8  = step{"large.webm", clip("640x360", "3960k", "vp8")}
	aac       = step{"sound.m4a", sound("aac")}
	opus      = step{"sound.webm", sound("libopus")}
)

// recipe is how a film is made, and read.
type recipe struct {
	steps []step // the last makes the film
	src   string
	after func(dir string) error // what is to be done with it once; may be nil
	read  func(dir string, f *Film) error
}

var recipes = map[string]recipe{
	"mp4 150k":  single([]step{smallClip, aac, {"film.mp4", progressive("small.mp4", "sound.m4a", minutes)}}, minutes, lowHeight),
	"webm 150k": single([]step{smallVP8, opus, {"film.webm", progressive("small.webm", "sound.webm", minutes)}}, minutes, lowHeight),
	"mp4 4M":    single([]step{largeClip, aac, {"film.mp4", progressive("large.mp4", "sound.m4a", minutes/2)}}, minutes/2, largeHeight),
	"webm 4M":   single([]step{largeVP8, opus, {"film.webm", progressive("large.webm", "sound.webm", minutes/2)}}, minutes/2, largeHeight),
	"hls 2s":    hls(1),
	"hls 6s":    hls(3),
	"hls 10s":   hls(5),
	"dash": files(step{"film.mpd", renditions("-f", "dash", "-seg_duration", strconv.Itoa(segment),
		"-use_timeline", "0", "-use_template", "1", "-adaptation_sets", "id=0,streams=v id=1,streams=a",
		"-init_seg_name", "$RepresentationID$-init.m4s", "-media_seg_name", "$RepresentationID$-$Number$.m4s")}, "film.mpd", "0", "1", "2"),
	// ffmpeg 5.1 itself doesn't play byte ranges of fragmented MP4.
	"hls files": files(step{"%v.m3u8", renditions("-f", "hls", "-hls_time", strconv.Itoa(segment), "-hls_playlist_type", "vod",
		"-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "%v-init.m4s", "-hls_segment_filename", "%v-%d.m4s",
		"-var_stream_map", variants, "-master_pl_name", "film.m3u8")}, "film.m3u8", "high", "low", "sound"),
}

// files is a film of one file for each segment, whose name is that of its rendition and a number.
func files(last step, src, high, low, sound string) recipe {
	return recipe{
		steps: []step{highClip, lowClip, aac, last},
		src:   src,
		read: func(dir string, f *Film) error {
			f.seconds, f.Top, f.heights = segment, topHeight, map[string]int{high: topHeight, low: lowHeight}
			f.segments = regexp.MustCompile(`^(` + high + `|` + low + `)-(\d+)\.m4s$`)
			return f.rate(dir, high+"-*.m4s", sound+"-*.m4s")
		},
	}
}

// single is a film of one file.
func single(steps []step, minutes, height int) recipe {
	file := steps[len(steps)-1].file
	return recipe{steps: steps, src: file, read: func(dir string, f *Film) error {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		seconds := float64(60 * minutes)
		f.Rate = 8 * float64(info.Size()) / seconds
		f.known = []Piece{{file, 0, info.Size(), 0, seconds, height}}
		return nil
	}}
}

// hls is a film of one file for each rendition, whose segments are ranges of bytes: some of ffmpeg's of two seconds each.
func hls(joined int) recipe {
	return recipe{
		steps: []step{highClip, lowClip, aac, {"%v.m3u8", renditions("-f", "hls", "-hls_time", "2", "-hls_playlist_type", "vod",
			"-hls_segment_type", "fmp4", "-hls_flags", "single_file", "-var_stream_map", variants, "-master_pl_name", "film.m3u8")}},
		src: "film.m3u8",
		after: func(dir string) error {
			return errors.Join(join(dir, "high.m3u8", joined), join(dir, "low.m3u8", joined), join(dir, "sound.m3u8", joined))
		},
		read: func(dir string, f *Film) error {
			for name, height := range map[string]int{"high.m3u8": topHeight, "low.m3u8": lowHeight} {
				_, pieces, err := playlist(filepath.Join(dir, name))
				if err != nil {
					return err
				}
				for _, p := range pieces {
					p.Height = height
					f.known = append(f.known, p)
				}
			}
			f.Top = topHeight
			return f.rate(dir, "high.m4s", "sound.m4s")
		},
	}
}

// playlist reads a playlist of byte ranges, as ffmpeg and join write them: the lines before the segments, and what the segments stand for.
func playlist(file string) (head string, pieces []Piece, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", nil, err
	}
	piece, length := Piece{}, 0.0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		size := int64(0)
		if n, _ := fmt.Sscanf(line, "#EXTINF:%f,", &length); n == 1 {
			piece.Start, piece.End = piece.End, piece.End+length
		} else if n, _ := fmt.Sscanf(line, "#EXT-X-BYTERANGE:%d@%d", &size, &piece.From); n == 2 {
			piece.To = piece.From + size
		} else if !strings.HasPrefix(line, "#") {
			piece.File = line
			pieces = append(pieces, piece)
		} else if len(pieces) == 0 {
			head += line + "\n"
		}
	}
	if len(pieces) == 0 {
		err = fmt.Errorf("%s has no segments", file)
	}
	return head, pieces, err
}

// join makes one segment of so many that follow each other.
func join(dir, name string, joined int) error {
	head, pieces, err := playlist(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	var segments strings.Builder
	longest := 0.0
	for group := range slices.Chunk(pieces, joined) {
		first, last := group[0], group[len(group)-1]
		longest = max(longest, last.End-first.Start)
		fmt.Fprintf(&segments, "#EXTINF:%f,\n#EXT-X-BYTERANGE:%d@%d\n%s\n", last.End-first.Start, last.To-first.From, first.From, first.File)
	}
	head = regexp.MustCompile(`TARGETDURATION:\d+`).ReplaceAllString(head, fmt.Sprintf("TARGETDURATION:%.0f", math.Round(longest)))
	return os.WriteFile(filepath.Join(dir, name), []byte(head+segments.String()+"#EXT-X-ENDLIST\n"), 0o600)
}

// rate adds up the files of the highest rendition and its sound.
func (f *Film) rate(dir string, patterns ...string) error {
	bytes := int64(0)
	for _, pattern := range patterns {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return err
		}
		for _, file := range files {
			info, err := os.Stat(file)
			if err != nil {
				return err
			}
			bytes += info.Size()
		}
	}
	f.Rate = 8 * float64(bytes) / (60 * minutes)
	return nil
}

// Library is a folder of films. They are made once, and stay.
type Library struct {
	Dir string // absolute

	films map[string]*Film // that were asked for
}

// Close ends what goes on: a channel.
func (l *Library) Close() {
	if f := l.films[live]; f != nil {
		f.close()
	}
}

// live is the name of a channel that begins when it is asked for and goes on until it is closed.
const live = "hls live"

// Film returns a film, and makes it if it isn't there.
func (l *Library) Film(ctx context.Context, name string) (f *Film, err error) {
	if f := l.films[name]; f != nil {
		return f, nil
	}
	if name == live {
		f, err = l.channel(ctx)
	} else {
		f, err = l.film(ctx, name)
	}
	if err != nil {
		return nil, err
	}
	if l.films == nil {
		l.films = map[string]*Film{}
	}
	l.films[name] = f
	return f, nil
}

func (l *Library) film(ctx context.Context, name string) (*Film, error) {
	r, ok := recipes[name]
	if !ok {
		return nil, fmt.Errorf("there is no film %q", name)
	}
	sum := sha256.Sum256(fmt.Append(nil, name, r.steps))
	folder := strings.ReplaceAll(name, " ", "-") + "-" + hex.EncodeToString(sum[:4])
	dir := filepath.Join(l.Dir, folder)
	f := &Film{Name: name, Src: folder + "/" + r.src}
	if _, err := os.Stat(dir); err != nil {
		unfinished := dir + ".unfinished"
		if err := errors.Join(os.RemoveAll(unfinished), os.MkdirAll(unfinished, 0o700)); err != nil {
			return nil, err
		}
		if err := l.make(ctx, unfinished, r); err != nil {
			return nil, fmt.Errorf("film %q: %w", name, err)
		}
		if err := os.Rename(unfinished, dir); err != nil {
			return nil, err
		}
	}
	return f, r.read(dir, f)
}

// make makes the clips in a folder that recipes share, and the film in its own.
func (l *Library) make(ctx context.Context, dir string, r recipe) error {
	clips := filepath.Join(l.Dir, "clips")
	if err := os.MkdirAll(clips, 0o700); err != nil {
		return err
	}
	last := len(r.steps) - 1
	for _, s := range r.steps[:last] {
		sum := sha256.Sum256(fmt.Append(nil, s.args))
		kept := filepath.Join(clips, hex.EncodeToString(sum[:4])+"-"+s.file)
		if _, err := os.Stat(kept); err != nil {
			if err := encode(ctx, clips, append(s.args, "unfinished-"+s.file)); err != nil {
				return err
			}
			if err := os.Rename(filepath.Join(clips, "unfinished-"+s.file), kept); err != nil {
				return err
			}
		}
		if err := os.Link(kept, filepath.Join(dir, s.file)); err != nil {
			return err
		}
	}
	if err := encode(ctx, dir, append(r.steps[last].args, r.steps[last].file)); err != nil {
		return err
	}
	for _, s := range r.steps[:last] {
		if err := os.Remove(filepath.Join(dir, s.file)); err != nil {
			return err
		}
	}
	if r.after == nil {
		return nil
	}
	return r.after(dir)
}

// encode runs ffmpeg in a folder.
func encode(ctx context.Context, dir string, args []string) error {
	cmd := exec.CommandContext(ctx, "ffmpeg", append([]string{"-nostdin", "-v", "error", "-y"}, args...)...) //nolint:gosec // our own words
	cmd.Dir = dir
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, output)
	}
	return nil
}

// channel begins one, of another film again and again.
func (l *Library) channel(ctx context.Context) (*Film, error) {
	film, err := l.Film(ctx, "hls 2s")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(l.Dir, "live-")
	if err != nil {
		return nil, err
	}
	from := filepath.Join(l.Dir, filepath.Dir(film.Src))
	args := []string{"-nostdin", "-v", "error"}
	for _, name := range []string{"high", "low", "sound"} {
		args = append(args, "-re", "-stream_loop", "-1", "-i", filepath.Join(from, name+".m4s"))
	}
	args = append(args, "-map", "0:v", "-map", "1:v", "-map", "2:a", "-c", "copy", "-f", "hls", "-hls_time", strconv.Itoa(segmentOfLive),
		"-hls_list_size", "10", "-hls_delete_threshold", "5", "-hls_flags", "delete_segments+temp_file+independent_segments",
		"-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", "%v-init.m4s", "-hls_segment_filename", "%v-%d.m4s",
		"-var_stream_map", variants, "-master_pl_name", "live.m3u8", "%v.m3u8")
	cmd := exec.Command("ffmpeg", args...) //nolint:noctx // ended by close
	cmd.Dir = dir
	p, err := process.Start("channel", cmd, process.NewOutput(io.Discard, ""))
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	f := &Film{
		Name: live, Src: filepath.Base(dir) + "/live.m3u8", Live: true, Rate: film.Rate, Top: film.Top, seconds: segmentOfLive,
		segments: regexp.MustCompile(`^(high|low)-(\d+)\.m4s$`), heights: map[string]int{"high": topHeight, "low": lowHeight},
	}
	f.close = func() {
		p.Kill()
		_ = os.RemoveAll(dir) // of what nobody needs
	}
	// Players begin three segments before the end of the list.
	ready, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err = p.Await(ready, func(context.Context) error {
		_, err := os.Stat(filepath.Join(dir, "high-3.m4s"))
		return err
	})
	if err != nil {
		f.close()
	}
	return f, err
}
