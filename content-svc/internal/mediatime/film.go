package mediatime

import (
	"context"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// How often the playlists of a film are read.
const (
	oftenLive   = time.Second      // while a channel is asked for segments that aren't known
	oftenFilm   = 10 * time.Second // the same for a film that is complete, and after reading failed
	oftenAnyhow = 5 * time.Minute  // whatever is asked for
)

// Bounds of a film.
const (
	maxLinks     = 1000            // variants and renditions that a master playlist names
	maxPlaylists = 128             // different media playlists of them that are read
	maxFilm      = 5 * MaxSegments // segments of all playlists together
)

// film is a content whose source is a playlist or an MPD.
type film struct {
	src     string
	folder  string // of all its files, with a slash at its end
	state   atomic.Pointer[filmState]
	changed atomic.Bool // there is news

	mu   sync.Mutex
	seen map[string]string   // the ETags of playlists as players got them, if they weren't those that were read
	news map[string]struct{} // the playlists that weren't read since
}

// filmState is what was read of a film; it doesn't change.
type filmState struct {
	etag      string // of the source
	links     []link
	playlists []*playlist // those that cost before those that don't
	readAt    time.Time
	live      bool
	failed    bool
}

// link is a media playlist that a master playlist names.
type link struct {
	name string
	free bool
}

// playlist is a media playlist or an MPD as it was read; it doesn't change.
type playlist struct {
	name, etag string
	*index

	live   bool
	order  []place // of a live HLS playlist: its segments
	first  int64   // media sequence of the first of them
	end    time.Duration
	target time.Duration
}

// version is what the log is written for: a live playlist is another every few seconds.
func (p *playlist) version() string {
	if p.live {
		return ""
	}
	return p.etag
}

// film returns what is remembered of a content.
func (c *Clock) film(src string) *film {
	return c.films.getOr(src, func() *film {
		return &film{
			src: src, folder: src[:strings.LastIndexByte(src, '/')+1], seen: map[string]string{}, news: map[string]struct{}{},
		}
	})
}

// saw notes which version of a playlist a player gets.
func (f *film) saw(name, etag string) {
	s := f.state.Load()
	if s == nil {
		return
	}
	known, ok := s.etag, name == f.src
	for _, p := range s.playlists {
		if p.name == name {
			known, ok = p.etag, true
		}
	}
	if !ok || known == etag {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen[name] != etag { // else it was read since, and the store reports another ETag when the file is read than when it is served
		f.seen[name] = etag
		f.news[name] = struct{}{}
		f.changed.Store(true)
	}
}

// stale says whether the film is to be read before anything is looked up.
func (f *film) stale(now time.Time) bool {
	s := f.state.Load()
	return s == nil || f.changed.Load() || now.Sub(s.readAt) >= oftenAnyhow
}

// mayAsk says whether the film may be read for a file that isn't known.
func (f *film) mayAsk(now time.Time) bool {
	s := f.state.Load()
	often := oftenFilm
	if s != nil && s.live && !s.failed {
		often = oftenLive
	}
	return s == nil || now.Sub(s.readAt) >= often
}

// find returns the timeline of a file, and the playlist that names it, or nil.
func (f *film) find(hash uint64, name string, size int64) (Timeline, *playlist) {
	s := f.state.Load()
	if s == nil {
		return Timeline{}, nil
	}
	for _, p := range s.playlists {
		if t, ok := p.find(hash, name, size); ok {
			return t, p
		}
	}
	return Timeline{}, nil
}

// read reads the playlists of a film, together with whoever else wants to. It ends with the context, the reading goes on.
func (c *Clock) read(ctx context.Context, f *film) {
	done := c.reading.DoChan("film "+f.src, func() (any, error) {
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Timeout)
		defer cancel()
		if now := c.Now(); f.stale(now) || f.mayAsk(now) {
			c.refresh(within, f, now)
		}
		return nil, nil
	})
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// refresh reads what may have changed, and remembers it.
func (c *Clock) refresh(ctx context.Context, f *film, now time.Time) {
	old := f.state.Load()
	if old == nil {
		old = &filmState{}
	}
	f.mu.Lock()
	changed := f.news
	f.news = map[string]struct{}{}
	f.changed.Store(false)
	f.mu.Unlock()

	next := &filmState{etag: old.etag, links: old.links, readAt: old.readAt}
	_, source := changed[f.src]
	only := len(changed) > 0 && !source && now.Sub(old.readAt) < oftenAnyhow
	var root *playlist
	if only {
		root = old.named(f.src)
	} else {
		next.readAt = now
		var err error
		if root, err = c.readSource(ctx, f, old, next); err != nil {
			c.tell(ctx, f.src, "", "a playlist can't be read", "error", err)
			next.failed, next.playlists, next.live = true, old.playlists, old.live
			f.state.Store(next)
			return
		}
	}
	if root != nil {
		next.playlists = []*playlist{root}
	} else {
		next.playlists = c.readLinks(ctx, f, next.links, old, func(name string) bool {
			_, news := changed[name]
			return !only || news || old.named(name) == nil
		})
	}
	segments := 0
	for i, p := range next.playlists {
		next.live = next.live || p.live
		if segments += len(p.keys); segments > maxFilm {
			c.tell(ctx, f.src, next.etag, "a film has too many segments", "most", maxFilm)
			next.playlists = next.playlists[:i]
			break
		}
	}
	f.state.Store(next)
	c.films.put(f.src, f, next.bytes())
}

// readSource reads the source of a film. It returns the playlist that the source is, or nil for a master playlist, whose links are then
// those of next.
func (c *Clock) readSource(ctx context.Context, f *film, old, next *filmState) (*playlist, error) {
	text, file, err := c.readAll(ctx, f.src, old.etag)
	if err != nil {
		return nil, err
	}
	before := old.named(f.src)
	if text == nil {
		return before, nil
	}
	next.etag = file.ETag
	if strings.EqualFold(path.Ext(f.src), ".mpd") {
		next.links = nil
		return c.parseMPD(ctx, f, file.ETag, text, before)
	}
	p, links, err := c.parseM3U8(ctx, f, link{name: f.src}, file.ETag, text, before)
	if err == nil && len(links) > maxPlaylists {
		c.tell(ctx, f.src, file.ETag, "a master playlist names too many playlists", "most", maxPlaylists)
		links = links[:maxPlaylists]
	}
	next.links = links
	return p, err
}

// readLinks reads the media playlists that a master playlist names, those that are wanted; of the others, and of those that can't be
// read, it returns the old ones.
func (c *Clock) readLinks(ctx context.Context, f *film, links []link, old *filmState, wanted func(name string) bool) []*playlist {
	playlists := make([]*playlist, len(links))
	var all errgroup.Group
	all.SetLimit(8)
	for i, l := range links {
		before := old.named(l.name)
		playlists[i] = before
		if !wanted(l.name) {
			continue
		}
		all.Go(func() error {
			known := ""
			if before != nil {
				known = before.etag
			}
			text, file, err := c.readAll(ctx, l.name, known)
			if err == nil && text != nil {
				var p *playlist
				if p, _, err = c.parseM3U8(ctx, f, l, file.ETag, text, before); p != nil {
					playlists[i] = p
				}
			}
			if err != nil {
				c.tell(ctx, l.name, "", "a playlist can't be read", "error", err)
			}
			return nil
		})
	}
	_ = all.Wait() // none fails
	return slices.DeleteFunc(playlists, func(p *playlist) bool { return p == nil })
}

// named returns the playlist of a name, or nil.
func (s *filmState) named(name string) *playlist {
	for _, p := range s.playlists {
		if p.name == name {
			return p
		}
	}
	return nil
}

func (s *filmState) bytes() int64 {
	n := int64(1000)
	for _, p := range s.playlists {
		n += p.bytes() + int64(len(p.order))*16
	}
	return n
}
