package httpserver_test

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"streamgate/libs/httpserver"
)

// pipes is a listener whose connections are in memory, so that a test can control the time.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case connection := <-p.connections:
		return connection, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (*pipes) Addr() net.Addr { return &net.TCPAddr{} }

func TestSlowClientsAreCutOff(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		send   string
		within time.Duration // after send was sent
	}{
		"nothing":       {"", 5 * time.Second},
		"half a line":   {"GET / HT", 5 * time.Second},
		"half a header": {"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ", 5 * time.Second},
		"half a body":   {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf", 15 * time.Second},
		"then nothing":  {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 120 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
				server := httpserver.NewServer(handler, slog.New(slog.DiscardHandler))
				listener := &pipes{make(chan net.Conn), make(chan struct{})}
				go func() { _ = server.Serve(listener) }()
				client, accepted := net.Pipe()
				listener.connections <- accepted
				began := time.Now()
				go func() { _, _ = io.WriteString(client, test.send) }()
				_, _ = io.Copy(io.Discard, client) // ends when the server closes
				if took := time.Since(began); took > test.within+time.Second {
					t.Errorf("cut off after %v, want %v", took, test.within)
				}
				_ = server.Close()
			})
		})
	}
}

func TestWhoReadsNothingIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began, ended := time.Now(), make(chan time.Duration, 1)
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for piece := make([]byte, 1<<20); ; {
				if _, err := w.Write(piece); err != nil {
					ended <- time.Since(began)
					return
				}
			}
		})
		server := httpserver.NewServer(handler, slog.New(slog.DiscardHandler))
		listener := &pipes{make(chan net.Conn), make(chan struct{})}
		go func() { _ = server.Serve(listener) }()
		client, accepted := net.Pipe()
		listener.connections <- accepted
		_, _ = io.WriteString(client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if took := <-ended; took > 31*time.Second {
			t.Errorf("cut off after %v", took)
		}
		_ = server.Close()
		_ = client.Close()
	})
}
