package mediatime

import (
	"context"
	"hash/maphash"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"
)

// Bounds of the work for one file.
const (
	MaxPlaylist = 4 << 20  // bytes of a playlist or an MPD, and of what costs nothing by its name
	MaxHeader   = 16 << 20 // bytes that are read to find and decode the index of a film
	MaxSegments = 100_000  // segments and parts that a playlist names: 27 hours of one second each

	maxFile = 1 << 42        // bytes of a file: 4 TB
	longest = 12 * time.Hour // of a segment
)

// Values of Options.
const (
	MinBitRate   = 64_000    // bits a second: speech
	UsualBitRate = 4_000_000 // bits a second: 1080p as most encoders make it
	UsualMemory  = 64 << 20  // bytes: about 150 films of two hours in six renditions
	UsualTimeout = 2 * time.Second
)

// Options are what a Clock needs.
type Options struct {
	Store   Store
	BitRate int64         // bits a second of a file of which nothing else is known, at least MinBitRate; 0 means UsualBitRate
	Memory  int64         // bytes of timelines to remember, the last asked for; 0 means UsualMemory
	Timeout time.Duration // for reading the playlists of a film, or the index of a file; 0 means UsualTimeout
	Log     *slog.Logger
	Now     func() time.Time
}

// Clock knows the media time of files. It is safe for concurrent use.
type Clock struct {
	Options

	seed    maphash.Seed
	films   *shelf[*film]
	headers *shelf[*header]
	told    *shelf[struct{}] // what was said in the log
	reading singleflight.Group
	slots   chan struct{} // held by who decodes a header: it can take many times MaxHeader
}

// New makes a clock that has read nothing yet.
func New(o Options) *Clock {
	if o.BitRate <= 0 {
		o.BitRate = UsualBitRate
	}
	o.BitRate = max(o.BitRate, MinBitRate)
	if o.Memory <= 0 {
		o.Memory = UsualMemory
	}
	if o.Timeout <= 0 {
		o.Timeout = UsualTimeout
	}
	return &Clock{
		Options: o, seed: maphash.MakeSeed(), slots: make(chan struct{}, 2),
		films: newShelf[*film](o.Memory / 2), headers: newShelf[*header](o.Memory / 2), told: newShelf[struct{}](1 << 20),
	}
}

// Timeline returns the media time of a file that is served to a stream of the content whose source is src. Both are paths in the store;
// file is what the store said when it opened it. What isn't remembered is read first, the playlists and the file's own index for at most
// Timeout each, or until the context ends. It never fails: what can't be read has the configured bit rate.
func (c *Clock) Timeline(ctx context.Context, src, name string, file File) Timeline {
	if !isPlaylist(src) {
		return c.single(ctx, name, file)
	}
	f := c.film(src)
	if isPlaylist(name) {
		f.saw(name, file.ETag)
		return c.single(ctx, name, file)
	}
	if f.stale(c.Now()) {
		c.read(ctx, f)
	}
	hash := maphash.String(c.seed, name)
	t, from := f.find(hash, name, file.Size)
	if from == nil && f.mayAsk(c.Now()) {
		c.read(ctx, f)
		t, from = f.find(hash, name, file.Size)
	}
	switch {
	case from == nil:
		return c.single(ctx, name, file)
	case t.Kind == Progressive: // by the file's own index
		rendition, shift := t.Rendition, t.shift
		t = c.byIndex(ctx, name, file)
		t.Rendition, t.shift = rendition, shift
		return t
	default:
		return c.checked(ctx, t, from, name)
	}
}

// checked returns the timeline that a playlist tells of, if it is plausible.
func (c *Clock) checked(ctx context.Context, t Timeline, from *playlist, name string) Timeline {
	if t.Kind != Segment || t.pieces != nil || t.size == 0 || c.plausible(t.size, t.one[0].dur) {
		return t // pieces were checked when they were made
	}
	c.tell(ctx, from.name, from.version(), "a playlist has an impossible duration of a segment", "segment", name,
		"duration", t.one[0].dur, "bytes", t.size)
	t.Kind, t.one[0].dur = Estimated, c.guess(t.size)
	return t
}

// plausible says whether so many bytes can be so much film; see the package's doc for the bounds.
func (c *Clock) plausible(size int64, d time.Duration) bool {
	if d <= 0 {
		return false
	}
	rate := float64(size) * 8 / d.Seconds()
	return rate <= 32*float64(c.BitRate) && (d <= time.Minute || rate >= float64(c.BitRate)/1024)
}

// guess returns the media time of so many bytes at the configured bit rate.
func (c *Clock) guess(size int64) time.Duration {
	return time.Duration(float64(min(size, maxFile)) * 8 / float64(c.BitRate) * float64(time.Second))
}

// estimated returns the timeline of a file of which nothing is known.
func (c *Clock) estimated(size int64) Timeline { return whole(Estimated, size, 0, c.guess(size)) }

// tell writes a warning about a version of a file, once.
func (c *Clock) tell(ctx context.Context, name, version, message string, args ...any) {
	if c.told.first(name + "\n" + version + "\n" + message) {
		args = append(args, "file", name)
		c.Log.WarnContext(ctx, message+"; the configured bit rate is used instead", args...) //nolint:sloglint // constants of this package
	}
}

// class is what a file is by its ending, as package media's table of content types has it.
type class uint8

const (
	unknown   class = iota
	lists           // a playlist or an MPD
	small           // text or an image: no film
	container       // has an index
)

func classOf(name string) class {
	var lower [6]byte // the longest ending is .jpeg
	ending := name[strings.LastIndexByte(name, '.')+1:]
	if len(ending) > len(lower) || len(ending) == len(name) {
		return unknown
	}
	for i := range len(ending) {
		lower[i] = ending[i]
		if c := ending[i]; c >= 'A' && c <= 'Z' {
			lower[i] = c - 'A' + 'a'
		}
	}
	switch string(lower[:len(ending)]) {
	case "m3u8", "mpd":
		return lists
	case "vtt", "srt", "ttml", "jpg", "jpeg", "png", "webp", "avif", "gif":
		return small
	case "mp4", "m4v", "mov", "m4a", "webm", "mkv":
		return container
	default:
		return unknown
	}
}

func isPlaylist(name string) bool { return classOf(name) == lists }
