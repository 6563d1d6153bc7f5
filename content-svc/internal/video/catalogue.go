package video

import (
	"context"
	"errors"
	"time"

	"streamgate/content-svc/internal/media"
	"streamgate/libs/fault"
	"streamgate/libs/listing"
	"streamgate/libs/objectid"
)

// Update is a change and the time when it is made.
type Update struct {
	Change

	At time.Time
}

// Catalogue lists, adds, changes and deletes contents.
type Catalogue struct {
	store Store
	files media.Files
	now   func() time.Time
}

// NewCatalogue returns a catalogue of the contents in the store, whose files are among these.
func NewCatalogue(store Store, files media.Files, now func() time.Time) *Catalogue {
	return &Catalogue{store, files, now}
}

// List returns a page of contents and the number of all that match.
func (c *Catalogue) List(ctx context.Context, q listing.Query) ([]Content, int64, error) {
	return c.store.List(ctx, q)
}

// Get returns a content, or ErrNotFound.
func (c *Catalogue) Get(ctx context.Context, id objectid.ID) (Content, error) {
	return c.store.Get(ctx, id)
}

// Bring returns what was uploaded for a content, as a change. It is asked once all else is right.
type Bring func(ctx context.Context, content objectid.ID) (Change, error)

// Add adds a content with these values; all but the description are required. Its error names all faulty ones. Bring may be nil; if it isn't, a Src
// isn't required.
func (c *Catalogue) Add(ctx context.Context, values Change, bring Bring) (Content, error) {
	content := c.complete(values)
	if bring != nil && values.Src == nil {
		content.Src = "uploaded" // until it is known where
	}
	if err := (Change{Type: &content.Type, Name: &content.Name, Description: &content.Description, Src: &content.Src}).check(); err != nil {
		return Content{}, err
	}
	if values.Src != nil {
		if err := c.find(ctx, content.Src); err != nil {
			return Content{}, err
		}
	}
	if bring != nil {
		brought, err := bring(ctx, content.ID)
		if err != nil {
			return Content{}, err
		}
		if brought.Src != nil {
			content.Src, content.Film = *brought.Src, *brought.Film
		}
		if brought.Poster != nil {
			content.Poster = *brought.Poster
		}
	}
	return content, c.store.Insert(ctx, content)
}

// complete returns a new content with these values.
func (c *Catalogue) complete(values Change) Content {
	now := c.time()
	content := Content{ID: objectid.New(), CreatedAt: now, UpdatedAt: now}
	if values.Type != nil {
		content.Type = *values.Type
	}
	if values.Name != nil {
		content.Name = *values.Name
	}
	if values.Description != nil {
		content.Description = *values.Description
	}
	if values.Src != nil {
		content.Src = *values.Src
	}
	return content
}

// Change sets some fields of a content to new values. Its error names all faulty ones. Bring may be nil.
func (c *Catalogue) Change(ctx context.Context, id objectid.ID, change Change, bring Bring) (Content, error) {
	if change == (Change{}) && bring == nil {
		return Content{}, fault.BadField("body", "must have at least one of type, name, description, src, upload, poster")
	}
	if err := change.check(); err != nil {
		return Content{}, err
	}
	if change.Src != nil {
		if err := c.find(ctx, *change.Src); err != nil {
			return Content{}, err
		}
	}
	if bring != nil {
		if _, err := c.store.Get(ctx, id); err != nil {
			return Content{}, err
		}
		brought, err := bring(ctx, id)
		if err != nil {
			return Content{}, err
		}
		change = change.with(brought)
	}
	return c.store.Update(ctx, id, Update{Change: change, At: c.time()})
}

// find fails unless there is a file at a Src that is a path.
func (c *Catalogue) find(ctx context.Context, src string) error {
	if webScheme.MatchString(src) {
		return nil
	}
	file, err := c.files.Open(ctx, src)
	if errors.Is(err, media.ErrNotFound) {
		return fault.BadField("src", "there is no file at this path in the media store; put it there first")
	}
	if err != nil {
		return err //nolint:wrapcheck // of the store, which says what it is
	}
	return file.Close()
}

// Delete removes a content, or returns ErrNotFound. Streams that play it go on; its file stays where it is.
func (c *Catalogue) Delete(ctx context.Context, id objectid.ID) error {
	return c.store.Delete(ctx, id)
}

func (c *Catalogue) time() time.Time { return c.now().UTC().Truncate(time.Millisecond) }
