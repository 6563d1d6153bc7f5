package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/listing"
)

// contentList describes what GET /content can do.
var contentList = listing.Spec{
	Sortable:    []string{"createdAt", "name", "type"},
	Fields:      []string{"id", "type", "name", "description", "duration", "width", "height", "poster", "createdAt", "updatedAt"},
	DefaultSort: []listing.SortKey{{Field: "createdAt", Descending: true}},
}

// listContents lists contents: GET /content.
func (a *API) listContents(c *gin.Context) error {
	query, err := listing.Parse(c, contentList)
	if err == nil {
		err = bind.Body(c, &struct{}{})
	}
	if err != nil {
		return err
	}
	contents, total, err := a.Catalogue.List(c.Request.Context(), query)
	if err != nil {
		return err
	}
	dtos := make([]contentDTO, len(contents))
	for i := range contents {
		dtos[i] = newContentDTO(contents[i])
	}
	return listing.Answer(c, query, dtos, total)
}

// readContent shows a content: GET /content/:id.
func (a *API) readContent(c *gin.Context) error {
	found, err := a.content(c)
	if err != nil {
		return err
	}
	text, err := json.Marshal(newContentDTO(found))
	if err != nil {
		return fmt.Errorf("content %s: %w", found.ID, err)
	}
	sum := sha256.Sum256(text)
	c.Header("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	c.Header("Content-Type", "application/json; charset=utf-8")
	c.Request.Header.Del("Range") // half a JSON document is of no use
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(text))
	return nil
}

// addContent adds a content: POST /content.
func (a *API) addContent(c *gin.Context) error {
	wanted, err := change(c)
	if err != nil {
		return err
	}
	// What was uploaded may take minutes, and is not to be done again because somebody didn't wait for it.
	ctx := context.WithoutCancel(c.Request.Context())
	added, err := a.Catalogue.Add(ctx, wanted.change(), wanted.given().bring(a.Uploads))
	if err != nil {
		return err
	}
	wanted.given().used(ctx, a.Uploads)
	c.Header("Location", "/content/"+added.ID.String())
	c.JSON(http.StatusCreated, newContentDTO(added))
	return nil
}

// changeContent changes some fields of a content: PUT /content/:id.
func (a *API) changeContent(c *gin.Context) error {
	id, err := contentID(c)
	if err != nil {
		return err
	}
	wanted, err := change(c)
	if err != nil {
		return err
	}
	ctx := context.WithoutCancel(c.Request.Context()) // as in addContent
	changed, err := a.Catalogue.Change(ctx, id, wanted.change(), wanted.given().bring(a.Uploads))
	if err != nil {
		return err
	}
	wanted.given().used(ctx, a.Uploads)
	c.JSON(http.StatusOK, newContentDTO(changed))
	return nil
}

// change reads what a content is to be.
func change(c *gin.Context) (changeDTO, error) {
	var wanted changeDTO
	if err := bind.OnlyBody(c, &wanted); err != nil {
		return wanted, err
	}
	if wanted.Src != nil && wanted.Upload != nil {
		return wanted, fault.BadField("upload", "given together with src; give one of them")
	}
	httpserver.TakeTime(c)
	return wanted, nil
}

// deleteContent deletes a content: DELETE /content/:id.
func (a *API) deleteContent(c *gin.Context) error {
	if err := bind.Nothing(c); err != nil {
		return err
	}
	id, err := contentID(c)
	if err != nil {
		return err
	}
	return httpserver.Done(c, a.Catalogue.Delete(c.Request.Context(), id))
}
