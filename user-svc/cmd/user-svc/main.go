// User-svc owns accounts and passwords, signs people in and issues access tokens.
package main

import (
	"streamgate/libs/service"
	"streamgate/user-svc/internal/app"
)

// version is set by the linker: -X main.version=…
var version = "dev"

func main() { service.Main(app.Name, version, app.New) }
