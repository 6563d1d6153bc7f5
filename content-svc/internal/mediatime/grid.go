package mediatime

import (
	"math"
	"sort"
	"time"
)

// grid says when segments begin and how long they are.
type grid struct {
	runs       []run  // by number and by time
	first      uint64 // number of the first segment
	timescale  uint64
	offset     time.Duration // of the position from media time
	start, end time.Duration // of the period; an end of 0 isn't known
}

// run is some segments of the same length, one after the other.
type run struct{ number, time, dur, count uint64 }

// gridKey is what a grid is made of: the representations of an adaptation set have theirs in common.
type gridKey struct {
	multiple
	start, end time.Duration
}

// grid returns the grid of a representation.
func (r *mpdReader) grid(rep source, t *multiple) grid {
	k := gridKey{*t, rep.start, rep.end}
	g, ok := r.grids[k]
	if !ok {
		g = newGrid(rep, t)
		r.grids[k] = g
	}
	return g
}

// newGrid reads durations: a timeline, or one duration for all.
func newGrid(rep source, t *multiple) grid {
	g := grid{
		first: uint64(value(t.StartNumber, 1)), timescale: max(uint64(value(t.Timescale, 1)), 1), start: rep.start, end: rep.end,
	}
	shift := value(t.Offset, 0)
	offset, _ := ticks(shift, uint32(g.timescale)) //nolint:gosec // it was one
	g.offset = rep.start - offset
	switch {
	case t.Timeline != nil:
		g.timeline(t.Timeline.S)
	case value(t.Duration, 0) > 0:
		count := uint64(math.MaxUint32)
		if rep.end > 0 {
			count = uint64((rep.end-rep.start).Seconds()*float64(g.timescale)/float64(*t.Duration)) + 1
		}
		if t.EndNumber != nil && uint64(*t.EndNumber) >= g.first {
			count = min(count, uint64(*t.EndNumber)-g.first+1)
		}
		g.runs = []run{{g.first, shift, uint64(*t.Duration), count}}
	}
	return g
}

// timeline reads the S elements (section 5.3.9.6).
func (g *grid) timeline(elements []timelineS) {
	at, n := uint64(0), g.first
	for i, s := range elements {
		at = value(s.T, at)
		count := uint64(max(s.R, 0)) + 1
		if s.R < 0 { // up to the next one, or the end of the period
			count = math.MaxUint32
			until := uint64(0)
			if i+1 < len(elements) && elements[i+1].T != nil {
				until = *elements[i+1].T
			} else if g.end > 0 {
				until = uint64((g.end - g.offset).Seconds() * float64(g.timescale))
			}
			if until > at && s.D > 0 {
				count = (until - at + s.D - 1) / s.D
			}
		}
		if s.D == 0 || s.D > math.MaxUint32 || count > math.MaxUint32 || at > math.MaxInt64 {
			continue
		}
		if last := len(g.runs) - 1; last < 0 || at >= g.runs[last].time {
			g.runs = append(g.runs, run{n, at, s.D, count})
		}
		at += s.D * count
		n += count
	}
}

// at returns the place of the segment of a number.
func (g *grid) at(n uint64) (start, dur time.Duration, ok bool) {
	i := sort.Search(len(g.runs), func(i int) bool { return g.runs[i].number > n }) - 1
	if i < 0 || n-g.runs[i].number >= g.runs[i].count {
		return 0, 0, false
	}
	return g.place(g.runs[i], n-g.runs[i].number)
}

// atTime returns the place of the segment that begins at a media time.
func (g *grid) atTime(t uint64) (start, dur time.Duration, ok bool) {
	i := sort.Search(len(g.runs), func(i int) bool { return g.runs[i].time > t }) - 1
	if i < 0 || (t-g.runs[i].time)%g.runs[i].dur != 0 {
		return 0, 0, false
	}
	k := (t - g.runs[i].time) / g.runs[i].dur
	if k >= g.runs[i].count {
		return 0, 0, false
	}
	return g.place(g.runs[i], k)
}

// place returns the place of a segment of a run. The last of a period ends with it.
func (g *grid) place(r run, k uint64) (start, dur time.Duration, ok bool) {
	t, ok := ticks(r.time+k*r.dur, uint32(g.timescale)) //nolint:gosec // it was one
	dur, fits := ticks(r.dur, uint32(g.timescale))      //nolint:gosec // as above
	if !ok || !fits || dur > longest {
		return 0, 0, false
	}
	start = within(t + g.offset)
	if g.end > 0 && start < g.end {
		dur = min(dur, g.end-start)
	}
	return start, dur, true
}

// ticks returns the duration of so many ticks of a timescale; it is false for more than two hundred years.
func ticks(n uint64, timescale uint32) (time.Duration, bool) {
	if timescale == 0 {
		return 0, false
	}
	seconds, rest := n/uint64(timescale), n%uint64(timescale)
	if seconds > uint64(maxTime/time.Second) {
		return 0, false
	}
	return time.Duration(seconds)*time.Second + time.Duration(rest*uint64(time.Second)/uint64(timescale)), true //nolint:gosec // bounded
}
