package apidocs

import (
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/swaggest/swgui/v5/static"
)

// assets are the files of Swagger UI that a page loads. The module has more.
var assets = []string{"swagger-ui.css", "swagger-ui-bundle.js"}

// Assets returns the names of the files of Swagger UI that a page loads.
func Assets() []string { return slices.Clone(assets) }

// Asset returns the text of a file of Swagger UI, such as "swagger-ui.css". It is decompressed while it is read, since
// all of it is 1.5 MB.
func Asset(name string) (io.Reader, error) {
	file, err := static.FS.Open(name + ".gz")
	if err != nil {
		return nil, fmt.Errorf("asset: %w", err)
	}
	text, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("asset %s: %w", name, err)
	}
	return text, nil
}

// sendAsset sends a file of Swagger UI compressed, as it is embedded, if the client accepts gzip.
func sendAsset(c *gin.Context, name string) error {
	c.Writer.Header().Add("Vary", "Accept-Encoding")
	if acceptsGzip(c.Request.Header) {
		c.Header("Content-Encoding", "gzip")
		http.ServeFileFS(c.Writer, c.Request, static.FS, name+".gz")
		return nil
	}
	text, err := Asset(name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(c.Writer, text); err != nil {
		return fmt.Errorf("asset %s: %w", name, err)
	}
	return nil
}

// acceptsGzip reports whether a client names gzip as a coding that it accepts (RFC 9110, section 12.5.3). A wildcard does not name it.
func acceptsGzip(header http.Header) bool {
	for part := range strings.SplitSeq(strings.Join(header.Values("Accept-Encoding"), ","), ",") {
		coding, parameters, err := mime.ParseMediaType(part)
		if err != nil || coding != "gzip" {
			continue
		}
		weight, err := strconv.ParseFloat(cmp.Or(parameters["q"], "1"), 64)
		return err == nil && weight > 0
	}
	return false
}
