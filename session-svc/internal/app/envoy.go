package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"google.golang.org/grpc"

	"streamgate/libs/service"
)

// listenForEnvoy adds a listener for gRPC to a service. It ends with the requests of the others.
func listenForEnvoy(s *service.Service, addr string, server *grpc.Server, draining <-chan struct{}, patience time.Duration, log *slog.Logger) {
	var listener net.Listener
	s.Prepare = append(s.Prepare, service.Step{Name: "listen to Envoy", Do: func(ctx context.Context) (err error) {
		if listener, err = new(net.ListenConfig).Listen(ctx, "tcp", addr); err != nil {
			return service.Permanent(fmt.Errorf("AUTHORIZE_GRPC_ADDR: %w", err))
		}
		return nil
	}})
	s.Background = append(s.Background, func(ctx context.Context) {
		go func() {
			select {
			case <-draining:
			case <-ctx.Done():
			}
			hurry := time.AfterFunc(patience, server.Stop)
			server.GracefulStop()
			hurry.Stop()
		}()
		if err := server.Serve(listener); err != nil {
			log.ErrorContext(ctx, "Envoy is not answered any more", "error", err)
		}
	})
}
