package apidocs

import (
	"bytes"
	"cmp"
	_ "embed"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
)

//go:embed page/index.html
var index []byte

//go:embed page/init.js
var start []byte

// contentTypes maps a file's ending to its content type.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".yaml": "application/yaml; charset=utf-8",
}

// policy allows only what Swagger UI needs: its icons are data URLs.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// Mount serves the page of a service at /docs/<service>/ and its document at /docs/<service>/openapi.yaml, so that one
// ingress can hold the pages of all services. /docs redirects to the page.
func Mount(e *httpserver.Engine, service string, spec []byte) {
	root := "/docs/" + service + "/"
	lead := func(c *gin.Context) { c.Redirect(http.StatusFound, root) }
	e.GET("/docs", lead)
	e.GET("/docs/", lead)
	e.GET(strings.TrimSuffix(root, "/"), lead)
	texts := map[string][]byte{"index.html": index, "init.js": start, "openapi.yaml": spec}
	e.GET(root+"*file", e.Handle(func(c *gin.Context) error {
		name := cmp.Or(strings.TrimPrefix(c.Param("file"), "/"), "index.html")
		text, ours := texts[name]
		if !ours && !slices.Contains(assets, name) {
			return fault.New(fault.NotFound, "not_found", "There is nothing at this path.")
		}
		c.Header("Content-Security-Policy", policy)
		c.Header("Content-Type", contentTypes[path.Ext(name)])
		c.Header("Cache-Control", "public, max-age=300")
		if !ours {
			return sendAsset(c, name)
		}
		http.ServeContent(c.Writer, c.Request, name, time.Time{}, bytes.NewReader(text))
		return nil
	}))
}
