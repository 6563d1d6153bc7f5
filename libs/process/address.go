package process

import (
	"context"
	"net"
	"sync"
)

var (
	givenMu sync.Mutex
	// given are the addresses returned before: one may be free only for a moment, while its server is restarted.
	given = map[string]bool{}
)

// FreeAddr returns the wish, host:port, if nothing listens there. Otherwise it returns an address of the same host
// where nothing listens, and which it never returned before. Port 0 wishes for any.
func FreeAddr(ctx context.Context, wish string) (string, error) {
	host, port, err := net.SplitHostPort(wish)
	if err != nil {
		return "", err
	}
	if port != "0" {
		if address, err := listen(ctx, wish); err == nil {
			return address, nil
		}
	}
	givenMu.Lock()
	defer givenMu.Unlock()
	for {
		address, err := listen(ctx, net.JoinHostPort(host, "0"))
		if err != nil {
			return "", err
		}
		if !given[address] {
			given[address] = true
			return address, nil
		}
	}
}

// listen returns the address if it could listen there.
func listen(ctx context.Context, address string) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
