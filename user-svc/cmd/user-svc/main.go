// User-svc owns accounts and passwords, signs people in and issues access tokens.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	libconfig "streamgate/libs/config"
	"streamgate/libs/logging"
	"streamgate/libs/service"
	"streamgate/user-svc/internal/app"
	"streamgate/user-svc/internal/config"
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
