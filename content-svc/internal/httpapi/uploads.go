package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"streamgate/content-svc/internal/upload"
	"streamgate/content-svc/internal/video"
	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/objectid"
)

// What is uploaded comes by the protocol tus (version 1.0.0, with creation and termination), whose clients go on after a broken connection,
// or all at once.

const (
	tusVersion = "1.0.0"
	chunkType  = "application/offset+octet-stream"
)

// tus is in each request and answer of the protocol.
func tus(c *gin.Context) error {
	c.Header("Tus-Resumable", tusVersion)
	c.Header("Cache-Control", "no-store")
	if version := c.GetHeader("Tus-Resumable"); version != "" && version != tusVersion {
		c.Header("Tus-Version", tusVersion)
		return fault.New(fault.PreconditionFailed, "tus_version", "The header Tus-Resumable must be "+tusVersion+".")
	}
	return bind.Query(c, &struct{}{})
}

// beginUpload begins an upload: POST /uploads.
func (a *API) beginUpload(c *gin.Context) error {
	if err := tus(c); err != nil {
		return err
	}
	size, err := strconv.ParseInt(c.GetHeader("Upload-Length"), 10, 64)
	if err != nil {
		return fault.BadField("Upload-Length", "must be the number of bytes of the file")
	}
	begun, err := a.Uploads.Begin(c.Request.Context(), size)
	if err != nil {
		return err
	}
	c.Header("Location", "/uploads/"+begun.ID)
	showUpload(c, begun)
	c.JSON(http.StatusCreated, uploadDTO{begun.ID, begun.Size, begun.Offset})
	return nil
}

// lookUpload says how much of an upload is there: HEAD /uploads/:id.
func (a *API) lookUpload(c *gin.Context) error {
	if err := tus(c); err != nil {
		return err
	}
	known, err := a.Uploads.Get(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	showUpload(c, known)
	c.Status(http.StatusOK)
	return nil
}

// continueUpload takes the next bytes of an upload: PATCH /uploads/:id.
func (a *API) continueUpload(c *gin.Context) error {
	if err := tus(c); err != nil {
		return err
	}
	if c.ContentType() != chunkType {
		return fault.New(fault.UnsupportedMedia, "unsupported_media_type", "Send the bytes as "+chunkType+".")
	}
	offset, err := strconv.ParseInt(c.GetHeader("Upload-Offset"), 10, 64)
	if err != nil || offset < 0 {
		return fault.BadField("Upload-Offset", "must be the number of bytes that are there already")
	}
	known, err := a.Uploads.Append(c.Request.Context(), c.Param("id"), offset, httpserver.Incoming(c))
	if known.ID != "" {
		showUpload(c, known)
	}
	return httpserver.Done(c, err)
}

// dropUpload deletes an upload: DELETE /uploads/:id.
func (a *API) dropUpload(c *gin.Context) error {
	if err := tus(c); err != nil {
		return err
	}
	return httpserver.Done(c, a.Uploads.Delete(c.Request.Context(), c.Param("id")))
}

func showUpload(c *gin.Context, u upload.Upload) {
	c.Header("Upload-Length", strconv.FormatInt(u.Size, 10))
	c.Header("Upload-Offset", strconv.FormatInt(u.Offset, 10))
}

// putMedia takes a film all at once: PUT /content/:id/media.
func (a *API) putMedia(c *gin.Context) error {
	return a.put(c, func(id string) given { return given{Upload: &id} })
}

// putPoster takes a poster all at once: PUT /content/:id/poster.
func (a *API) putPoster(c *gin.Context) error {
	return a.put(c, func(id string) given { return given{Poster: &id} })
}

func (a *API) put(c *gin.Context, as func(id string) given) error {
	id, err := contentID(c)
	if err == nil {
		err = bind.Query(c, &struct{}{})
	}
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if _, err := a.Catalogue.Get(ctx, id); err != nil {
		return err
	}
	if c.Request.ContentLength <= 0 {
		return fault.BadField("Content-Length", "missing; send the file as the body, with its length")
	}
	begun, err := a.Uploads.Begin(ctx, c.Request.ContentLength)
	if err != nil {
		return err
	}
	defer func() { _ = a.Uploads.Delete(context.WithoutCancel(ctx), begun.ID) }()
	if _, err := a.Uploads.Append(ctx, begun.ID, 0, httpserver.Incoming(c)); err != nil {
		return err
	}
	changed, err := a.Catalogue.Change(context.WithoutCancel(ctx), id, video.Change{}, as(begun.ID).bring(a.Uploads))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, newContentDTO(changed))
	return nil
}

// given are the uploads that a content gets.
type given struct {
	Upload *string // a film
	Poster *string // "" takes the poster away
}

// bring returns what makes the uploads a content's own, or nil if there are none.
func (g given) bring(uploads *upload.Uploads) video.Bring {
	if g.Upload == nil && g.Poster == nil {
		return nil
	}
	return func(ctx context.Context, content objectid.ID) (video.Change, error) {
		var change video.Change
		if g.Poster != nil {
			poster := ""
			if *g.Poster != "" {
				var err error
				if poster, err = uploads.Poster(ctx, content, *g.Poster); err != nil {
					return change, err
				}
			}
			change.Poster = &poster
		}
		if g.Upload != nil {
			film, err := uploads.Film(ctx, content, *g.Upload)
			if err != nil {
				return change, err
			}
			change.Src, change.Film = &film.Src, &film.Film
		}
		return change, nil
	}
}

// used deletes the uploads that have become a content's own. What fails here is swept later.
func (g given) used(ctx context.Context, uploads *upload.Uploads) {
	for _, id := range []*string{g.Upload, g.Poster} {
		if id != nil && *id != "" {
			_ = uploads.Delete(ctx, *id)
		}
	}
}
