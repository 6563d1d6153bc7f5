package httpserver

import (
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// stall is how long a client may take for one piece of a body that is long.
const stall = 30 * time.Second

// TakeTime lets a request take as long as it does, beyond the server's time-outs, once its body has been read.
func TakeTime(c *gin.Context) {
	control := http.NewResponseController(c.Writer)
	_ = control.SetReadDeadline(time.Time{}) // not every writer in a test has one
	_ = control.SetWriteDeadline(time.Time{})
}

// Incoming returns the body of a request that may be long. It fails when nothing comes for half a minute.
func Incoming(c *gin.Context) io.ReadCloser {
	TakeTime(c)
	return &incoming{ReadCloser: c.Request.Body, control: http.NewResponseController(c.Writer)}
}

type incoming struct {
	io.ReadCloser

	control *http.ResponseController
}

// Read implements io.Reader.
func (i *incoming) Read(p []byte) (int, error) {
	_ = i.control.SetReadDeadline(time.Now().Add(stall)) // not every writer in a test has one
	n, err := i.ReadCloser.Read(p)
	if err != nil {
		_ = i.control.SetReadDeadline(time.Time{}) // a deadline would end the request, whose body has been read
	}
	return n, err //nolint:wrapcheck // passes it on
}
