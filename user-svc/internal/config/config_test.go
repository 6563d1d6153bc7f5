package config_test

import (
	"strings"
	"testing"
	"time"

	libconfig "streamgate/libs/config"
	"streamgate/user-svc/internal/config"
)

// good holds only the required settings.
var good = []string{
	"MONGODB_URI=mongodb://mongodb", "TOKEN_KEY_FILES=/keys/a.pem,/keys/b.pem",
	"SECRETS_TO_SESSION_SVC=0123456789abcdef", "SECRETS_FROM_SESSION_SVC=fedcba9876543210",
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	var cfg config.Config
	if err := libconfig.Load(&cfg, good); err != nil {
		t.Fatal(err)
	}
	if cfg.TokenTTL != 10*time.Minute || cfg.TokenIssuer != "streamgate" || cfg.MongoDBDatabase != "streamgate_users" || len(cfg.TokenKeyFiles) != 2 ||
		cfg.SessionSvcURL != "http://session-svc:8081" || cfg.SMTPTLS != "starttls" {
		t.Errorf("settings %+v", cfg)
	}
}

func TestFaultsAreAllNamed(t *testing.T) {
	t.Parallel()
	mail := []string{"SMTP_ADDR=smtp:25", "SMTP_FROM=a@example.com", "RESET_URL=https://example.com/{token}"}
	for _, test := range []struct {
		settings []string
		want     []string
	}{
		{nil, []string{"MONGODB_URI", "SECRETS_TO_SESSION_SVC", "SECRETS_FROM_SESSION_SVC", "TOKEN_KEY_FILES"}},
		{append([]string{"TOKEN_TTL=4m59s"}, good...), []string{"TOKEN_TTL"}},
		{append([]string{"TOKEN_TTL=15m1s"}, good...), []string{"TOKEN_TTL"}},
		{append([]string{"TOKEN_TTL=soon", "SMTP_TLS=maybe", "SESSION_SVC_URL=session-svc"}, good...), []string{"TOKEN_TTL", "SMTP_TLS", "SESSION_SVC_URL"}},
		{append([]string{"MONGODB_DATABASE=", "TOKEN_ISSUER=", "SESSION_SVC_URL="}, good...), nil}, // as if they were not set
		{append([]string{"MONGODB_URI=postgres://db"}, good[1:]...), []string{"MONGODB_URI"}},
		{append([]string{"MONGODB_DATABASE=a b"}, good...), []string{"MONGODB_DATABASE"}},
		{append([]string{"ADMIN_EMAIL=a@example.com"}, good...), []string{"ADMIN_EMAIL, ADMIN_PASSWORD"}},
		{append([]string{"ADMIN_EMAIL=a", "ADMIN_PASSWORD=1"}, good...), []string{"ADMIN_EMAIL", "ADMIN_PASSWORD"}},
		{append([]string{"SMTP_HELO=pod-1"}, append(mail, good...)...), []string{"SMTP_HELO"}},
		{append([]string{"SMTP_ADDR=smtp"}, good...), []string{"SMTP_ADDR", "SMTP_FROM", "RESET_URL"}},
		{append([]string{"SMTP_ADDR=:25"}, good...), []string{"SMTP_ADDR", "SMTP_FROM", "RESET_URL"}},
		{append([]string{"SMTP_ADDR=smtp:smtp"}, good...), []string{"SMTP_ADDR", "SMTP_FROM", "RESET_URL"}},
		{append([]string{"SMTP_USERNAME=x"}, append(mail, good...)...), []string{"SMTP_USERNAME, SMTP_PASSWORD"}},
		{append([]string{"RESET_URL=https://example.com/"}, append(mail[:2:2], good...)...), []string{"RESET_URL"}},
		{append(mail, good...), nil},
	} {
		var cfg config.Config
		err := libconfig.Load(&cfg, test.settings)
		var got []string
		if err != nil {
			got = strings.Split(err.Error(), "\n")
		}
		if len(got) != len(test.want) {
			t.Errorf("%v: faults %q, want of %q", test.settings, got, test.want)
			continue
		}
		for _, name := range test.want {
			if !strings.Contains("\n"+err.Error(), "\n"+name+": ") {
				t.Errorf("%v: faults %q don't name %s", test.settings, got, name)
			}
		}
	}
}
