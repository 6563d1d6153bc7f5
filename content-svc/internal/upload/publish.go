package upload

import (
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // decodes posters
	_ "image/png"  // decodes posters

	_ "golang.org/x/image/webp" // decodes posters

	"streamgate/content-svc/internal/media"
	"streamgate/content-svc/internal/mediatime"
	"streamgate/content-svc/internal/video"
	"streamgate/libs/fault"
	"streamgate/libs/objectid"
)

// uploaded is the folder of the films that were uploaded.
const uploaded = "uploaded/"

// Film is where an upload's film is played from, and what is known of it.
type Film struct {
	Src string
	video.Film
}

// Film checks an upload, and copies it to where the content plays it from. It may take minutes, and can be repeated. Its errors are
// fault.Invalid for what is no film, ErrNotFound, and those of the store.
func (u *Uploads) Film(ctx context.Context, content objectid.ID, id string) (Film, error) {
	c, err := u.complete(ctx, "upload", id)
	if err != nil {
		return Film{}, err
	}
	defer c.Close() //nolint:errcheck // it was only read
	place := uploaded + content.String() + "/" + id + "/"
	var film Film
	switch c.kind {
	case MP4, WebM:
		film, err = u.single(ctx, c, place)
	case Tar, Zip:
		film, err = u.archive(ctx, c, place)
	default:
		err = fault.BadField("upload", "is a poster, not a film")
	}
	if err != nil {
		return Film{}, errors.Join(err, u.clear(context.WithoutCancel(ctx), place))
	}
	return film, nil
}

// complete returns the content of an upload of which nothing is missing.
func (u *Uploads) complete(ctx context.Context, field, id string) (*content, error) {
	known, err := u.Get(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, fault.BadField(field, "is not an upload that is there; begin one by POST /uploads")
	}
	if err != nil {
		return nil, err
	}
	if known.Offset != known.Size {
		return nil, fault.BadField(field, "is not complete: %d of %d bytes are there", known.Offset, known.Size)
	}
	c := &content{ctx: ctx, files: u.Files, Upload: known}
	head := make([]byte, min(headBytes, known.Size))
	if _, err := c.ReadAt(head, 0); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	if c.kind = kindOf(head); c.kind == "" {
		return nil, errors.Join(errKind, c.Close())
	}
	return c, nil
}

func (u *Uploads) single(ctx context.Context, c *content, place string) (Film, error) {
	facts, err := mediatime.Inspect(ctx, whole{c}, "film", mediatime.File{Size: c.Size})
	if err != nil {
		return Film{}, unusable(err)
	}
	name := place + "film." + string(c.kind)
	if _, err := u.Files.Write(ctx, name, c.reader()); err != nil {
		return Film{}, err
	}
	return Film{name, newFilm(facts)}, nil
}

func newFilm(facts mediatime.Facts) video.Film {
	return video.Film{Duration: facts.Duration.Truncate(1e6), Width: facts.Width, Height: facts.Height}
}

// unusable is the error of an upload that can't be played. Faults of the store stay what they are.
func unusable(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return err
	}
	return fault.New(fault.Unprocessable, "media_invalid", fmt.Sprintf("This can't be played: %v.", err))
}

// Poster checks a picture and copies it to where it is shown from. It returns its path.
func (u *Uploads) Poster(ctx context.Context, content objectid.ID, id string) (string, error) {
	c, err := u.complete(ctx, "poster", id)
	if err != nil {
		return "", err
	}
	defer c.Close() //nolint:errcheck // it was only read
	if !c.kind.isPoster() {
		return "", fault.BadField("poster", "is a film, not a poster")
	}
	// Only the header: what a picture says of its size is what it costs to show it.
	if c.Size > u.Limits.Poster {
		return "", tooLarge(u.Limits.Poster)
	}
	picture, format, err := image.DecodeConfig(c.reader())
	if err != nil {
		return "", fault.New(fault.Unprocessable, "poster_invalid", "This is not a JPEG, PNG or WebP picture.")
	}
	const most = 8192
	if picture.Width > most || picture.Height > most {
		return "", fault.New(fault.Unprocessable, "poster_invalid", fmt.Sprintf("A poster has at most %d by %d pixels, and this one %d by %d.",
			most, most, picture.Width, picture.Height))
	}
	name := media.Posters + content.String() + "/" + id + map[string]string{"jpeg": ".jpg", "png": ".png", "webp": ".webp"}[format]
	_, err = u.Files.Write(ctx, name, c.reader())
	return name, err
}
