package audience

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// witness follows one request, and records what went wrong with it: a connection that broke, even within an answer, or
// the text of a failure.
type witness struct {
	transport http.RoundTripper

	mu     sync.Mutex
	status int
	read   int64  // bytes of the answer's body
	text   []byte // its beginning, if it tells of a failure
	broke  error
}

// most is how much of a failure's text is kept, bytes.
const most = 400

// RoundTrip implements http.RoundTripper.
func (w *witness) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := w.transport.RoundTrip(request)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.broke = err
		return nil, err
	}
	w.status = response.StatusCode
	response.Body = &witnessed{response.Body, w}
	return response, nil
}

type witnessed struct {
	io.ReadCloser

	w *witness
}

func (b *witnessed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	b.w.read += int64(n)
	if b.w.status >= http.StatusBadRequest {
		b.w.text = append(b.w.text, p[:min(n, most-len(b.w.text))]...)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		b.w.broke = err
	}
	return n, err
}

// says returns how the request went.
func (w *witness) says() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broke != nil {
		return fmt.Sprintf("%d after %d bytes: %v", w.status, w.read, w.broke)
	}
	return fmt.Sprintf("%d %s", w.status, w.text)
}

// whole reports whether an answer came, to its end.
func (w *witness) whole() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.broke == nil && w.status != 0
}
