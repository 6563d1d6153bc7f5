package mediatime

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	hls "github.com/bluenviron/gohlslib/v2/pkg/playlist"
)

// Facts are what a film says of itself; zero is what it doesn't.
type Facts struct {
	Duration      time.Duration
	Width, Height int // pixels of the best picture
}

// see notes a picture, if it is the best so far.
func (f *Facts) see(width, height int) {
	const most = 1 << 15
	if width > 0 && height > 0 && width <= most && height <= most && width*height > f.Width*f.Height {
		f.Width, f.Height = width, height
	}
}

var (
	errCutOff = errors.New("the file is cut off: its end is missing")
	errNoFilm = errors.New("there is neither picture nor sound in it")
)

// Inspect reads a film in one file, MP4 or WebM. Its error says what is wrong with the file, for who made it, unless the store fails.
func Inspect(ctx context.Context, store Store, name string, file File) (Facts, error) {
	r := &ranges{ctx: ctx, open: store.Open, name: name, file: file, left: 4 * MaxHeader}
	return safely(func() (Facts, error) {
		head, err := r.at(0, min(headBytes, file.Size))
		if err != nil {
			return Facts{}, err
		}
		r.head = head
		switch {
		case bytes.HasPrefix(head, []byte{0x1A, 0x45, 0xDF, 0xA3}):
			return r.inspectWebM()
		case len(head) >= 8 && string(head[4:8]) == "ftyp":
			return r.inspectMP4()
		default:
			return Facts{}, errStrange
		}
	})
}

// maxBoxes bounds the boxes of a file that are looked at until its film is known.
const maxBoxes = 1000

func (r *ranges) inspectMP4() (Facts, error) {
	m, err := r.wholeMovie()
	if err != nil {
		return Facts{}, err
	}
	facts := Facts{Duration: m.duration}
	for _, t := range m.tracks {
		if t.video {
			facts.see(t.width, t.height)
		}
	}
	return facts, nil
}

// wholeMovie reads the moov box of a file that has media, too, and whose boxes are whole. Of fragments it looks at the first.
func (r *ranges) wholeMovie() (*movie, error) {
	var m *movie
	data := false
	for offset, boxes := int64(0), 0; offset < r.file.Size && boxes < maxBoxes; boxes++ {
		x, err := r.wholeBoxAt(offset)
		if err != nil {
			return nil, err
		}
		switch x.kind {
		case "moov":
			whole, err := r.at(offset, x.size)
			if err != nil {
				return nil, err
			}
			m = readMovie(whole, x.header)
		case "mdat":
			data = data || x.size > x.header
		}
		if m != nil && data && m.defaults != nil {
			break
		}
		offset += x.size
	}
	if m == nil || len(m.tracks) == 0 || !data {
		return nil, errNoFilm
	}
	return m, nil
}

func (r *ranges) wholeBoxAt(offset int64) (box, error) {
	if r.file.Size-offset < 8 {
		return box{}, errCutOff
	}
	x, err := r.boxAt(offset)
	if err == nil && x.size > r.file.Size-offset {
		err = errCutOff
	}
	return x, err
}

func (r *ranges) inspectWebM() (Facts, error) {
	m := &matroska{}
	if _, _, err := r.beforeClusters(m); err != nil {
		if errors.Is(err, errNoIndex) || errors.Is(err, errShort) {
			err = errCutOff
		}
		return Facts{}, err
	}
	facts := Facts{Duration: m.time(m.Info.Duration)}
	for _, t := range m.Tracks.TrackEntry {
		facts.see(int(min(t.Video.PixelWidth, 1<<20)), int(min(t.Video.PixelHeight, 1<<20)))
	}
	if len(m.Tracks.TrackEntry) == 0 {
		return Facts{}, errNoFilm
	}
	return facts, nil
}

