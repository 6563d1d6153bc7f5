// Content-svc owns the catalogue and serves the bytes of its videos.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"streamgate/content-svc/internal/app"
	"streamgate/content-svc/internal/config"
	libconfig "streamgate/libs/config"
	"streamgate/libs/logging"
	"streamgate/libs/service"
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
