package ports

import (
	"context"
	"net"
)

// Free gives the address host:port back if nobody listens there, else the same host with a free port.
func Free(ctx context.Context, address string) (string, error) {
	listener, err := listen(ctx, address)
	if err != nil {
		host, _, splitErr := net.SplitHostPort(address)
		if splitErr != nil {
			return "", splitErr
		}
		if listener, err = listen(ctx, net.JoinHostPort(host, "0")); err != nil {
			return "", err
		}
	}
	return listener.Addr().String(), listener.Close()
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	return (&net.ListenConfig{}).Listen(ctx, "tcp", address)
}
