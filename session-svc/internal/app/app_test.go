package app_test

import (
	"encoding/base64"
	"testing"

	libconfig "streamgate/libs/config"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/app"
	"streamgate/session-svc/internal/config"
)

const secret = "secret-of-the-services"

func TestEveryPathAndMethodIsAnswered(t *testing.T) {
	t.Parallel()
	key := base64.StdEncoding.EncodeToString(make([]byte, 32))
	var cfg config.Config
	if err := libconfig.Load(&cfg, []string{
		"REDIS_URL=" + testkit.Redis(t), "GRANT_KEYS=" + key, "REFRESH_KEYS=" + key, "INTERNAL_SECRETS=" + secret, "JWKS_URL=http://127.0.0.1:1",
		"USER_SVC_URL=http://127.0.0.1:1", "CONTENT_SVC_URL=http://127.0.0.1:1",
	}); err != nil {
		t.Fatal(err)
	}
	s, err := app.New(cfg, "test", testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	testkit.Run(t, s)
	testkit.Walk(t, s.Public)
	testkit.Walk(t, s.Internal)
	testkit.Walk(t, s.Internal, testkit.Header("Internal-Secret", secret))
}
