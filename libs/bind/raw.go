package bind

import (
	"mime"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
)

// Raw returns a body of one of these media types as it is.
func Raw(c *gin.Context, types ...string) ([]byte, error) {
	contentType, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	encoding := c.GetHeader("Content-Encoding")
	if err != nil || !slices.Contains(types, contentType) || encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, fault.New(fault.UnsupportedMedia, "unsupported_media_type", "Send the body as "+strings.Join(types, " or ")+", not compressed.")
	}
	if !hasBody(c.Request) {
		return nil, nil
	}
	return read(c.Request)
}
