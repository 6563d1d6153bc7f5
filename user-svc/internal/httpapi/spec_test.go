package httpapi_test

import (
	"path/filepath"
	"testing"

	"streamgate/libs/apitest"
	"streamgate/libs/httpserver"
	"streamgate/libs/testkit"
	"streamgate/user-svc/api"
	"streamgate/user-svc/internal/app"
	"streamgate/user-svc/internal/config"
)

func TestSpecHasTheRoutes(t *testing.T) {
	t.Parallel()
	var cfg config.Config
	cfg.MongoDBURI, cfg.MongoDBDatabase, cfg.InternalSecrets = "mongodb://127.0.0.1:1", "none", []string{"none"}
	cfg.TokenKeyFiles, cfg.TokenKeyGenerate = []string{filepath.Join(t.TempDir(), "key.pem")}, true
	service, err := app.New(cfg, "test", testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	apitest.Routes(t, api.Spec, service.Public.(*httpserver.Engine).Routes())
}
