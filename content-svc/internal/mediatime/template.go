package mediatime

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pattern is a SegmentTemplate (ISO/IEC 23009-1, section 5.3.9.4): names with numbers or times in them. It is never written out, for
// ten letters of it can mean a thousand million segments.
type pattern struct {
	literals  []string // around the variables: one more than there are of these
	variables []variable
	rendition uint32
	nature    nature
	gone      time.Time // when it wasn't in the MPD any more; the zero time while it is
	grid
}

type variable uint8

const (
	number variable = iota
	mediaTime
)

// templateOf returns the SegmentTemplate of a representation, with what it inherits, or nil.
func templateOf(levels []*segments) *segmentTemplate {
	t := inherited(levels, func(l *segments) *segmentTemplate { return l.Template }, func(t, from *segmentTemplate) {
		t.Media = firstOf(t.Media, from.Media)
		t.Initialization = firstOf(t.Initialization, from.Initialization)
		t.inherit(&from.multiple)
	})
	if t == nil || t.Media == "" {
		return nil
	}
	return t
}

// listOf returns the SegmentList of a representation, with what it inherits, or nil.
func listOf(levels []*segments) *segmentList {
	return inherited(levels, func(l *segments) *segmentList { return l.List }, func(t, from *segmentList) {
		if len(t.URLs) == 0 {
			t.URLs = from.URLs
		}
		t.inherit(&from.multiple)
	})
}

// inherited returns a copy of the innermost element of a kind, in which fill has filled in what the outer ones say, or nil if there is none.
func inherited[T any](levels []*segments, of func(*segments) *T, fill func(t, from *T)) *T {
	var t *T
	for _, l := range levels {
		switch from := of(l); {
		case from == nil:
		case t == nil:
			own := *from
			t = &own
		default:
			fill(t, from)
		}
	}
	return t
}

// baseOf returns the SegmentBase of a representation, or nil.
func baseOf(levels []*segments) *segmentBase {
	for _, l := range levels {
		if l.Base != nil {
			return l.Base
		}
	}
	return nil
}

// inherit fills in what an inner element doesn't say.
func (m *multiple) inherit(from *multiple) {
	take(&m.Duration, from.Duration)
	take(&m.StartNumber, from.StartNumber)
	take(&m.EndNumber, from.EndNumber)
	take(&m.Timeline, from.Timeline)
	take(&m.Timescale, from.Timescale)
	take(&m.Offset, from.Offset)
	take(&m.Initialization, from.Initialization)
}

func take[T any](to **T, from *T) {
	if *to == nil {
		*to = from
	}
}

// template notes the patterns of a representation.
func (r *mpdReader) template(rep source, base string, t *segmentTemplate) {
	if t.Initialization != "" {
		if p, ok := r.pattern(rep, base, t.Initialization); ok && len(p.variables) == 0 {
			r.add(rep, p.literals[0], free, piece{end: toEnd})
		}
	}
	p, ok := r.pattern(rep, base, t.Media)
	if !ok || len(p.variables) == 0 {
		return
	}
	p.nature, p.grid = rep.nature, r.grid(rep, &t.multiple)
	r.patterns = append(r.patterns, p)
}

// pattern reads a template. It is false for what leads elsewhere, and for variables that aren't known.
func (r *mpdReader) pattern(rep source, base, text string) (pattern, bool) {
	p := pattern{rendition: rep.rendition}
	var name strings.Builder
	const mark = '\uE000' // of private use: it stands for a variable while the name is resolved
	for i, part := range strings.Split(text, "$") {
		if i%2 == 0 {
			name.WriteString(strings.ReplaceAll(part, string(mark), ""))
			continue
		}
		switch id, _, _ := strings.Cut(part, "%"); id {
		case "":
			name.WriteByte('$')
		case "RepresentationID":
			name.WriteString(url.PathEscape(rep.ID))
		case "Bandwidth":
			name.WriteString(url.PathEscape(rep.Bandwidth))
		case "Number":
			name.WriteRune(mark)
			p.variables = append(p.variables, number)
		case "Time":
			name.WriteRune(mark)
			p.variables = append(p.variables, mediaTime)
		default:
			return pattern{}, false
		}
	}
	file, ok := resolve(r.folder, base, name.String())
	p.literals = strings.Split(file, string(mark))
	return p, ok && len(p.literals) == len(p.variables)+1
}

// match returns the place of a file whose name has the pattern.
func (p *pattern) match(name string) (start, dur time.Duration, ok bool) {
	n, ok := p.variable(name)
	switch {
	case !ok:
		return 0, 0, false
	case p.variables[0] == mediaTime:
		return p.atTime(n)
	default:
		return p.at(n)
	}
}

// variable returns what the first variable of the pattern is in a name, and whether the name has the pattern.
func (p *pattern) variable(name string) (n uint64, ok bool) {
	rest, ok := strings.CutPrefix(name, p.literals[0])
	for i := 0; ok && i < len(p.variables); i++ {
		digits := 0
		for digits < len(rest) && digits < 20 && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		v, err := strconv.ParseUint(rest[:digits], 10, 63)
		if err != nil || i > 0 && p.variables[i] == p.variables[0] && v != n {
			return 0, false
		}
		if i == 0 {
			n = v
		}
		rest, ok = strings.CutPrefix(rest[digits:], p.literals[i+1])
	}
	return n, ok && rest == ""
}

// recall returns patterns with what the older ones of a live MPD have that left it not long ago.
func recall(patterns, older []pattern, now time.Time) []pattern {
	runs := 0
	for i := range patterns {
		runs += len(patterns[i].runs)
	}
	if runs > maxFilm || len(patterns)+len(older) > 2*maxRepresentations {
		return patterns
	}
	id := func(p *pattern) string { return strings.Join(p.literals, "\x00") + "\x00" + p.start.String() }
	was := map[string]*pattern{}
	for i := range older {
		if older[i].gone.IsZero() || now.Sub(older[i].gone) < remembered {
			was[id(&older[i])] = &older[i]
		}
	}
	for i := range patterns {
		if o := was[id(&patterns[i])]; o != nil {
			patterns[i].recall(o)
			delete(was, id(&patterns[i]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(was)) {
		o := *was[key]
		if o.gone.IsZero() {
			o.gone = now
		}
		patterns = append(patterns, o)
	}
	return patterns
}

// recall puts before the runs of a pattern those segments of an older version of it that left the timeline not long ago.
func (p *pattern) recall(old *pattern) {
	if len(p.runs) == 0 || p.timescale != old.timescale {
		return
	}
	first := p.runs[0]
	since := first.time - min(first.time, uint64(remembered/time.Second)*p.timescale)
	var kept []run
	for _, r := range old.runs {
		skip := uint64(0)
		if r.time < since {
			skip = (since - r.time) / r.dur
		}
		count := uint64(0)
		if r.time < first.time {
			count = min(r.count, (first.time-r.time+r.dur-1)/r.dur)
		}
		if count > skip {
			kept = append(kept, run{r.number + skip, r.time + skip*r.dur, r.dur, count - skip})
		}
	}
	if n := len(kept); n == 0 || kept[n-1].number+kept[n-1].count <= first.number || p.variables[0] == mediaTime {
		p.runs = append(kept, p.runs...)
	}
}
