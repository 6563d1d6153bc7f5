package mediatime

import (
	"encoding/binary"
	"math"
	"slices"
	"time"

	"github.com/Eyevinn/mp4ff/bits"
	"github.com/Eyevinn/mp4ff/mp4"
)

// plainType says whether four bytes may be the type of a box.
func plainType(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c < ' ' || c > '~' && c != 0xA9 })
}

// box is a box (ISO/IEC 14496-12, section 4.2) with its header.
type box struct {
	kind   string
	offset int64 // in the file, or in the box around it
	size   int64
	header int64
}

// boxAt reads the header of a box of which there are at most rest bytes.
func boxAt(b []byte, offset, rest int64) (box, error) {
	if len(b) < 8 {
		return box{}, errBroken
	}
	x := box{kind: string(b[4:8]), offset: offset, size: int64(binary.BigEndian.Uint32(b)), header: 8}
	switch {
	case x.size == 0: // up to the end
		x.size = rest
	case x.size == 1 && len(b) >= 16:
		x.size, x.header = int64(min(binary.BigEndian.Uint64(b[8:]), math.MaxInt64)), 16
	}
	if x.size < x.header || !plainType(b[4:8]) {
		return box{}, errBroken
	}
	return x, nil
}

// inside calls f for the boxes in another, with their headers, until one is broken.
func inside(around []byte, header int64, f func(kind string, whole []byte, header int64)) {
	for rest := around[header:]; len(rest) >= 8; {
		x, err := boxAt(rest, 0, int64(len(rest)))
		if err != nil || x.size > int64(len(rest)) {
			return
		}
		f(x.kind, rest[:x.size], x.header)
		rest = rest[x.size:]
	}
}

// decodeBox decodes a box that has no boxes in it. It is the zero value for one that is broken.
func decodeBox[T mp4.Box](whole []byte) T {
	b, err := mp4.DecodeBoxSR(0, bits.NewFixedSliceReader(whole))
	t, ok := b.(T)
	if err != nil || !ok {
		var none T
		return none
	}
	return t
}

// movie is a moov box, as much of it as matters.
type movie struct {
	duration time.Duration // of mvhd or mehd
	tracks   []*track
	defaults map[uint32]*mp4.TrexBox // of fragments
}

// track is a trak box.
type track struct {
	id        uint32
	video     bool
	width     int
	height    int
	timescale uint32
	stts      *mp4.SttsBox
	stsc      *mp4.StscBox
	stsz      *mp4.StszBox
	offsets   []uint64
}

// mp4 reads the index of an MP4 file, whichever it has.
func (r *ranges) mp4() ([]piece, error) {
	var m *movie
	var index []piece
	for offset := int64(0); offset < r.file.Size; {
		x, err := r.boxAt(offset)
		if err != nil {
			return nil, err
		}
		switch {
		case x.kind == "moov":
			whole, err := r.at(offset, x.size)
			if err != nil {
				return nil, err
			}
			m = readMovie(whole, x.header)
			if t := m.main(); t != nil && len(t.offsets) > 0 {
				return t.table(m, r.file.Size)
			}
		case x.kind == "sidx" && index == nil:
			if whole, err := r.at(offset, x.size); err == nil {
				index = readSidx(decodeBox[*mp4.SidxBox](whole), m, offset, r.file.Size)
			}
		case x.kind == "moof" && index != nil:
			return index, nil
		case x.kind == "moof":
			return r.fragments(m, x)
		}
		offset += x.size
	}
	if m == nil || m.defaults == nil {
		return nil, errNoIndex
	}
	return nil, errNotMedia
}

// boxAt reads the header of a box of the file.
func (r *ranges) boxAt(offset int64) (box, error) {
	b, err := r.at(offset, min(16, r.file.Size-offset))
	if err != nil {
		return box{}, err
	}
	return boxAt(b, offset, r.file.Size-offset)
}

// readMovie reads a moov box.
func readMovie(whole []byte, header int64) *movie {
	m := &movie{}
	timescale := uint32(0)
	inside(whole, header, func(kind string, b []byte, header int64) {
		switch kind {
		case "mvhd":
			if x := decodeBox[*mp4.MvhdBox](b); x != nil {
				timescale = x.Timescale
				m.duration, _ = ticks(x.Duration, timescale)
			}
		case "trak":
			m.tracks = append(m.tracks, readTrack(b, header))
		case "mvex":
			m.defaults = map[uint32]*mp4.TrexBox{}
			inside(b, header, func(kind string, b []byte, _ int64) {
				if x := decodeBox[*mp4.TrexBox](b); kind == "trex" && x != nil {
					m.defaults[x.TrackID] = x
				}
				if x := decodeBox[*mp4.MehdBox](b); kind == "mehd" && x != nil && x.FragmentDuration > 0 {
					m.duration, _ = ticks(uint64(x.FragmentDuration), timescale)
				}
			})
		}
	})
	return m
}

