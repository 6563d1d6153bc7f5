package testkit

import (
	"context"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

func listen(t testing.TB) net.Listener {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

// Relay is a way to a server that can be shut, and is open at first.
type Relay struct {
	Addr string // host:port

	server string

	mu     sync.Mutex
	shut   bool
	inside []net.Conn
}

// NewRelay makes a way to the server of a URL, which ends with the test, and returns the URL that goes through it.
func NewRelay(t testing.TB, address string) (*Relay, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener := listen(t)
	r := &Relay{Addr: listener.Addr().String(), server: u.Host}
	t.Cleanup(func() {
		_ = listener.Close()
		r.Shut()
	})
	go func() {
		for {
			outside, err := listener.Accept()
			if err != nil {
				return
			}
			r.enter(outside)
		}
	}()
	u.Host = r.Addr
	return r, u.String()
}

// Shut ends all connections, and refuses new ones.
func (r *Relay) Shut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shut = true
	for _, connection := range r.inside {
		_ = connection.Close()
	}
	r.inside = nil
}

// Open takes connections again.
func (r *Relay) Open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shut = false
}

func (r *Relay) enter(outside net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shut {
		_ = outside.Close()
		return
	}
	inside, err := new(net.Dialer).DialContext(context.Background(), "tcp", r.server)
	if err != nil {
		_ = outside.Close()
		return
	}
	r.inside = append(r.inside, inside, outside)
	for _, way := range [][2]net.Conn{{inside, outside}, {outside, inside}} {
		go func() {
			_, _ = io.Copy(way[0], way[1])
			_ = way[0].Close()
		}()
	}
}