// InspectPlaylist reads a film whose source is a playlist or an MPD, with the names of all files that there are. It fails unless all files are
// there that it names.
func InspectPlaylist(ctx context.Context, store Store, src string, names []string) (Facts, error) {
	c := New(Options{Store: store, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	i := &inspection{Clock: c, ctx: ctx, film: c.film(src), there: map[uint64]struct{}{}, names: names}
	for _, name := range names {
		i.there[maphash.String(c.seed, name)] = struct{}{}
	}
	return safely(func() (Facts, error) {
		text, err := i.read(src)
		if err != nil {
			return Facts{}, err
		}
		if strings.HasSuffix(strings.ToLower(src), ".mpd") {
			return i.facts, i.mpd(text)
		}
		return i.facts, i.hls(src, text, true)
	})
}

// inspection is of one film.
type inspection struct {
	*Clock

	ctx   context.Context //nolint:containedctx // of one inspection
	film  *film
	there map[uint64]struct{}
	names []string
	facts Facts
}

func (i *inspection) read(name string) ([]byte, error) {
	text, _, err := i.readAll(i.ctx, name, "")
	return text, err
}

// has fails unless there is a file that a playlist refers to.
func (i *inspection) has(from, reference string) (string, error) {
	file, ok := resolve(i.film.folder, from, reference)
	if !ok {
		return "", fmt.Errorf("%s refers to %.200q, which isn't beside it", i.short(from), reference)
	}
	if _, ok := i.there[maphash.String(i.seed, file)]; !ok {
		return "", fmt.Errorf("%s refers to %.200q, which is missing", i.short(from), reference)
	}
	return file, nil
}

func (i *inspection) short(name string) string { return strings.TrimPrefix(name, i.film.folder) }

func (i *inspection) hls(name string, text []byte, root bool) error {
	text, err := essential(text)
	if err != nil {
		return err
	}
	parsed, err := hls.Unmarshal(text)
	if err != nil {
		return fmt.Errorf("%s is no playlist: %w", i.short(name), err)
	}
	switch p := parsed.(type) {
	case *hls.Multivariant:
		if !root {
			return errNested
		}
		return i.master(name, p)
	case *hls.Media:
		return i.media(name, p)
	default:
		return errEmpty
	}
}

func (i *inspection) master(name string, p *hls.Multivariant) error {
	for _, v := range p.Variants {
		width, height, _ := strings.Cut(v.Resolution, "x")
		w, _ := strconv.Atoi(width)
		h, _ := strconv.Atoi(height)
		i.facts.see(w, h)
	}
	links := named(p)
	if len(links) == 0 || len(links) > maxPlaylists {
		return errEmpty
	}
	for _, l := range links {
		file, err := i.has(name, l.name)
		if err != nil {
			return err
		}
		text, err := i.read(file)
		if err != nil {
			return err
		}
		if err := i.hls(file, text, false); err != nil {
			return err
		}
	}
	return nil
}

func (i *inspection) media(name string, p *hls.Media) error {
	if len(p.Segments) == 0 {
		return fmt.Errorf("%s names no segment", i.short(name))
	}
	if p.Map != nil {
		if _, err := i.has(name, p.Map.URI); err != nil {
			return err
		}
	}
	duration := time.Duration(0)
	for _, s := range p.Segments {
		if _, err := i.has(name, s.URI); err != nil {
			return err
		}
		duration += within(s.Duration)
	}
	i.facts.Duration = max(i.facts.Duration, within(duration))
	return nil
}

func (i *inspection) mpd(text []byte) error {
	doc, err := decodeMPD(i.ctx, text)
	if err != nil {
		return fmt.Errorf("%s is no MPD: %w", i.short(i.film.src), err)
	}
	r := &mpdReader{clock: i.Clock, folder: i.film.folder, name: i.film.src, pictures: doc.hasPictures(), grids: map[gridKey]grid{}}
	if err := r.periods(doc); err != nil {
		return err
	}
	if len(r.entries)+len(r.patterns) == 0 {
		return errEmpty
	}
	for _, e := range r.entries {
		if _, ok := i.there[e.hash]; !ok {
			return fmt.Errorf("%s refers to a file that is missing", i.short(i.film.src))
		}
	}
	for n := range r.patterns {
		if err := i.complete(&r.patterns[n]); err != nil {
			return err
		}
	}
	if doc.Duration != nil {
		i.facts.Duration = within(time.Duration(*doc.Duration))
	}
	for _, p := range doc.Periods {
		for _, set := range p.Sets {
			for _, rep := range append([]representation{{format: set.format}}, set.Representations...) {
				w, _ := strconv.Atoi(firstOf(rep.Width, set.Width))
				h, _ := strconv.Atoi(firstOf(rep.Height, set.Height))
				i.facts.see(w, h)
			}
		}
	}
	return nil
}

// complete fails unless the files of a template are all there: together they must be as long as the period, but for one segment, since the
// last one may be short, and the length of a period is rounded.
func (i *inspection) complete(p *pattern) error {
	sum, longest := time.Duration(0), time.Duration(0)
	for _, name := range i.names {
		if _, d, ok := p.match(name); ok {
			sum, longest = sum+d, max(longest, d)
		}
	}
	if sum == 0 || p.end > p.start && sum < p.end-p.start-longest/2 {
		return fmt.Errorf("%s: segments of %.200q are missing", i.short(i.film.src), i.short(strings.Join(p.literals, "…")))
	}
	return nil
}

// IsMaster reports whether a text is a master playlist.
func IsMaster(text io.Reader) bool {
	head, err := io.ReadAll(io.LimitReader(text, MaxPlaylist))
	return err == nil && bytes.Contains(head, []byte("\n#EXT-X-STREAM-INF"))
}
