package mediatime

import (
	"encoding/binary"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"
)

// maxFragments is how many fragments are read of a film that has no index of them. The rest of it goes on at their bit rate.
const maxFragments = 16

// readSidx works out the pieces of a film from a segment index (ISO/IEC 14496-12, section 8.16.3). It returns nil for one of sound, one
// that isn't of most of the file, and one of further indexes.
func readSidx(x *mp4.SidxBox, m *movie, offset, size int64) []piece {
	if x == nil || x.Timescale == 0 || x.AnchorPoint > uint64(size) { //nolint:gosec // a size
		return nil
	}
	if m != nil && len(m.tracks) > 1 && m.main().id != x.ReferenceID {
		return nil
	}
	at, ok := ticks(x.EarliestPresentationTime, x.Timescale)
	next := point{offset + int64(x.AnchorPoint), at} //nolint:gosec // bounded
	points := make([]point, 0, len(x.SidxRefs))
	total := x.EarliestPresentationTime
	for _, ref := range x.SidxRefs {
		if ref.ReferenceType != 0 || !ok {
			return nil
		}
		points = append(points, next)
		total += uint64(ref.SubSegmentDuration)
		next.offset += int64(ref.ReferencedSize)
		next.at, ok = ticks(total, x.Timescale)
	}
	pieces, err := join(points, next, size)
	if err != nil || !ok || pieces[len(pieces)-1].end < size/2 {
		return nil
	}
	return pieces
}

// fragments works out the pieces of a film in fragments, of which first is the first moof, and that has no segment index.
func (r *ranges) fragments(m *movie, first box) ([]piece, error) {
	if m == nil || m.main() == nil || m.main().timescale == 0 {
		return nil, errNoIndex // among others a segment, whose initialization is elsewhere
	}
	main := m.main()
	if points := r.randomAccess(main); len(points) > 1 {
		// What is after the last point is as long as what is before it is by the byte, if the film doesn't say how long it is.
		end, last := point{r.file.Size, m.duration}, points[len(points)-1]
		if end.at <= last.at {
			end.at = last.at + time.Duration(float64(last.at-points[0].at)/float64(last.offset-points[0].offset)*float64(end.offset-last.offset))
		}
		if pieces, err := join(points, end, r.file.Size); err == nil {
			return pieces, nil
		}
	}
	if m.duration > 0 {
		return evenly(first.offset, r.file.Size, m.duration)
	}
	return r.walk(m, main, first)
}

// randomAccess reads the points of the mfra box at the end of a file (section 8.8.9), if there is one.
func (r *ranges) randomAccess(main *track) []point {
	const mfro = 16
	b, err := r.at(r.file.Size-mfro, mfro)
	if err != nil || string(b[4:8]) != "mfro" {
		return nil
	}
	size := int64(binary.BigEndian.Uint32(b[12:]))
	whole, err := r.at(r.file.Size-size, size)
	if err != nil || len(whole) < 8 || string(whole[4:8]) != "mfra" {
		return nil
	}
	var points []point
	inside(whole, 8, func(kind string, b []byte, _ int64) {
		x := decodeBox[*mp4.TfraBox](b)
		if kind != "tfra" || x == nil || x.TrackID != main.id {
			return
		}
		for _, e := range x.Entries {
			at, ok := ticks(e.Time, main.timescale)
			if ok && e.MoofOffset < uint64(r.file.Size) && (len(points) == 0 || int64(e.MoofOffset) > points[len(points)-1].offset) { //nolint:gosec // bounded
				points = append(points, point{int64(e.MoofOffset), at}) //nolint:gosec // as above
			}
		}
	})
	return points
}

// walk reads the first fragments of a film.
func (r *ranges) walk(m *movie, main *track, first box) ([]piece, error) {
	var points []point
	total, from := uint64(0), first.offset
	end := point{offset: from}
	for offset := from; len(points) < maxFragments && offset < r.file.Size; {
		x, err := r.boxAt(offset)
		if err != nil {
			break
		}
		if x.kind == "moof" {
			whole, err := r.at(offset, x.size)
			if err != nil {
				break
			}
			if d := fragmentTicks(whole, x.header, main.id, m.defaults[main.id]); d > 0 {
				at, ok := ticks(total, main.timescale)
				if !ok {
					return nil, errBroken
				}
				points = append(points, point{offset, at})
				total += d
			}
		}
		if offset += x.size; offset < 0 || offset > r.file.Size {
			break
		}
		end.offset = offset
	}
	var ok bool
	if end.at, ok = ticks(total, main.timescale); !ok || end.at == 0 || end.offset <= from {
		return nil, errNoIndex
	}
	end.at = time.Duration(float64(end.at) * float64(r.file.Size-from) / float64(end.offset-from))
	end.offset = r.file.Size
	return join(points, end, r.file.Size)
}

// fragmentTicks returns the duration of a track's part of a moof box.
func fragmentTicks(whole []byte, header int64, id uint32, trex *mp4.TrexBox) uint64 {
	sum := uint64(0)
	inside(whole, header, func(kind string, traf []byte, header int64) {
		if kind != "traf" {
			return
		}
		usual, mine := uint32(0), false
		inside(traf, header, func(kind string, b []byte, _ int64) {
			switch kind {
			case "tfhd":
				if x := decodeBox[*mp4.TfhdBox](b); x != nil {
					mine = x.TrackID == id
					switch {
					case x.HasDefaultSampleDuration():
						usual = x.DefaultSampleDuration
					case trex != nil:
						usual = trex.DefaultSampleDuration
					}
				}
			case "trun":
				if x := decodeBox[*mp4.TrunBox](b); x != nil && mine {
					sum += x.Duration(usual)
				}
			}
		})
	})
	return sum
}
