package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"streamgate/content-svc/internal/video"
	"streamgate/libs/bind"
	"streamgate/libs/listing"
)

// content answers requests for the catalogue.
type content struct{ catalogue *video.Catalogue }

// item is a content as anybody may see it: without src.
type item struct {
	ID          string     `json:"id"`
	Type        video.Type `json:"type"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	CreatedAt   timestamp  `json:"createdAt"`
	UpdatedAt   timestamp  `json:"updatedAt"`
}

func toItem(c video.Content) item {
	return item{c.ID.String(), c.Type, c.Name, c.Description, timestamp(c.CreatedAt), timestamp(c.UpdatedAt)}
}

// timestamp is a time in RFC 3339 with milliseconds, in UTC.
type timestamp time.Time

// MarshalText is as encoding.TextMarshaler says.
func (t timestamp) MarshalText() ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(nil, "2006-01-02T15:04:05.000Z07:00"), nil
}

// input is what a client may say of a content.
type input struct {
	Type        *string `json:"type"`
	Name        *string `json:"name"`
	Description *string `json:"description"`
	Src         *string `json:"src"`
}

func (i input) change() video.Change {
	return video.Change{Type: (*video.Type)(i.Type), Name: i.Name, Description: i.Description, Src: i.Src}
}

// lists says what a list of contents can do.
var lists = listing.Spec{
	Sortable:    []string{"createdAt", "name", "type"},
	Fields:      []string{"id", "type", "name", "description", "createdAt", "updatedAt"},
	DefaultSort: []listing.SortKey{{Field: "createdAt", Descending: true}},
}

func (h content) list(c *gin.Context) error {
	q, err := listing.Parse(c, lists)
	if err != nil {
		return err
	}
	if err := bind.Body(c, &struct{}{}); err != nil {
		return err
	}
	contents, total, err := h.catalogue.List(c.Request.Context(), q)
	if err != nil {
		return err
	}
	items := make([]item, len(contents))
	for i, each := range contents {
		items[i] = toItem(each)
	}
	return listing.Answer(c, q, items, total)
}

func (h content) get(c *gin.Context) error {
	id, err := named(c)
	if err != nil {
		return err
	}
	found, err := h.catalogue.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	text, err := json.Marshal(toItem(found))
	if err != nil {
		return fmt.Errorf("content %s: %w", id, err)
	}
	sum := sha256.Sum256(text)
	c.Header("ETag", `"`+hex.EncodeToString(sum[:12])+`"`)
	c.Header("Content-Type", "application/json; charset=utf-8")
	c.Request.Header.Del("Range") // half a JSON document is of no use
	http.ServeContent(c.Writer, c.Request, "", time.Time{}, bytes.NewReader(text))
	return nil
}

func (h content) source(c *gin.Context) error {
	id, err := named(c)
	if err != nil {
		return err
	}
	found, err := h.catalogue.Get(c.Request.Context(), id)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, struct {
		ID   string     `json:"id"`
		Type video.Type `json:"type"`
		Name string     `json:"name"`
		Src  string     `json:"src"`
	}{id.String(), found.Type, found.Name, found.Src})
	return nil
}

func (h content) add(c *gin.Context) error {
	var given input
	if err := bind.Query(c, &struct{}{}); err != nil {
		return err
	}
	if err := bind.Body(c, &given); err != nil {
		return err
	}
	added, err := h.catalogue.Add(c.Request.Context(), given.change())
	if err != nil {
		return err
	}
	c.Header("Location", "/content/"+added.ID.String())
	c.JSON(http.StatusCreated, toItem(added))
	return nil
}

func (h content) change(c *gin.Context) error {
	var given input
	id, err := parseID(c)
	if err != nil {
		return err
	}
	if err := bind.Query(c, &struct{}{}); err != nil {
		return err
	}
	if err := bind.Body(c, &given); err != nil {
		return err
	}
	changed, err := h.catalogue.Change(c.Request.Context(), id, given.change())
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, toItem(changed))
	return nil
}

func (h content) remove(c *gin.Context) error {
	id, err := named(c)
	if err != nil {
		return err
	}
	if err := h.catalogue.Delete(c.Request.Context(), id); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// named gives the id of a request that takes nothing else.
func named(c *gin.Context) (video.ID, error) {
	if err := bind.Nothing(c); err != nil {
		return video.ID{}, err
	}
	return parseID(c)
}

func parseID(c *gin.Context) (video.ID, error) {
	return video.ParseID("id", c.Param("id"))
}
