package mediatime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	hls "github.com/bluenviron/gohlslib/v2/pkg/playlist"
)

var (
	errTooMany = errors.New("too many segments")
	errNested  = errors.New("a master playlist in a master playlist")
	errEmpty   = errors.New("nothing of this content in it")
)

// place is where a file is in a film.
type place struct {
	hash  uint64
	start time.Duration
}

// parseM3U8 reads a playlist: a media playlist, of which before is the last version, or the links of a master playlist.
func (c *Clock) parseM3U8(ctx context.Context, f *film, l link, etag string, text []byte, before *playlist) (*playlist, []link, error) {
	text, err := essential(text)
	if err != nil {
		return nil, nil, err
	}
	parsed, err := safely(func() (hls.Playlist, error) { return hls.Unmarshal(text) })
	if err != nil {
		return nil, nil, err
	}
	switch p := parsed.(type) {
	case *hls.Multivariant:
		if l.name != f.src {
			return nil, nil, errNested
		}
		found := links(f.folder, l.name, p)
		if len(found) == 0 {
			return nil, nil, errEmpty
		}
		return nil, found, nil
	case *hls.Media:
		m := &mediaPlaylist{clock: c, folder: f.folder, link: l, Media: p, before: before}
		made, lies := m.playlist(etag)
		if lies {
			c.tell(ctx, l.name, made.version(), "a playlist has an impossible duration of a byte range")
		}
		return made, nil, nil
	default:
		return nil, nil, errEmpty
	}
}

// essentials are the tags that media time is worked out from. A playlist may have whatever else it likes, also what the library doesn't
// know: another encryption, a newer version.
var essentials = []string{
	"#EXTM3U", "#EXTINF:", "#EXT-X-BYTERANGE:", "#EXT-X-MAP:", "#EXT-X-PART:", "#EXT-X-TARGETDURATION:", "#EXT-X-MEDIA-SEQUENCE:",
	"#EXT-X-PROGRAM-DATE-TIME:", "#EXT-X-ENDLIST", "#EXT-X-STREAM-INF:", "#EXT-X-MEDIA:",
}

// essential leaves the essential tags and the names of a playlist. It bounds what the library has to do.
func essential(text []byte) ([]byte, error) {
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	kept := make([]byte, 0, len(text)+1)
	segments, playlists := 0, 0
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			continue
		}
		if line[0] == '#' && !slices.ContainsFunc(essentials, func(tag string) bool { return bytes.HasPrefix(line, []byte(tag)) }) ||
			// Closed captions are in the picture, and have rules of their own.
			bytes.HasPrefix(line, []byte("#EXT-X-MEDIA:")) && !bytes.Contains(line, []byte("URI=")) {
			continue
		}
		if line[0] != '#' || bytes.HasPrefix(line, []byte("#EXT-X-PART:")) {
			segments++
		}
		if bytes.HasPrefix(line, []byte("#EXT-X-STREAM-INF:")) || bytes.HasPrefix(line, []byte("#EXT-X-MEDIA:")) {
			playlists++
		}
		if segments > MaxSegments || playlists > maxLinks {
			return nil, errTooMany
		}
		kept = append(kept, line...)
		if bytes.HasPrefix(line, []byte("#EXTINF:")) && !bytes.ContainsRune(line, ',') {
			kept = append(kept, ',') // which players don't miss
		}
		kept = append(kept, '\n')
	}
	return kept, nil
}

// resolve returns the path in the store of what a file of a content refers to. It is false for what is elsewhere.
func resolve(folder, from, reference string) (string, bool) {
	u, err := url.Parse(reference)
	if err != nil || u.Path == "" || u.Path[0] == '/' { // as that of another server always does
		return "", false
	}
	file := path.Join(path.Dir(from), u.Path)
	return file, strings.HasPrefix(file, folder) && len(file) > len(folder)
}

// mediaPlaylist is being made into a playlist.
type mediaPlaylist struct {
	*hls.Media

	clock   *Clock
	folder  string
	link    link
	before  *playlist
	entries []entry
	ends    map[string]int64 // of the last byte range of each file
}

