package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// readSource tells session-svc where a content's video is: GET /internal/content/:id/source.
func (a *API) readSource(c *gin.Context) error {
	found, err := a.content(c)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, newSourceDTO(found))
	return nil
}
