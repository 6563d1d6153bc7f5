package mediatime

import (
	"context"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"time"
)

// parseMPD reads an MPD, of which before is the last version.
func (c *Clock) parseMPD(ctx context.Context, f *film, etag string, text []byte, before *playlist) (*playlist, error) {
	doc, err := decodeMPD(ctx, text)
	if err != nil {
		return nil, err
	}
	r := &mpdReader{clock: c, folder: f.folder, name: f.src, pictures: doc.hasPictures(), grids: map[gridKey]grid{}}
	if err := r.periods(doc); err != nil {
		return nil, err
	}
	p := &playlist{name: f.src, etag: etag, live: doc.Type == "dynamic"}
	var lies bool
	if p.index, lies = c.index(r.entries); lies {
		c.tell(ctx, f.src, p.version(), "an MPD has an impossible duration of a byte range")
	}
	p.patterns = r.patterns
	if p.live && before != nil {
		if older := p.remember(before.index, r.first()); len(older) > 0 {
			p.index, _ = c.index(append(r.entries, older...))
		}
		p.patterns = recall(r.patterns, before.patterns, c.Now())
	}
	// What costs wins over what doesn't.
	slices.SortStableFunc(p.patterns, func(a, b pattern) int { return int(a.nature) - int(b.nature) })
	return p, nil
}

// mpdReader collects the files that an MPD names.
type mpdReader struct {
	clock        *Clock
	folder, name string
	pictures     bool
	entries      []entry
	patterns     []pattern
	read         int // representations
	grids        map[gridKey]grid
}

// source is a representation with what is around it.
type source struct {
	*representation

	levels     []*segments   // from the representation's own outward
	start, end time.Duration // of its period; an end of 0 isn't known
	rendition  uint32
	nature     nature
}

// periods reads all periods. The end of one that says neither its end nor its length is the beginning of the next.
func (r *mpdReader) periods(doc *mpd) error {
	var end time.Duration
	for i := range doc.Periods {
		p := &doc.Periods[i]
		start := end
		if p.Start != nil {
			start = within(time.Duration(*p.Start))
		}
		end = 0
		switch {
		case p.Duration != nil:
			end = within(start + time.Duration(*p.Duration))
		case i+1 < len(doc.Periods) && doc.Periods[i+1].Start != nil:
			end = within(time.Duration(*doc.Periods[i+1].Start))
		case i+1 == len(doc.Periods) && doc.Duration != nil:
			end = within(time.Duration(*doc.Duration))
		}
		if end <= start {
			end = 0 // not known
		}
		for j := range p.Sets {
			set := &p.Sets[j]
			for k := range set.Representations {
				rep := &set.Representations[k]
				r.representation(source{
					representation: rep, start: start, end: end, rendition: r.clock.rendition(rep.ID), nature: r.nature(set, rep),
					levels: []*segments{&rep.segments, &set.segments, &p.segments, {BaseURLs: doc.BaseURLs}},
				})
				if r.read++; r.read > maxRepresentations || len(r.entries) > MaxSegments {
					return errTooMany
				}
			}
		}
	}
	return nil
}

// baseURL returns the path that the names of segments are relative to, or "" if that is elsewhere.
func (r *mpdReader) baseURL(rep source) string {
	base := r.name
	for _, l := range slices.Backward(rep.levels) {
		if len(l.BaseURLs) == 0 { // of several, players take the first
			continue
		}
		reference := strings.TrimSpace(l.BaseURLs[0])
		if reference == "" || reference == "./" {
			continue
		}
		file, ok := resolve(r.folder, base, reference)
		if !ok {
			return ""
		}
		if base = file; strings.HasSuffix(reference, "/") {
			base += "/" // so that it is the folder of what comes next
		}
	}
	return base
}

