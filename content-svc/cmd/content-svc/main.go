// Content-svc owns the catalogue and serves the bytes of its videos.
package main

import (
	"log/slog"

	"streamgate/content-svc/internal/app"
	"streamgate/content-svc/internal/config"
	"streamgate/libs/service"
)

// version is set by the linker: -X main.version=…
var version = "dev"

func main() {
	var cfg config.Config
	service.Main(app.Name, version, &cfg, &cfg.Settings, func(log *slog.Logger) (*service.Service, error) {
		return app.New(cfg, version, log)
	})
}
