package httpapi

import (
	"github.com/gin-gonic/gin"

	"streamgate/content-svc/internal/video"
	"streamgate/libs/bind"
	"streamgate/libs/objectid"
)

// contentID returns a content's id from the path.
func contentID(c *gin.Context) (objectid.ID, error) { return objectid.Parse("id", c.Param("id")) }

// content returns the content that a request's path names. The request must carry nothing else.
func (a *API) content(c *gin.Context) (video.Content, error) {
	if err := bind.Nothing(c); err != nil {
		return video.Content{}, err
	}
	id, err := contentID(c)
	if err != nil {
		return video.Content{}, err
	}
	return a.Catalogue.Get(c.Request.Context(), id)
}
