package runner

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// found returns the services of this repository.
func found(t *testing.T) []Service {
	t.Helper()
	services, err := Find("../../../..")
	if err != nil {
		t.Fatal(err)
	}
	return services
}

func environmentOf(t *testing.T, name string, user variables) variables {
	t.Helper()
	secrets, err := loadSecrets(filepath.Join(t.TempDir(), secretsFile), secretsOf(found(t)))
	if err != nil {
		t.Fatal(err)
	}
	listen := map[string]addresses{}
	for _, service := range found(t) {
		listen[service.Name] = addresses{public: service.Name + ":1", internal: service.Name + ":2", operations: service.Name + ":3"}
	}
	names := known("/a b", "mongodb://m/", "redis://r/0", secrets, listen)
	for _, service := range found(t) {
		if service.Name == name {
			env, err := service.environment(user, names, listen[name])
			if err != nil {
				t.Fatal(err)
			}
			return env
		}
	}
	t.Fatalf("no service %s", name)
	return nil
}

func TestServicesFindEachOther(t *testing.T) {
	t.Parallel()
	want := map[string]variables{
		"user-svc": {
			"PUBLIC_ADDR": "user-svc:1", "MONGODB_URI": "mongodb://m/", "SESSION_SVC_URL": "http://session-svc:2",
			"TOKEN_KEY_FILES": "/a b/token-key.pem", "ADMIN_EMAIL": "admin@example.com",
		},
		"session-svc": {
			"INTERNAL_ADDR": "session-svc:2", "REDIS_URL": "redis://r/0", "CONTENT_SVC_URL": "http://content-svc:2",
			"JWKS_URL": "http://user-svc:1/.well-known/jwks.json", "USER_SVC_URL": "http://user-svc:2",
		},
		"content-svc": {
			"OPERATIONS_ADDR": "content-svc:3", "MONGODB_URI": "mongodb://m/", "SESSION_SVC_URL": "http://session-svc:2",
			"MEDIA_URL": "file:///a%20b/media?create_dir=true&metadata=skip&no_tmp_dir=true",
		},
	}
	for service, variables := range want {
		env := environmentOf(t, service, nil)
		for name, value := range variables {
			if env[name] != value {
				t.Errorf("%s: %s is %q, want %q", service, name, env[name], value)
			}
		}
	}
}

func TestUserDecidesWhatIsNotWiring(t *testing.T) {
	t.Parallel()
	user := variables{"LOG_LEVEL": "debug", "LEASE": "3s", "PUBLIC_ADDR": ":80", "REDIS_URL": "redis://elsewhere", "PATH": "/bin$x"}
	env := environmentOf(t, "session-svc", user)
	for name, want := range map[string]string{
		"LOG_LEVEL": "debug", "LEASE": "3s", "PATH": "/bin$x", "PUBLIC_ADDR": "session-svc:1", "REDIS_URL": "redis://r/0", "LOG_FORMAT": "text",
	} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	if user["LOG_FORMAT"] != "" {
		t.Error("the user's environment was changed")
	}
	if got := strings.Join(parseEnviron([]string{"B=2=3", "A="}).environ(), " "); got != "A= B=2=3" {
		t.Errorf("environ is %q", got)
	}
}

func TestUnknownNameInSettings(t *testing.T) {
	t.Parallel()
	service := Service{Name: "x", Settings: Settings{Wiring: map[string]string{"A": "${nowhere.public}"}}}
	_, err := service.environment(nil, variables{"GRANT_KEYS": "s"}, addresses{})
	if err == nil || !strings.Contains(err.Error(), "nowhere.public") {
		t.Errorf("%v", err)
	}
}

func TestSecretsAreMadeOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), secretsFile)
	if err := os.WriteFile(file, []byte("GRANT_KEYS=kept=\n"), 0o600); err != nil { // of an older version, say
		t.Fatal(err)
	}
	names := secretsOf(found(t))
	if !slices.Contains(names, "user-svc-to-session-svc") || !slices.Contains(names, "session-svc-to-user-svc") {
		t.Errorf("secrets %q", names)
	}
	first, err := loadSecrets(file, names)
	if err != nil {
		t.Fatal(err)
	}
	second, err := loadSecrets(file, names)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range names {
		if first[name] != second[name] || first[name] == "" || seen[first[name]] {
			t.Errorf("%s is %q, then %q", name, first[name], second[name])
		}
		seen[first[name]] = true
	}
	if first["GRANT_KEYS"] != "kept=" {
		t.Errorf("GRANT_KEYS became %q", first["GRANT_KEYS"])
	}
	if _, err := loadSecrets(t.TempDir(), names); err == nil {
		t.Error("a folder was read as a file")
	}
}
