package httpapi

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"streamgate/content-svc/internal/media"
	"streamgate/libs/fault"
)

// openPoster sends a picture: GET /media/posters/*path. A poster is for everybody who knows its name, since a page's pictures carry no token;
// the name is as good as a secret, and another picture has another name.
func (a *API) openPoster(c *gin.Context) error {
	path := media.Posters + strings.TrimPrefix(c.Param("path"), "/")
	if !media.ValidPath(path) || !strings.HasPrefix(media.ContentType(path), "image/") {
		return fault.ErrNoPath
	}
	file, err := a.Files.Open(c.Request.Context(), path)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // it was only read
	c.Header("Content-Type", media.ContentType(path))
	c.Header("ETag", file.ETag)
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Header("Cross-Origin-Resource-Policy", "cross-origin")
	c.Request.Header.Del("Range") // of what is small
	http.ServeContent(c.Writer, c.Request, "", file.Modified, file.Content)
	return nil
}
