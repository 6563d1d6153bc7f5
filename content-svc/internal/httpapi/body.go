package httpapi

import (
	"io"
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

// WriteHeader implements http.ResponseWriter.
func (b *body) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		b.refused = status
		return
	}
	b.ResponseWriter.WriteHeader(status)
}

// Write implements io.Writer. http.ServeContent writes files with ReadFrom, and texts of errors with this.
func (b *body) Write(p []byte) (int, error) {
	if b.refused != 0 {
		return len(p), nil
	}
	return b.ResponseWriter.Write(p) //nolint:wrapcheck // passes it on
}

// ReadFrom implements io.ReaderFrom.
func (b *body) ReadFrom(from io.Reader) (int64, error) {
	limited, ok := from.(*io.LimitedReader) // what io.CopyN makes; sendfile looks through one of them, not two
	if !ok {
		return io.Copy(struct{ io.Writer }{b}, from) //nolint:wrapcheck // not a file of http.ServeContent's
	}
	b.WriteHeaderNow()
	var total int64
	for limited.N > 0 && b.err == nil {
		// The server takes the deadline away when the answer is complete.
		_ = b.control.SetWriteDeadline(time.Now().Add(b.stall)) // not every writer in a test has one
		n, err := io.CopyN(b.under, limited.R, min(limited.N, pieceSize))
		total += n
		limited.N -= n
		b.sent.Add(float64(n))
		if b.err = err; err == nil && limited.N > 0 {
			b.err = b.may()
		}
	}
	return total, b.err
}
