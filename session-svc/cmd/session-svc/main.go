// Session-svc authenticates requests, owns device sessions and enforces the stream limit.
package main

import (
	"streamgate/libs/service"
	"streamgate/session-svc/internal/app"
)

// version is set by the linker: -X main.version=…
var version = "dev"

func main() { service.Main(app.Name, version, app.New) }
