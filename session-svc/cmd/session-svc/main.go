// Session-svc authenticates requests, owns device sessions and enforces the stream limit.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	libconfig "streamgate/libs/config"
	"streamgate/libs/logging"
	"streamgate/libs/service"
	"streamgate/session-svc/internal/app"
	"streamgate/session-svc/internal/config"
)

// version is set by the linker: -X main.version=…
var version = "dev"

func main() {
	var cfg config.Config
	libconfig.Main(app.Name, version, &cfg)
	log := logging.New(os.Stderr, cfg.LogFormat, cfg.LogLevel, app.Name)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := app.New(cfg, version, log)
	if err == nil {
		err = s.Run(ctx, cfg.Settings)
	}
	service.Exit(log, err)
}
