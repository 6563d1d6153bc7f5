package mediatime

import (
	"bytes"
	"encoding/binary"
	mathbits "math/bits"
	"time"

	"github.com/at-wat/ebml-go"
)

// IDs of elements (RFC 9559, section 5).
const (
	idSegment  = 0x18538067
	idSeekHead = 0x114D9B74
	idInfo     = 0x1549A966
	idTracks   = 0x1654AE6B
	idCluster  = 0x1F43B675
	idCues     = 0x1C53BB6B
)

// matroska is what comes before the first cluster, and the cues, as much of them as matters.
type matroska struct {
	SeekHead struct {
		Seek []struct {
			SeekID       []byte `ebml:"SeekID"`
			SeekPosition uint64 `ebml:"SeekPosition"`
		} `ebml:"Seek"`
	} `ebml:"SeekHead"`
	Info struct {
		TimecodeScale uint64  `ebml:"TimecodeScale"`
		Duration      float64 `ebml:"Duration"`
	} `ebml:"Info"`
	Tracks struct {
		TrackEntry []struct {
			TrackNumber uint64 `ebml:"TrackNumber"`
			TrackType   uint64 `ebml:"TrackType"`
			Video       struct {
				PixelWidth  uint64 `ebml:"PixelWidth"`
				PixelHeight uint64 `ebml:"PixelHeight"`
			} `ebml:"Video"`
		} `ebml:"TrackEntry"`
	} `ebml:"Tracks"`
	Cues struct {
		CuePoint []struct {
			CueTime           uint64 `ebml:"CueTime"`
			CueTrackPositions []struct {
				CueTrack           uint64 `ebml:"CueTrack"`
				CueClusterPosition uint64 `ebml:"CueClusterPosition"`
			} `ebml:"CueTrackPositions"`
		} `ebml:"CuePoint"`
	} `ebml:"Cues"`
}

// element is the header of an element (RFC 8794, section 4).
type element struct {
	id     uint64
	header int64
	size   int64 // without the header; toEnd if it isn't known
}

// elementAt reads the header of an element.
func elementAt(b []byte) (element, error) {
	if len(b) == 0 || b[0] == 0 {
		return element{}, errBroken
	}
	n := mathbits.LeadingZeros8(b[0]) + 1
	if n > 4 || len(b) <= n || b[n] == 0 {
		return element{}, errBroken
	}
	m := mathbits.LeadingZeros8(b[n]) + 1
	if len(b) < n+m {
		return element{}, errBroken
	}
	size := number8(b[n:n+m]) &^ (1 << (7 * m))
	e := element{id: number8(b[:n]), header: int64(n + m), size: int64(size)} //nolint:gosec // 56 bits
	if size == 1<<(7*m)-1 {
		e.size = toEnd
	}
	return e, nil
}

// number8 reads a number of at most eight bytes.
func number8(b []byte) uint64 {
	var wide [8]byte
	copy(wide[8-len(b):], b)
	return binary.BigEndian.Uint64(wide[:])
}

// webm reads the index of a WebM or Matroska file: its cues, or else its duration.
func (r *ranges) webm() ([]piece, error) {
	m := &matroska{}
	segment, cluster, err := r.beforeClusters(m)
	if err != nil {
		return nil, err
	}
	if len(m.Cues.CuePoint) == 0 {
		r.cues(m, segment)
	}
	duration := m.time(m.Info.Duration)
	points := m.points(segment, cluster, r.file.Size)
	if len(points) > 1 && points[len(points)-1].at < duration {
		if pieces, err := join(points, point{r.file.Size, duration}, r.file.Size); err == nil {
			return pieces, nil
		}
	}
	return evenly(cluster, r.file.Size, duration)
}

// beforeClusters reads what is before the first cluster. It returns where the content of the segment and where the cluster begin.
func (r *ranges) beforeClusters(m *matroska) (segment, cluster int64, err error) {
	segment = -1
	for offset := int64(0); offset < r.file.Size; {
		e, err := r.elementAt(offset)
		if err != nil {
			return 0, 0, err
		}
		switch e.id {
		case idSegment:
			segment = offset + e.header
			e.size = 0 // go in
		case idCluster:
			if segment < 0 {
				return 0, 0, errBroken
			}
			return segment, offset, nil
		case idSeekHead, idInfo, idTracks, idCues:
			if err := r.element(offset, e, m); err != nil {
				return 0, 0, err
			}
		}
		if e.size > r.file.Size {
			return 0, 0, errBroken
		}
		offset += e.header + e.size
	}
	return 0, 0, errNoIndex
}

// cues reads the cues behind the clusters, if there are any: without, there is still the duration.
func (r *ranges) cues(m *matroska, segment int64) {
	for _, s := range m.SeekHead.Seek {
		if len(s.SeekID) > 8 || number8(s.SeekID) != idCues || s.SeekPosition > maxFile {
			continue
		}
		offset := segment + int64(s.SeekPosition)
		if e, err := r.elementAt(offset); err == nil && e.id == idCues {
			_ = r.element(offset, e, m)
		}
	}
}

// elementAt reads the header of an element of the file.
func (r *ranges) elementAt(offset int64) (element, error) {
	b, err := r.at(offset, min(12, max(r.file.Size-offset, 0)))
	if err != nil {
		return element{}, err
	}
	return elementAt(b)
}

// element reads an element into m.
func (r *ranges) element(offset int64, e element, m *matroska) error {
	if e.size > MaxHeader {
		return errTooLong
	}
	b, err := r.at(offset, e.header+e.size)
	if err != nil {
		return err
	}
	return ebml.Unmarshal(bytes.NewReader(b), m, ebml.WithIgnoreUnknown(true), ebml.WithMaxLeafElementSize(uint64(len(b))))
}

// time returns the duration of so many units of the file's own timescale, or 0 if it makes no sense.
func (m *matroska) time(units float64) time.Duration {
	scale := m.Info.TimecodeScale
	if scale == 0 {
		scale = 1_000_000
	}
	d := units * float64(scale)
	if !(d > 0 && d < float64(100*365*24*time.Hour)) {
		return 0
	}
	return time.Duration(d)
}

// points returns the clusters of the picture, or of the sound if there is none, that the cues name.
func (m *matroska) points(segment, cluster, size int64) []point {
	const video = 1
	picture := uint64(0)
	for _, t := range m.Tracks.TrackEntry {
		if t.TrackType == video && picture == 0 {
			picture = t.TrackNumber
		}
	}
	points := []point{{offset: cluster}}
	for _, c := range m.Cues.CuePoint {
		for _, p := range c.CueTrackPositions {
			if picture != 0 && p.CueTrack != picture || p.CueClusterPosition >= uint64(size) { //nolint:gosec // a size
				continue
			}
			offset := segment + int64(p.CueClusterPosition) //nolint:gosec // bounded
			if offset > points[len(points)-1].offset {
				points = append(points, point{offset, m.time(float64(c.CueTime))})
			}
		}
	}
	return points
}
