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

// Intercept stands before the server of a URL until the test ends, and returns the URL that leads through it. It passes
// each connection to serve, with one to the server, and closes both when serve returns.
func Intercept(t testing.TB, address string, serve func(client, server net.Conn)) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, host := listen(t), u.Host
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = client.Close() }()
				server, err := new(net.Dialer).DialContext(context.Background(), "tcp", host)
				if err != nil {
					return
				}
				defer func() { _ = server.Close() }()
				serve(client, server)
			}()
		}
	}()
	u.Host = listener.Addr().String()
	return u.String()
}

// Relay passes connections to a server while it is open, as it is at first.
type Relay struct {
	Addr string // host:port

	mu     sync.Mutex
	shut   bool
	inside []net.Conn
}

// NewRelay returns a relay to the server of a URL, and the URL that leads through it. It ends with the test.
func NewRelay(t testing.TB, address string) (*Relay, string) {
	t.Helper()
	r := &Relay{}
	through := Intercept(t, address, r.serve)
	t.Cleanup(r.Shut)
	u, err := url.Parse(through)
	if err != nil {
		t.Fatal(err)
	}
	r.Addr = u.Host
	return r, through
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

// Open accepts connections again.
func (r *Relay) Open() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.shut = false
}

func (r *Relay) serve(client, server net.Conn) {
	if !r.enter(client, server) {
		return
	}
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	}()
	_, _ = io.Copy(client, server)
}

// enter reports whether the relay is open, and then notes the connections for Shut.
func (r *Relay) enter(connections ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.shut {
		return false
	}
	r.inside = append(r.inside, connections...)
	return true
}
