package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/httpserver"
)

// What an administrator uploads goes through here to content-svc, piece by piece, and is kept nowhere.

var (
	// uploadAsked are the headers of requests that mean something to content-svc.
	uploadAsked = []string{"Content-Type", "Upload-Length", "Upload-Offset", "Tus-Resumable"}
	// uploadTold are those of its answers that mean something to the client.
	uploadTold = []string{"Content-Type", "Location", "Upload-Length", "Upload-Offset", "Tus-Resumable", "Tus-Version"}
)

// upload adds a route for uploads, whose body isn't looked at for an access token.
func (a *API) upload(e *httpserver.Engine, method, path string) {
	e.Upload(method, path, func(c *gin.Context) error {
		body := c.Request.Body
		c.Request.Body = http.NoBody
		return a.authenticated(e, a.admin(func(c *gin.Context, r request) error {
			c.Request.Body = body
			return a.forwardUpload(c, r)
		}))(c)
	})
}

func (a *API) forwardUpload(c *gin.Context, r request) error {
	if err := bind.Query(c, &struct{}{}); err != nil {
		return err
	}
	if err := a.signedIn(c, r); err != nil {
		return err
	}
	asked := http.Header{}
	take(asked, c.Request.Header, uploadAsked)
	answer, err := a.Catalogue.Pass(c.Request.Context(), c.Request.Method, c.Request.URL.EscapedPath(), asked, httpserver.Incoming(c), c.Request.ContentLength)
	if err != nil {
		return err
	}
	passOn(c, answer, uploadTold, "no-store")
	return nil
}
