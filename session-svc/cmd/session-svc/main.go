// Session-svc authenticates requests, owns device sessions and enforces the stream limit.
package main

import (
	"log/slog"

	"streamgate/libs/service"
	"streamgate/session-svc/internal/app"
	"streamgate/session-svc/internal/config"
)

// version is set by the linker: -X main.version=…
var version = "dev"

func main() {
	var cfg config.Config
	service.Main(app.Name, version, &cfg, &cfg.Settings, func(log *slog.Logger) (*service.Service, error) {
		return app.New(cfg, version, log)
	})
}
