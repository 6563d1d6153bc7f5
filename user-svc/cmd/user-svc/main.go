// User-svc owns accounts and passwords, signs people in and issues access tokens.
package main

import (
	"log/slog"

	"streamgate/libs/service"
	"streamgate/user-svc/internal/app"
	"streamgate/user-svc/internal/config"
)

// version is set by the linker: -X main.version=…
var version = "dev"

func main() {
	var cfg config.Config
	service.Main(app.Name, version, &cfg, &cfg.Settings, func(log *slog.Logger) (*service.Service, error) {
		return app.New(cfg, version, log)
	})
}
