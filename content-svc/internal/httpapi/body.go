package httpapi

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/content-svc/internal/media"
	"streamgate/libs/httpserver"
	"streamgate/libs/metrics"
)

const (
	// pieceSize is how much is sent at most between two looks at the stream, in bytes: large enough for the kernel to do the work.
	pieceSize = 256 << 10
	// pieceFilm is how much film of a whole file is sent between two looks, so that it flows evenly.
	pieceFilm = time.Second
	// leastPiece keeps a thin file from being sent in crumbs, in bytes.
	leastPiece = 16 << 10
)

// body is the writer of an answer that goes on only while its stream may play and its client takes what it is sent. A client that takes
// nothing is closed after stall, and is no sign of life before that: the stream is asked when a piece is gone, never while one waits.
type body struct {
	gin.ResponseWriter // of the header and the status, for the metrics

	context  *gin.Context
	under    http.ResponseWriter // of the bytes: Gin's writer hides the way to sendfile
	control  *http.ResponseController
	stall    time.Duration
	sent     prometheus.Counter
	playback *media.Playback
	flows    bool

	early   error // why nothing was sent, where it wasn't due
	refused int   // the status of an answer that is none of bytes, and whose text is thrown away
	err     error // why the answer was broken off
}

func newBody(c *gin.Context, stall time.Duration, sent prometheus.Counter, playback *media.Playback) *body {
	b := &body{ResponseWriter: c.Writer, context: c, under: c.Writer, stall: stall, sent: sent, playback: playback}
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
	offset, err := b.playback.Content.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err //nolint:wrapcheck // of the store, which says what it is
	}
	ctx := b.context.Request.Context()
	if b.flows = b.playback.Begin(offset, offset+limited.N); b.flows {
		err = b.flow(ctx, offset, b.next(offset, limited.N))
	} else {
		err = b.playback.Admit(ctx, b.playback.Piece(offset, offset+limited.N))
	}
	if err != nil {
		b.early = err
		return 0, err
	}
	b.WriteHeaderNow()
	if b.flows {
		metrics.Begun(b.context) // it lasts as long as its film
	}
	// A client that reads slowly or not at all keeps a write waiting for long: the end of the stream doesn't.
	defer b.playback.WhenEnded(func() {
		httpserver.DropUnsent(ctx)
		_ = b.control.SetWriteDeadline(time.Now())
	})()
	return b.send(ctx, limited, offset)
}

// send sends what is left of a range whose first piece is due.
func (b *body) send(ctx context.Context, limited *io.LimitedReader, offset int64) (total int64, err error) {
	for limited.N > 0 && b.err == nil {
		if total > 0 {
			b.err = b.may(ctx, offset+total, limited.N)
			if b.err != nil {
				httpserver.DropUnsent(ctx)
				break
			}
		}
		// The server takes the deadline away when the answer is complete.
		_ = b.control.SetWriteDeadline(time.Now().Add(b.stall)) // not every writer in a test has one
		n, err := io.CopyN(b.under, limited.R, b.next(offset+total, limited.N))
		total += n
		limited.N -= n
		b.sent.Add(float64(n))
		b.err = err
	}
	return total, b.err
}

// may waits until the next piece is due. A piece of film that was begun is sent to its end.
func (b *body) may(ctx context.Context, offset, left int64) error {
	if b.flows {
		return b.flow(ctx, offset, b.next(offset, left))
	}
	return b.playback.Check(ctx)
}

func (b *body) flow(ctx context.Context, offset, n int64) error {
	return b.playback.Flow(ctx, b.playback.Piece(offset, offset+n))
}

// next is how many bytes are sent next.
func (b *body) next(offset, left int64) int64 {
	n := min(left, pieceSize)
	if b.flows {
		n = min(n, max(b.playback.Reach(offset, pieceFilm)-offset, leastPiece))
	}
	return n
}
