package apidocs

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
)

//go:embed assets page
var files embed.FS

// contentTypes of what is served, by ending.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".yaml": "application/yaml; charset=utf-8",
}

// policy allows what Swagger UI needs and nothing else: its styles are inline, its icons data.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; " +
	"frame-ancestors 'none'; base-uri 'none'; form-action 'self'"

// Mount serves the page of a service at /docs/<service>/ and its document at /docs/<service>/openapi.yaml, so that one ingress can hold
// those of all services. /docs leads there.
func Mount(e *httpserver.Engine, service string, spec []byte) {
	root := "/docs/" + service + "/"
	lead := func(c *gin.Context) { c.Redirect(http.StatusFound, root) }
	e.GET("/docs", lead)
	e.GET("/docs/", lead)
	e.GET(strings.TrimSuffix(root, "/"), lead)
	e.GET(root+"*file", e.Handle(func(c *gin.Context) error {
		name := cmp.Or(strings.TrimPrefix(c.Param("file"), "/"), "index.html")
		text, err := open(name, spec)
		if err != nil {
			return fault.New(fault.NotFound, "not_found", "There is nothing at this path.").Because(err)
		}
		c.Header("Content-Security-Policy", policy)
		c.Header("Content-Type", contentTypes[path.Ext(name)])
		c.Header("Cache-Control", "public, max-age=300")
		http.ServeContent(c.Writer, c.Request, name, time.Time{}, text)
		return nil
	}))
}

// open gives a file as it is embedded: a copy would take a megabyte a request.
func open(name string, spec []byte) (io.ReadSeeker, error) {
	folder := "assets/"
	switch name {
	case "openapi.yaml":
		return bytes.NewReader(spec), nil
	case "index.html", "init.js":
		folder = "page/"
	}
	file, err := files.Open(folder + name)
	if err != nil {
		return nil, err
	}
	text, ok := file.(io.ReadSeeker)
	if !ok { // a folder
		return nil, fs.ErrNotExist
	}
	return text, nil
}

// Asset gives a file of Swagger UI, such as "swagger-ui.css".
func Asset(name string) ([]byte, error) {
	text, err := files.ReadFile("assets/" + name)
	if err != nil {
		return nil, fmt.Errorf("asset: %w", err)
	}
	return text, nil
}
