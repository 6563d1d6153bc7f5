package httpapi

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
)

// appPolicy lets the app run its own scripts and nothing else. Its videos are at /media, in the buffers of hls.js and dash.js, or wherever an
// administrator says that a content is.
const appPolicy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self'; " +
	"media-src 'self' blob: https:; connect-src 'self' https:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

// appTypes are the content types of the app's files, by ending.
var appTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
}

// unbuilt is the page that stands in for the app where it wasn't built.
const unbuilt = "unbuilt.html"

// openApp shows the web app: GET /.
func (a *API) openApp(c *gin.Context) error {
	c.Header("Content-Security-Policy", appPolicy)
	c.Header("Cross-Origin-Opener-Policy", "same-origin")
	c.Header("Referrer-Policy", "no-referrer")
	c.Header("Cache-Control", "no-cache") // the files that it names have other names in the next version
	err := a.sendApp(c, "index.html")
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	page, err := fs.ReadFile(a.App, unbuilt)
	if err != nil {
		return fmt.Errorf("app: %w", err)
	}
	c.Header("Content-Type", appTypes[".html"])
	http.ServeContent(c.Writer, c.Request, unbuilt, time.Time{}, bytes.NewReader(page))
	return nil
}

// openAppFile sends a file of the web app, whose name changes with its content: GET /app/:file.
func (a *API) openAppFile(c *gin.Context) error {
	c.Header("Cache-Control", "public, max-age=31536000, immutable")
	c.Header("Cross-Origin-Resource-Policy", "same-origin")
	err := a.sendApp(c, c.Param("file"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		c.Writer.Header().Del("Cache-Control")
		return fault.ErrNoPath
	}
	return err
}

// sendApp sends a file compressed, as it is kept, to all who can read it.
func (a *API) sendApp(c *gin.Context, name string) error {
	packed, err := fs.ReadFile(a.App, name+".gz")
	if err != nil {
		return fmt.Errorf("app: %w", err)
	}
	c.Header("Content-Type", appTypes[path.Ext(name)])
	c.Header("Vary", "Accept-Encoding")
	c.Request.Header.Del("Range") // of what is small
	if strings.Contains(c.GetHeader("Accept-Encoding"), "gzip") {
		c.Header("Content-Encoding", "gzip")
		c.Header("Content-Length", strconv.Itoa(len(packed)))
		http.ServeContent(c.Writer, c.Request, name, time.Time{}, bytes.NewReader(packed))
		return nil
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("app: %s: %w", name, err)
	}
	text, err := io.ReadAll(unpacked)
	if err != nil {
		return fmt.Errorf("app: %s: %w", name, err)
	}
	http.ServeContent(c.Writer, c.Request, name, time.Time{}, bytes.NewReader(text))
	return nil
}
