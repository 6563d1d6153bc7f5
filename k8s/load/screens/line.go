package screens

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Line is what a screen reaches the services through: an address of its own, a bit rate, and a record of what came. It chooses a replica anew
// for each request.
type Line struct {
	URL string

	system  *System
	began   time.Time
	server  *http.Server
	limiter *rate.Limiter
	turn    atomic.Uint64

	mu        sync.Mutex
	transfers []Transfer
	dialed    map[string]bool // our ends of connections to the services, host:port
}

// Little of a film may hide in the buffers of a line, or a slow one would be a fast one for as long as they fill.
const (
	buffers = 32 << 10 // of a connection, bytes
	gulp    = 4 << 10  // what goes at once over a line with a limit, bytes
)

// newLine opens a line without a limit. The pages are served beside the services, as fast as they can.
func (r *Rig) newLine(ctx context.Context) (*Line, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	l := &Line{URL: "http://" + listener.Addr().String(), system: r.system, began: r.began, limiter: rate.NewLimiter(rate.Inf, gulp), dialed: map[string]bool{}}
	silent := slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // players break off what they don't need any more
	mux := http.NewServeMux()
	mux.Handle("/screens/", http.StripPrefix("/screens", r.pages))
	mux.Handle("/", &httputil.ReverseProxy{
		Rewrite: l.route, ModifyResponse: l.shape, FlushInterval: -1, ErrorLog: silent,
		Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 8, IdleConnTimeout: 30 * time.Second, DialContext: l.dial},
	})
	l.server = &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, ErrorLog: silent,
		ConnState: func(c net.Conn, state http.ConnState) {
			if tcp, ok := c.(*net.TCPConn); ok && state == http.StateNew {
				_ = tcp.SetWriteBuffer(buffers) // else the kernel takes more
			}
		},
	}
	go func() { _ = l.server.Serve(listener) }() // until it is closed
	return l, nil
}

func (l *Line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(buffers) // else the kernel takes more
		l.mu.Lock()
		l.dialed[c.LocalAddr().String()] = true
		l.mu.Unlock()
	}
	return c, err
}

// queued returns how many bytes the services have sent that wait in the kernel for this line to take them.
func (l *Line) queued() (bytes int64, err error) {
	table, err := os.ReadFile("/proc/net/tcp") // sl local_address rem_address st tx_queue:rx_queue …, addresses and numbers in hexadecimal
	if err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for row := range strings.Lines(string(table)) {
		fields := strings.Fields(row)
		if len(fields) < 5 {
			continue
		}
		_, hex, _ := strings.Cut(fields[2], ":")
		port, _ := strconv.ParseUint(hex, 16, 16)
		waiting, _, _ := strings.Cut(fields[4], ":")
		if n, err := strconv.ParseInt(waiting, 16, 64); err == nil && l.dialed["127.0.0.1:"+strconv.FormatUint(port, 10)] {
			bytes += n
		}
	}
	return bytes, nil
}

// Limit sets the bit rate, bit/s.
func (l *Line) Limit(bits float64) { l.limiter.SetLimit(rate.Limit(bits / 8)) }

// Open takes the limit away.
func (l *Line) Open() { l.limiter.SetLimit(rate.Inf) }

// Close ends the line and what goes over it.
func (l *Line) Close() { _ = l.server.Close() }

func (l *Line) route(p *httputil.ProxyRequest) {
	to := l.system.sessions
	switch path := p.In.URL.Path; {
	case strings.HasPrefix(path, "/media/"):
		to = l.system.contents
	case strings.HasPrefix(path, "/bare/"):
		to = l.system.bare
	}
	target, _ := url.Parse(to[l.turn.Add(1)%uint64(len(to))]) // we made it
	p.SetURL(target)
	p.Out.Host = p.In.Host
	p.SetXForwarded()
}

// shape returns an answer with a film its pace.
func (l *Line) shape(r *http.Response) error {
	part := strings.SplitN(r.Request.URL.Path, "/", 4) // "", media or bare, a grant or a folder, a file
	if len(part) < 4 || part[1] != "media" && part[1] != "bare" || r.StatusCode >= http.StatusMultipleChoices {
		return nil
	}
	b := &shaped{ReadCloser: r.Body, ctx: r.Request.Context(), line: l, file: part[3], size: r.ContentLength}
	if span, ok := strings.CutPrefix(r.Header.Get("Content-Range"), "bytes "); ok { // bytes 0-99/1000
		span, size, _ := strings.Cut(span, "/")
		from, _, _ := strings.Cut(span, "-")
		b.at, _ = strconv.ParseInt(from, 10, 64)
		b.size, _ = strconv.ParseInt(size, 10, 64)
	}
	r.Body = b
	return nil
}

// shaped is the body of an answer.
type shaped struct {
	io.ReadCloser

	ctx  context.Context //nolint:containedctx // the request's, of which this is a part
	line *Line
	file string
	at   int64
	size int64
	last int // index of the transfer that these bytes go on, plus one
}

// Read is as io.Reader says.
func (b *shaped) Read(p []byte) (int, error) {
	limited := b.line.limiter.Limit() != rate.Inf
	if limited {
		p = p[:min(len(p), gulp)]
	}
	n, err := b.ReadCloser.Read(p)
	if limited {
		if wait := b.line.limiter.WaitN(b.ctx, n); wait != nil {
			return 0, wait
		}
	}
	if n > 0 {
		b.line.arrived(b, int64(n))
	}
	return n, err
}

// together is how close in time bytes of an answer are that are recorded as one transfer.
const together = 100 * time.Millisecond

func (l *Line) arrived(b *shaped, n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.began)
	if b.last > 0 && now/together == l.transfers[b.last-1].At/together {
		l.transfers[b.last-1].To += n
		l.transfers[b.last-1].At = now
	} else {
		l.transfers = append(l.transfers, Transfer{At: now, File: b.file, From: b.at, To: b.at + n, Size: b.size})
		b.last = len(l.transfers)
	}
	b.at += n
}

// Transfers returns what came.
func (l *Line) Transfers() []Transfer {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Transfer(nil), l.transfers...)
}

// height returns that of the picture that came last.
func (l *Line) height(film *Film) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range slices.Backward(l.transfers) {
		for _, p := range film.pieces(t.File, t.Size) {
			return p.Height
		}
	}
	return 0
}
