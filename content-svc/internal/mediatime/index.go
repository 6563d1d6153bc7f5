package mediatime

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// index finds the pieces of the files that a playlist names. Names are kept as hashes: a film of two hours has thousands.
type index struct {
	keys     []key
	pieces   []piece // of the keys, in the same order: by hash, and within a file by offset
	patterns []pattern
}

type key struct {
	hash      uint64
	rendition uint32
	nature    nature
}

// nature says what a file that a playlist names is.
type nature uint8

const (
	paid    nature = iota // pieces of film
	indexed               // has an index of its own
	free
)

// entry is a file, or a part of one, as a playlist names it.
type entry struct {
	key
	piece
}

// pieceBytes is the memory of a key and its piece, runBytes of a run of a pattern.
const (
	pieceBytes = 16 + 40
	runBytes   = 32
)

// bytes returns about how much memory the index takes.
func (x *index) bytes() int64 {
	n := len(x.keys) * pieceBytes
	for i := range x.patterns {
		n += 200
		if runs := x.patterns[i].runs; len(runs) > 0 && (i == 0 || len(x.patterns[i-1].runs) == 0 || &x.patterns[i-1].runs[0] != &runs[0]) {
			n += len(runs) * runBytes // which neighbours may have in common
		}
	}
	return int64(n)
}

// index puts entries in order, and says whether a byte range among them had a duration that can't be; it then has that of the configured
// bit rate. What costs wins over what doesn't, the whole file over its parts, and what a range has in common with one before it counts
// once.
func (c *Clock) index(entries []entry) (x *index, lies bool) {
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.nature, b.nature), cmp.Compare(b.end/toEnd, a.end/toEnd),
			cmp.Compare(a.offset, b.offset), cmp.Compare(a.start, b.start))
	})
	x = &index{keys: make([]key, 0, len(entries)), pieces: make([]piece, 0, len(entries))}
	var end int64
	var sent time.Duration
	for i, e := range entries {
		another := i > 0 && entries[i-1].hash == e.hash
		switch {
		case !another:
			sent = 0
		case e.nature != paid || end == toEnd || e.end <= end:
			continue
		case e.offset < end:
			e.dur = time.Duration(share(int64(e.dur), e.end-end, e.end-e.offset))
			e.offset = end
		}
		if e.nature == paid && e.end != toEnd && !c.plausible(e.end-e.offset, e.dur) {
			e.dur, lies = c.guess(e.end-e.offset), true
		}
		e.sent = sent
		sent += e.dur
		end = e.end
		if e.nature != paid {
			end = toEnd
		}
		x.keys, x.pieces = append(x.keys, e.key), append(x.pieces, e.piece)
	}
	return x, lies
}

// find returns the timeline of a file of so many bytes. One of Kind Progressive has to be read from the file.
func (x *index) find(hash uint64, name string, size int64) (Timeline, bool) {
	if x == nil {
		return Timeline{}, false
	}
	i := sort.Search(len(x.keys), func(i int) bool { return x.keys[i].hash >= hash })
	if i == len(x.keys) || x.keys[i].hash != hash {
		return x.match(name, size)
	}
	k, p := x.keys[i], x.pieces[i]
	switch {
	case k.nature == free:
		return Timeline{Kind: Free, Rendition: k.rendition, size: size}, true
	case k.nature == indexed:
		return Timeline{Kind: Progressive, Rendition: k.rendition, shift: p.start}, true
	case p.end == toEnd:
		t := whole(Segment, size, p.start, p.dur)
		t.Rendition = k.rendition
		return t, true
	default:
		rest := x.keys[i:]
		n := sort.Search(len(rest), func(i int) bool { return rest[i].hash > hash })
		return Timeline{Kind: Segment, Rendition: k.rendition, size: size, pieces: x.pieces[i : i+n]}, true
	}
}

// match returns the timeline of a file whose name has a pattern of the index.
func (x *index) match(name string, size int64) (Timeline, bool) {
	for i := range x.patterns {
		p := &x.patterns[i]
		start, dur, ok := p.match(name)
		if !ok {
			continue
		}
		if p.nature == free {
			return Timeline{Kind: Free, Rendition: p.rendition, size: size}, true
		}
		t := whole(Segment, size, start, dur)
		t.Rendition = p.rendition
		return t, true
	}
	return Timeline{}, false
}

// remembered is how much film that has left a live playlist is still known.
const remembered = 2 * time.Minute

// remember returns the entries of an older index that aren't in this one and are not older than remembered before first.
func (x *index) remember(old *index, first time.Duration) []entry {
	var entries []entry
	for i, k := range old.keys {
		if old.pieces[i].start < first-remembered {
			continue
		}
		if _, found := slices.BinarySearchFunc(x.keys, k.hash, func(k key, h uint64) int { return cmp.Compare(k.hash, h) }); !found {
			entries = append(entries, entry{k, old.pieces[i]})
		}
	}
	return entries
}