// readTrack reads a trak box.
func readTrack(whole []byte, header int64) *track {
	t := &track{}
	var walk func(kind string, b []byte, header int64)
	walk = func(kind string, b []byte, header int64) {
		switch kind {
		case "mdia", "minf":
			inside(b, header, walk)
		case "stbl":
			inside(b, header, t.readTable)
		case "tkhd":
			if x := decodeBox[*mp4.TkhdBox](b); x != nil {
				t.id = x.TrackID
				t.width, t.height = int(x.Width>>16), int(x.Height>>16)
			}
		case "mdhd":
			if x := decodeBox[*mp4.MdhdBox](b); x != nil {
				t.timescale = x.Timescale
			}
		case "hdlr":
			if x := decodeBox[*mp4.HdlrBox](b); x != nil {
				t.video = t.video || x.HandlerType == "vide" // QuickTime has another in minf
			}
		}
	}
	inside(whole, header, walk)
	return t
}

// readTable reads a box of a sample table.
func (t *track) readTable(kind string, b []byte, _ int64) {
	switch kind {
	case "stts":
		t.stts = decodeBox[*mp4.SttsBox](b)
	case "stsc":
		t.stsc = decodeBox[*mp4.StscBox](b)
	case "stsz":
		t.stsz = decodeBox[*mp4.StszBox](b)
	case "stco":
		if x := decodeBox[*mp4.StcoBox](b); x != nil {
			for _, o := range x.ChunkOffset {
				t.offsets = append(t.offsets, uint64(o))
			}
		}
	case "co64":
		if x := decodeBox[*mp4.Co64Box](b); x != nil {
			t.offsets = x.ChunkOffset
		}
	}
}

// main returns the track whose time counts: of the pictures, or else of the sounds, the one with the most chunks.
func (m *movie) main() *track {
	var main *track
	for _, t := range m.tracks {
		if main == nil || t.video && !main.video || t.video == main.video && len(t.offsets) > len(main.offsets) {
			main = t
		}
	}
	return main
}

// table works out the pieces of a film from the sample table (ISO/IEC 14496-12, section 8.6 and 8.7): where its chunks are, and when
// their first samples are decoded.
func (t *track) table(m *movie, size int64) ([]piece, error) {
	if t.stts == nil || t.stsc == nil || len(t.stsc.Entries) == 0 {
		return evenly(0, size, m.duration)
	}
	points := make([]point, 0, len(t.offsets))
	var end point
	next := decodeTimes(t.stts)
	entry, sample, decoded := 0, uint64(0), uint64(0)
	for i, offset := range t.offsets {
		for entry+1 < len(t.stsc.Entries) && uint64(t.stsc.Entries[entry+1].FirstChunk) <= uint64(i)+1 {
			entry++
		}
		at, ok := ticks(decoded, t.timescale)
		if !ok || offset > math.MaxInt64/2 {
			return evenly(0, size, m.duration)
		}
		points = append(points, point{int64(offset), at})
		count := uint64(t.stsc.Entries[entry].SamplesPerChunk)
		decoded += next(count)
		end.at, _ = ticks(decoded, t.timescale)
		end.offset = int64(offset) + t.bytes(sample, count)
		sample += count
	}
	pieces, err := join(points, end, size)
	covered := int64(0)
	for _, p := range pieces {
		covered += p.end - p.offset
	}
	// Chunks in no order, or a film most of which isn't the picture's: a player needs all of it.
	if err != nil || covered < size/2 {
		return evenly(0, size, max(m.duration, end.at))
	}
	return pieces, nil
}

// decodeTimes returns a function that returns the ticks of the next so many samples.
func decodeTimes(stts *mp4.SttsBox) func(samples uint64) uint64 {
	i, used := 0, uint64(0)
	return func(samples uint64) uint64 {
		sum := uint64(0)
		for samples > 0 && i < len(stts.SampleCount) {
			n := min(samples, uint64(stts.SampleCount[i])-used)
			sum += n * uint64(stts.SampleTimeDelta[i])
			samples, used = samples-n, used+n
			if used == uint64(stts.SampleCount[i]) {
				i, used = i+1, 0
			}
		}
		return sum
	}
}

// bytes returns the size of some samples. Only the last chunk's is asked for.
func (t *track) bytes(sample, count uint64) int64 {
	if t.stsz == nil {
		return 1
	}
	if t.stsz.SampleUniformSize > 0 {
		return int64(min(count, math.MaxUint32)) * int64(t.stsz.SampleUniformSize)
	}
	n := uint64(len(t.stsz.SampleSize))
	sum := int64(0)
	for _, s := range t.stsz.SampleSize[min(sample, n):min(sample+count, n)] {
		sum += int64(s)
	}
	return max(sum, 1)
}
