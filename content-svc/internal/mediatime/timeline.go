package mediatime

import (
	"math"
	"math/bits"
	"sort"
	"time"
)

// Kind says how the media time of a file is known.
type Kind uint8

// The kinds.
const (
	Free        Kind = iota // stands for no film
	Segment                 // a piece of film, at the place that a playlist or an MPD gives it
	Progressive             // a whole film, by its own index
	Estimated               // by the configured bit rate; its position says nothing about order
)

// String returns the kind in lower case, as a label of metrics and logs.
func (k Kind) String() string {
	return [...]string{"free", "segment", "progressive", "estimated"}[k]
}

// Span is the film that a range of bytes stands for.
type Span struct {
	Position time.Duration // where in the film the first byte is
	Duration time.Duration // how much film it is, 0 or more
}

// Timeline is what is known of one file, a value to keep for as long as the file is sent. The zero value is a file that costs nothing.
// Its methods don't block and don't allocate.
type Timeline struct {
	Kind Kind
	// Rendition is the same for all files of one rendition of a film: a change of it at the same position is a switch, not a seek.
	// It is 0 for files that are in no playlist.
	Rendition uint32

	size   int64
	shift  time.Duration // of all positions
	one    [1]piece      // if pieces is nil
	pieces []piece       // by offset, without overlaps
}

// piece is a stretch of a file in which media time grows evenly. What lies between pieces costs nothing.
type piece struct {
	offset, end int64 // bytes; toEnd for the end of the file
	start       time.Duration
	dur         time.Duration
	sent        time.Duration // of the pieces before it in the file
}

// toEnd as the end of a piece is the end of the file, wherever that is.
const toEnd = math.MaxInt64

// whole is the timeline of a file of one piece.
func whole(kind Kind, size int64, start, dur time.Duration) Timeline {
	return Timeline{Kind: kind, size: size, one: [1]piece{{end: size, start: start, dur: dur}}}
}

// list returns the pieces.
func (t *Timeline) list() []piece {
	if t.pieces != nil {
		return t.pieces
	}
	return t.one[:]
}

// Span returns the film of the bytes from from up to, not including, to. Offsets outside of the file count as its ends.
func (t Timeline) Span(from, to int64) Span {
	if t.Kind == Free {
		return Span{}
	}
	from = min(max(from, 0), t.size)
	to = min(max(to, from), t.size)
	return Span{Position: t.position(from), Duration: t.sent(to) - t.sent(from)}
}

// Duration returns the film of the whole file.
func (t Timeline) Duration() time.Duration { return t.Span(0, t.size).Duration }

// Reach returns the offset up to which a file can be sent from an offset on for at most d of film: Span(from, Reach(from, d)).Duration
// is at most d, and more would be more. It is the size of the file if all the rest is within d.
func (t Timeline) Reach(from int64, d time.Duration) int64 {
	from = min(max(from, 0), t.size)
	if t.Kind == Free {
		return t.size
	}
	most := t.sent(from) + max(d, 0)
	if most < 0 { // d was "for ever"
		return t.size
	}
	pieces := t.list()
	i := sort.Search(len(pieces), func(i int) bool { return pieces[i].sent+pieces[i].dur > most })
	if i == len(pieces) {
		return t.size
	}
	p := pieces[i]
	return min(max(from, p.offset+share(p.end-p.offset, int64(most-p.sent), int64(p.dur))), t.size) // a playlist's ranges may go further
}

// Segment returns the end of the segment in which an offset lies, or before which, and that of the one behind it. They are the size of the file
// where it isn't one of several segments, and behind the last one.
func (t Timeline) Segment(from int64) (end, next int64) {
	if t.Kind != Segment {
		return t.size, t.size
	}
	pieces := t.list()
	i := sort.Search(len(pieces), func(i int) bool { return pieces[i].end > from })
	end, next = t.size, t.size
	if i < len(pieces)-1 {
		end = min(pieces[i].end, t.size)
	}
	if i < len(pieces)-2 {
		next = min(pieces[i+1].end, t.size)
	}
	return end, next
}

// sent returns the media time of all bytes before an offset.
func (t *Timeline) sent(offset int64) time.Duration {
	pieces := t.list()
	i := sort.Search(len(pieces), func(i int) bool { return pieces[i].offset >= offset })
	if i == 0 {
		return 0
	}
	return pieces[i-1].sent + pieces[i-1].at(offset)
}

// position returns the place of an offset in the film. What comes before a piece belongs to it.
func (t *Timeline) position(offset int64) time.Duration {
	pieces := t.list()
	i := sort.Search(len(pieces), func(i int) bool { return pieces[i].end > offset })
	if i == len(pieces) {
		i--
	}
	return t.shift + pieces[i].start + pieces[i].at(offset)
}

// at returns the media time of a piece up to an offset.
func (p *piece) at(offset int64) time.Duration {
	return time.Duration(share(int64(p.dur), min(max(offset, p.offset), p.end)-p.offset, p.end-p.offset))
}

// share is of × part / total, rounded down, for 0 ≤ part ≤ total; all of it if total is 0.
func share(of, part, total int64) int64 {
	if part >= total {
		return of
	}
	hi, lo := bits.Mul64(uint64(of), uint64(part))   //nolint:gosec // none is negative
	quotient, _ := bits.Div64(hi, lo, uint64(total)) //nolint:gosec // as above
	return int64(quotient)                           //nolint:gosec // at most of
}
