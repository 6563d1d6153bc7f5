package stack

import (
	"context"
	"io"
	"net"
	"sync"
)

// Balancer is one address for several replicas. It gives each connection to the next one, as a Service of Kubernetes does.
type Balancer struct {
	listener net.Listener

	mu       sync.Mutex
	replicas []string // host:port
	next     int
	open     map[net.Conn]struct{}
}

// NewBalancer returns a balancer that leads nowhere yet.
func NewBalancer(ctx context.Context) (*Balancer, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Balancer{listener: l, open: map[net.Conn]struct{}{}}
	go b.serve()
	return b, nil
}

// URL returns its address, http://host:port.
func (b *Balancer) URL() string { return "http://" + b.listener.Addr().String() }

// Lead leads new connections to these replicas, http://host:port. Those that are open stay where they are.
func (b *Balancer) Lead(replicas ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.replicas = nil
	for _, r := range replicas {
		b.replicas = append(b.replicas, r[len("http://"):])
	}
}

// Close ends all connections.
func (b *Balancer) Close() {
	_ = b.listener.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.open {
		_ = c.Close()
	}
}

func (b *Balancer) serve() {
	for {
		c, err := b.listener.Accept()
		if err != nil {
			return // closed
		}
		go b.lead(c)
	}
}

func (b *Balancer) lead(from net.Conn) {
	defer from.Close() //nolint:errcheck // whoever it leads to has closed it
	b.mu.Lock()
	if len(b.replicas) == 0 {
		b.mu.Unlock()
		return
	}
	replica := b.replicas[b.next%len(b.replicas)]
	b.next++
	b.mu.Unlock()
	to, err := net.Dial("tcp", replica) //nolint:noctx // of this machine: answered at once
	if err != nil {
		return
	}
	b.mu.Lock()
	b.open[from], b.open[to] = struct{}{}, struct{}{}
	b.mu.Unlock()
	go func() {
		_, _ = io.Copy(to, from)
		_ = to.Close()
	}()
	_, _ = io.Copy(from, to)
	b.mu.Lock()
	delete(b.open, from)
	delete(b.open, to)
	b.mu.Unlock()
}
