package config_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"streamgate/content-svc/internal/config"
	libconfig "streamgate/libs/config"
)

var good = map[string]string{
	"MONGODB_URI": "mongodb://mongodb:27017", "SECRETS_TO_SESSION_SVC": "0123456789abcdef", "SECRETS_FROM_SESSION_SVC": "fedcba9876543210",
	"GRANT_KEYS": base64.StdEncoding.EncodeToString(make([]byte, 32)),
}

func load(change map[string]string) error {
	var environ []string
	for _, settings := range []map[string]string{good, change} {
		for name, value := range settings {
			environ = append(environ, name+"="+value)
		}
	}
	var cfg config.Config
	return libconfig.Load(&cfg, environ)
}

func TestTheRequiredIsEnough(t *testing.T) {
	t.Parallel()
	if err := load(nil); err != nil {
		t.Error(err)
	}
	for _, url := range []string{"file:///media", "file://./media", "s3://bucket?region=eu-central-1"} {
		if err := load(map[string]string{"MEDIA_URL": url}); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestEachMistakeIsNamed(t *testing.T) {
	t.Parallel()
	mistakes := map[string]string{
		"MONGODB_URI": "postgres://secret@db", "MONGODB_DATABASE": "a b", "SESSION_SVC_URL": "session-svc:8081", "MEDIA_URL": "/var/media",
		"GRANT_KEYS": "c2hvcnQ=", "DEMO_CONTENT": "perhaps", "INTERNAL_SECRETS": "short", "SECRETS_TO_SESSION_SVC": "short", "SECRETS_FROM_SESSION_SVC": "ünseen-in-a-header", "PUBLIC_ADDR": "8080",
	}
	for name, value := range mistakes {
		if err := load(map[string]string{name: value}); err == nil || !strings.HasPrefix(err.Error(), name+":") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
	err := load(mistakes)
	for name := range mistakes {
		if err == nil || !strings.Contains("\n"+err.Error(), "\n"+name+":") {
			t.Errorf("%s is not named in %v", name, err)
		}
	}
	if err != nil && strings.Contains(err.Error(), "secret@") {
		t.Errorf("a password is shown: %v", err)
	}
}
