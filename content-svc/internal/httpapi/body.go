package httpapi

import (
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
)

// pieceSize is how much is sent between two looks at the stream, in bytes. Small enough to notice an end within seconds on a slow line,
// large enough for the kernel to do the work.
const pieceSize = 256 << 10

// body is the writer of an answer that goes on only while its stream may play and its client takes what it is sent. A client that takes
// nothing is closed after stall, and renews nothing before that: Continue is asked when a piece is gone, never while one waits.
type body struct {
	gin.ResponseWriter // of the header and the status, for the metrics

	under   http.ResponseWriter // of the bytes: Gin's writer hides the way to sendfile
	control *http.ResponseController
	stall   time.Duration
	sent    prometheus.Counter
	may     func() error

	refused int   // the status of an answer that is none of bytes, and whose text is thrown away
	err     error // why the answer was broken off
}

func newBody(c *gin.Context, stall time.Duration, sent prometheus.Counter, may func() error) *body {
	b := &body{ResponseWriter: c.Writer, under: c.Writer, stall: stall, sent: sent, may: may}
	if w, ok := c.Writer.(interface{ Unwrap() http.ResponseWriter }); ok {
		b.under = w.Unwrap()
	}
	b.control = http.NewResponseController(b.under)
	return b
}

// WriteHeader is as http.ResponseWriter says.
func (b *body) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		b.refused = status
		return
	}
	b.ResponseWriter.WriteHeader(status)
}

// Write is as io.Writer says. http.ServeContent writes files with ReadFrom, and texts of errors with this.
func (b *body) Write(p []byte) (int, error) {
	if b.refused != 0 {
		return len(p), nil
	}
	return b.ResponseWriter.Write(p) //nolint:wrapcheck // passes it on
}

// ReadFrom is as io.ReaderFrom says.
func (b *body) ReadFrom(from io.Reader) (int64, error) {
	limited, ok := from.(*io.LimitedReader) // what io.CopyN makes; sendfile looks through one of them, not two
	if !ok {
		limited = &io.LimitedReader{R: from, N: math.MaxInt64}
	}
	b.WriteHeaderNow()
	var total int64
	for limited.N > 0 && b.err == nil {
		b.extend()
		n, err := io.CopyN(b.under, limited.R, min(limited.N, pieceSize))
		total += n
		limited.N -= n
		b.sent.Add(float64(n))
		switch {
		case errors.Is(err, io.EOF): // the file is shorter than it was
			b.err = io.ErrUnexpectedEOF
		case err != nil:
			b.err = err
		case limited.N > 0:
			b.err = b.may()
		}
	}
	return total, b.err
}

// extend gives the client time for one more piece.
func (b *body) extend() {
	_ = b.control.SetWriteDeadline(time.Now().Add(b.stall)) // not every writer in a test has one
}

// finish sends what is left in buffers while the deadline holds, and leaves the connection without one to the next request.
// Its error says why the answer was broken off.
func (b *body) finish() error {
	if b.err != nil {
		return b.err
	}
	if !b.Written() {
		return nil
	}
	b.extend()
	if err := b.control.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("flush: %w", err)
	}
	_ = b.control.SetWriteDeadline(time.Time{})
	return nil
}
