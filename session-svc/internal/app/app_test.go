package app_test

import (
	"encoding/base64"
	"testing"

	"streamgate/libs/apitest"
	libconfig "streamgate/libs/config"
	"streamgate/libs/service"
	"streamgate/libs/testkit"
	"streamgate/session-svc/api"
	"streamgate/session-svc/internal/app"
	"streamgate/session-svc/internal/config"
)

const secret = "secret-of-the-services"

func newService(t *testing.T, more ...string) *service.Service {
	t.Helper()
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	var cfg config.Config
	if err := libconfig.Load(&cfg, append([]string{
		"REDIS_URL=" + testkit.Redis(t), "GRANT_KEYS=" + key, "REFRESH_KEYS=" + key, "INTERNAL_SECRETS=" + secret, "JWKS_URL=http://127.0.0.1:1",
		"USER_SVC_URL=http://127.0.0.1:1", "CONTENT_SVC_URL=http://127.0.0.1:1",
	}, more...)); err != nil {
		t.Fatal(err)
	}
	s, err := app.New(cfg, "test", testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryPathAndMethodIsAnswered(t *testing.T) {
	t.Parallel()
	s := newService(t, "AUTHORIZE=true") // with what is off by default
	testkit.Run(t, s)
	testkit.WalkAll(t, s, secret)
}

func TestPagesOfNamedOriginsMayCall(t *testing.T) {
	t.Parallel()
	const origin = "https://www.example.com"
	running := testkit.Run(t, newService(t, "CORS_ORIGINS="+origin))
	refused := testkit.Do(t, "POST", running.PublicURL+"/streams", "", testkit.Header("Origin", origin)).Problem(t, 401, "token_required")
	if got := refused.Header.Get("Access-Control-Allow-Origin"); got != origin {
		t.Errorf("answered with %q", got)
	}
	apitest.Pages(t, api.Spec, running.PublicURL, origin)
}
