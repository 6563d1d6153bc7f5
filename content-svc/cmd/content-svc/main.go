// Content-svc owns the catalogue and serves the bytes of its videos.
package main

import (
	"streamgate/content-svc/internal/app"
	"streamgate/libs/service"
)

// version is set by the linker: -X main.version=…
var version = "dev"

func main() { service.Main(app.Name, version, app.New) }
