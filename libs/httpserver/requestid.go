package httpserver

import (
	"crypto/rand"

	"github.com/gin-gonic/gin"

	"streamgate/libs/logging"
	"streamgate/libs/problem"
)

// identify adds an id to each request: the caller's if it is harmless to log, else a new one.
func (e *Engine) identify(c *gin.Context) {
	id := c.GetHeader(problem.RequestIDHeader)
	if !isRequestID(id) {
		id = rand.Text()
	}
	c.Header(problem.RequestIDHeader, id)
	c.Request = c.Request.WithContext(logging.WithRequestID(c.Request.Context(), id))
	c.Next()
}

func isRequestID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for _, r := range []byte(id) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
		default:
			return false
		}
	}
	return true
}