// playlist works out the places of all segments. It says whether a byte range lies.
func (m *mediaPlaylist) playlist(etag string) (*playlist, bool) {
	p := &playlist{
		name: m.link.name, etag: etag, live: !m.Endlist, first: int64(m.MediaSequence), target: time.Duration(m.TargetDuration) * time.Second,
	}
	m.ends = map[string]int64{}
	if m.Map != nil {
		m.add(m.Map.URI, free, nil, nil, 0, 0)
	}
	at := m.begin(p)
	begin := at
	for _, s := range m.Segments {
		d := m.believable(s.Duration)
		part := at
		for _, q := range s.Parts {
			m.add(q.URI, paid, q.ByteRangeLength, q.ByteRangeStart, part, m.believable(q.Duration))
			part += m.believable(q.Duration)
		}
		hash := m.add(s.URI, paid, s.ByteRangeLength, s.ByteRangeStart, at, d)
		if p.live {
			p.order = append(p.order, place{hash, at})
		}
		at = within(at + d)
	}
	p.end = at
	for _, q := range m.Parts { // of the segment that isn't complete
		m.add(q.URI, paid, q.ByteRangeLength, q.ByteRangeStart, at, m.believable(q.Duration))
		at = within(at + m.believable(q.Duration))
	}
	var lies bool
	p.index, lies = m.clock.index(m.entries)
	if p.live && m.before != nil {
		if older := p.remember(m.before.index, begin); len(older) > 0 {
			p.index, lies = m.clock.index(append(m.entries, older...))
		}
	}
	return p, lies
}

// add notes a file, or a range of it, and returns the hash of its name.
func (m *mediaPlaylist) add(uri string, n nature, length, offset *uint64, start, d time.Duration) uint64 {
	file, ok := resolve(m.folder, m.link.name, uri)
	if !ok {
		return 0
	}
	if m.link.free {
		n = free
	}
	p := piece{end: toEnd, start: start, dur: d}
	if length != nil {
		p.offset = m.ends[file] // where the last one ended, if it isn't said
		if offset != nil {
			p.offset = int64(min(*offset, maxFile))
		}
		p.end = min(p.offset+int64(min(*length, maxFile)), maxFile)
		m.ends[file] = p.end
		if p.offset >= p.end {
			return 0
		}
		if n == free && !m.link.free { // an initialization segment in the film's own file is between its pieces
			return 0
		}
	}
	hash := maphash.String(m.clock.seed, file)
	m.entries = append(m.entries, entry{key{hash, m.clock.rendition(m.link.name), n}, p})
	return hash
}

// believable returns a duration as a playlist says it, or 0 if it can't be: EXTINF, rounded, is at most the target duration.
func (m *mediaPlaylist) believable(d time.Duration) time.Duration {
	if d <= 0 || d > longest || m.TargetDuration > 0 && d > 2*time.Duration(m.TargetDuration)*time.Second+time.Second {
		return 0
	}
	return d
}

// begin returns the position of the first segment; see the package's doc.
func (m *mediaPlaylist) begin(p *playlist) time.Duration {
	switch {
	case m.Endlist && (m.before == nil || !m.before.live):
		return 0
	case m.before != nil && len(m.before.order) > 0:
		return m.goOn(p.first)
	}
	at := time.Duration(0)
	for _, s := range m.Segments {
		if s.DateTime != nil {
			return within(s.DateTime.Sub(time.Unix(0, 0)) - at)
		}
		at += m.believable(s.Duration)
	}
	return sequence(p.first, p.target)
}

// goOn returns the position of the first segment of a playlist that was read before.
func (m *mediaPlaylist) goOn(first int64) time.Duration {
	b := m.before
	hash := uint64(0)
	if file, ok := resolve(m.folder, m.link.name, m.Segments[0].URI); ok {
		hash = maphash.String(m.clock.seed, file)
	}
	if i := first - b.first; i >= 0 && i < int64(len(b.order)) && b.order[i].hash == hash {
		return b.order[i].start
	}
	for _, o := range b.order { // the sequence began anew
		if o.hash == hash {
			return o.start
		}
	}
	return b.end + sequence(first-b.first-int64(len(b.order)), b.target)
}

// sequence returns the duration of so many segments of the target duration, or 0 if there is no telling.
func sequence(segments int64, target time.Duration) time.Duration {
	if segments <= 0 || target <= 0 || segments > int64(maxTime/target) {
		return 0
	}
	return time.Duration(segments) * target
}

// rendition returns the number of a rendition by its name, not 0.
func (c *Clock) rendition(name string) uint32 {
	return uint32(maphash.String(c.seed, name)>>32) | 1
}

// safely turns a panic of a library, over a file that nobody foresaw, into an error: it costs the film its index, not everybody theirs.
func safely[T any](parse func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("decode: %v", p)
		}
	}()
	return parse()
}
