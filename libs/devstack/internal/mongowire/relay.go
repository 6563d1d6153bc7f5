package mongowire

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// Relay passes the messages of its clients on to a server, one write at a time.
type Relay struct {
	server   string
	listener net.Listener
	stop     context.CancelFunc
	running  sync.WaitGroup
	writer   sync.Mutex
}

// Listen starts a relay from one host:port to another. It runs until it is closed.
func Listen(ctx context.Context, address, server string) (*Relay, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("relay to MongoDB: %w", err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	r := &Relay{server: server, listener: listener, stop: stop}
	r.running.Go(func() { r.accept(ctx) })
	return r, nil
}

// Addr returns the address that the relay listens on.
func (r *Relay) Addr() net.Addr { return r.listener.Addr() }

// Close ends all connections.
func (r *Relay) Close() error {
	r.stop()
	err := r.listener.Close()
	r.running.Wait()
	return err
}

func (r *Relay) accept(ctx context.Context) {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return // closed
		}
		r.running.Go(func() { r.serve(ctx, client) })
	}
}

// serve passes messages until either side hangs up. The server answers each message with exactly one, in order.
func (r *Relay) serve(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.server)
	if err != nil {
		return // the client sees a closed connection, as from a server that is away
	}
	defer func() { _ = server.Close() }()
	defer context.AfterFunc(ctx, func() {
		_ = client.Close()
		_ = server.Close()
	})()

	for {
		request, err := readMessage(client)
		if err != nil {
			return
		}
		answer, err := r.exchange(server, request)
		if err != nil {
			return
		}
		if !request.wantsAnswer() {
			continue
		}
		if _, err := client.Write(answer); err != nil {
			return
		}
	}
}

func (r *Relay) exchange(server net.Conn, request message) (message, error) {
	writes := request.writes()
	if writes {
		r.writer.Lock()
		defer r.writer.Unlock()
	}
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	answer, err := readMessage(server)
	if err != nil || !writes {
		return answer, err
	}
	return answer.corrected(), nil
}
