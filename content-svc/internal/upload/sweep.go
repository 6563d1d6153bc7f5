package upload

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"streamgate/content-svc/internal/media"
	"streamgate/content-svc/internal/video"
	"streamgate/libs/objectid"
)

// Keep is how long what no content names is kept: by then nobody watches it any more, since a grant is good for 12 hours after its last
// use, and nobody goes on with it.
const Keep = 24 * time.Hour

// Contents knows the contents.
type Contents interface {
	// Get returns a content, or video.ErrNotFound.
	Get(ctx context.Context, id objectid.ID) (video.Content, error)
}

// What uploads make; nothing else is ever swept.
var (
	filmFolder   = regexp.MustCompile(`^` + uploaded + `([0-9a-f]{24})/[0-9a-f]{32}/`)
	posterFile   = regexp.MustCompile(`^` + media.Posters + `([0-9a-f]{24})/[0-9a-f]{32}\.[a-z]+$`)
	uploadFolder = regexp.MustCompile(`^` + folder + `[0-9a-f]{32}/`)
)

// Sweep deletes what no content names any more and uploads that nobody goes on with, if they are older than Keep. Replicas may do so at the
// same time.
func (u *Uploads) Sweep(ctx context.Context, contents Contents) error {
	var errs error
	for _, what := range []struct {
		folder  string
		pattern *regexp.Regexp
	}{{folder, uploadFolder}, {uploaded, filmFolder}, {media.Posters, posterFile}} {
		entries, err := u.Files.List(ctx, what.folder)
		errs = errors.Join(errs, err)
		for _, group := range groups(entries, what.pattern) {
			errs = errors.Join(errs, u.sweep(ctx, contents, group))
		}
	}
	return errs
}

// group is what is deleted together.
type group struct {
	name    string // a folder with a slash at its end, or a file
	content string // 24 hex digits, or ""
	entries []media.Entry
	newest  time.Time
}

func groups(entries []media.Entry, pattern *regexp.Regexp) []*group {
	var all []*group
	for _, e := range entries {
		found := pattern.FindStringSubmatch(e.Path)
		if found == nil {
			continue
		}
		if len(all) == 0 || all[len(all)-1].name != found[0] {
			g := &group{name: found[0]}
			if len(found) > 1 {
				g.content = found[1]
			}
			all = append(all, g)
		}
		g := all[len(all)-1]
		g.entries = append(g.entries, e)
		if e.Modified.After(g.newest) {
			g.newest = e.Modified
		}
	}
	return all
}

func (u *Uploads) sweep(ctx context.Context, contents Contents, g *group) error {
	if u.Now().Sub(g.newest) < Keep {
		return nil
	}
	if g.content != "" {
		id, err := objectid.Parse("id", g.content)
		if err != nil {
			return err
		}
		known, err := contents.Get(ctx, id)
		if err != nil && !errors.Is(err, video.ErrNotFound) {
			return err
		}
		if err == nil && (strings.HasPrefix(known.Src, g.name) || known.Poster == g.name) {
			return nil
		}
	}
	var errs error
	for _, e := range g.entries {
		errs = errors.Join(errs, u.Files.Delete(ctx, e.Path))
	}
	return errs
}