// representation notes the files of one.
func (r *mpdReader) representation(rep source) {
	base := r.baseURL(rep)
	if base == "" {
		return
	}
	switch t, l := templateOf(rep.levels), listOf(rep.levels); {
	case t != nil:
		r.template(rep, base, t)
	case l != nil:
		r.list(rep, base, l)
	case base != r.name && !strings.HasSuffix(base, "/"):
		n := rep.nature
		if n == paid {
			n = indexed
		}
		at := rep.start
		if b := baseOf(rep.levels); b != nil {
			offset, _ := ticks(value(b.Offset, 0), value(b.Timescale, 1))
			at -= offset
		}
		r.add(rep, base, n, piece{end: toEnd, start: at})
	}
}

func (r *mpdReader) add(rep source, file string, n nature, p piece) {
	hash := maphash.String(r.clock.seed, file)
	r.entries = append(r.entries, entry{key{hash, rep.rendition, n}, p})
}

// list notes the files of a list.
func (r *mpdReader) list(rep source, base string, l *segmentList) {
	if i := l.Initialization; i != nil && i.SourceURL != "" {
		if file, ok := resolve(r.folder, base, i.SourceURL); ok {
			r.add(rep, file, free, piece{end: toEnd})
		}
	}
	g := r.grid(rep, &l.multiple)
	for i, s := range l.URLs {
		file, ok := base, true
		if s.Media != "" {
			file, ok = resolve(r.folder, base, s.Media)
		}
		start, dur, known := g.at(g.first + uint64(i))
		if !ok || !known {
			continue
		}
		p := piece{end: toEnd, start: start, dur: dur}
		if s.Range != "" {
			if p.offset, p.end, ok = byteRange(s.Range); !ok {
				continue
			}
		}
		r.add(rep, file, rep.nature, p)
	}
}

// byteRange reads first-last, as in RFC 7233.
func byteRange(text string) (from, to int64, ok bool) {
	first, last, _ := strings.Cut(text, "-")
	from, err := strconv.ParseInt(first, 10, 62)
	if err != nil || from < 0 {
		return 0, 0, false
	}
	to, err = strconv.ParseInt(last, 10, 62)
	return from, to + 1, err == nil && to >= from && to < maxFile
}

// first returns the beginning of what an MPD has.
func (r *mpdReader) first() time.Duration {
	first := time.Duration(0)
	for i, e := range r.entries {
		if i == 0 || e.start < first {
			first = e.start
		}
	}
	return first
}

// hasPictures says whether an MPD has pictures, or something that doesn't say what it is.
func (doc *mpd) hasPictures() bool {
	for _, p := range doc.Periods {
		for i := range p.Sets {
			for j := range p.Sets[i].Representations {
				if t := contentType(&p.Sets[i], &p.Sets[i].Representations[j]); t == "video" || t == "" {
					return true
				}
			}
		}
	}
	return false
}

// nature says whether a representation costs nothing: text, images, and sound beside pictures.
func (r *mpdReader) nature(set *adaptationSet, rep *representation) nature {
	t := contentType(set, rep)
	if t == "text" || t == "image" || t == "audio" && r.pictures {
		return free
	}
	return paid
}

// contentType returns video, audio, text, image, or "" for what isn't said.
func contentType(set *adaptationSet, rep *representation) string {
	mime := strings.ToLower(firstOf(rep.MimeType, set.MimeType))
	kind, _, _ := strings.Cut(mime, "/")
	if kind == "video" || kind == "audio" || kind == "text" || kind == "image" {
		return kind // of subtitles in MP4 it is application
	}
	if t := strings.ToLower(set.ContentType); t != "" && t != "application" {
		return t
	}
	codecs := strings.ToLower(firstOf(rep.Codecs, set.Codecs))
	switch {
	case strings.HasPrefix(codecs, "stpp"), strings.HasPrefix(codecs, "wvtt"), strings.Contains(mime, "ttml"):
		return "text"
	case codecs != "" && onlySound(strings.Split(codecs, ",")):
		return "audio"
	case codecs != "", rep.Height != "", set.Height != "":
		return "video"
	default:
		return ""
	}
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func value[T any](p *T, unless T) T {
	if p != nil {
		return *p
	}
	return unless
}
