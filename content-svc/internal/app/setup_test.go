package app_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"streamgate/content-svc/internal/app"
	"streamgate/content-svc/internal/config"
	libconfig "streamgate/libs/config"
	"streamgate/libs/grant"
	"streamgate/libs/service"
	"streamgate/libs/testkit"
)

const secret = "secret-of-the-services"

var key = base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))

// settings makes a configuration as a service gets it, on a database and a folder of the test's own.
func settings(t *testing.T, uri, database string, more ...string) config.Config {
	t.Helper()
	var cfg config.Config
	err := libconfig.Load(&cfg, append([]string{
		"MONGODB_URI=" + uri, "MONGODB_DATABASE=" + database, "MEDIA_URL=file://" + t.TempDir(), "SESSION_SVC_URL=" + sessionSvc(t),
		"GRANT_KEYS=" + key, "INTERNAL_SECRETS=" + secret + ",another-secret-of-theirs",
	}, more...))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// sessionSvc stands in for session-svc's internal API, as the contract between the services has it: every stream may play.
func sessionSvc(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/internal/leases/renew" || r.Header.Get("Internal-Secret") != secret {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"lease":10000,"deliveries":[{"holds":10000,"credit":3600000}]}`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// boot runs the service.
func boot(t *testing.T, cfg config.Config) *service.Running {
	t.Helper()
	s, err := app.New(cfg, "test", testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	return testkit.Run(t, s)
}

// catalogue is the address of a new service's internal listener, and what proves that we may use it. Files are at demo/bars.mp4 and at these paths.
func catalogue(t *testing.T, paths ...string) (string, testkit.Option) {
	t.Helper()
	uri, database := testkit.Mongo(t)
	folder := t.TempDir()
	for _, path := range append(paths, "demo/bars.mp4") {
		write(t, folder, path)
	}
	return boot(t, settings(t, uri, database, "MEDIA_URL=file://"+folder)).InternalURL, testkit.Header("Internal-Secret", secret)
}

// write makes a file.
func write(t *testing.T, folder, path string) {
	t.Helper()
	name := filepath.Join(folder, filepath.FromSlash(path))
	err := os.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		err = os.WriteFile(name, []byte("film"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// address is that of a file below a new stream's grant.
func address(t *testing.T, base, scope, path string) string {
	t.Helper()
	keys, err := grant.ParseKeys("GRANT_KEYS", []string{key})
	if err != nil {
		t.Fatal(err)
	}
	text, err := keys.Seal(grant.Grant{
		Stream: strings.Repeat("A", 22), Account: testkit.NewID(), Session: strings.Repeat("A", 11), Content: testkit.NewID(),
		Limit: 3, Started: time.Now(), Expires: time.Now().Add(time.Hour), Scope: scope,
	})
	if err != nil {
		t.Fatal(err)
	}
	return base + "/media/" + text + "/" + path
}
