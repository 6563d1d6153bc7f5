package app_test

import (
	"bytes"
	"context"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgate/libs/apitest"
	libconfig "streamgate/libs/config"
	"streamgate/libs/logging"
	"streamgate/libs/service"
	"streamgate/libs/testkit"
	"streamgate/user-svc/api"
	"streamgate/user-svc/internal/app"
	"streamgate/user-svc/internal/config"
	"streamgate/user-svc/internal/sessionsvc/sessionsvctest"
	"streamgate/user-svc/internal/smtpmail/smtpmailtest"
)

func load(t *testing.T, settings ...string) config.Config {
	t.Helper()
	var cfg config.Config
	if err := libconfig.Load(&cfg, append([]string{
		"INTERNAL_SECRETS=" + sessionsvctest.Secret, "TOKEN_KEY_FILES=" + filepath.Join(t.TempDir(), "key.pem"), "TOKEN_KEY_GENERATE=true",
		"SESSION_SVC_URL=http://127.0.0.1:1",
	}, settings...)); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func newService(t *testing.T, cfg config.Config) *service.Service {
	t.Helper()
	s, err := app.New(cfg, "test", testkit.Logger(t))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// loopback listens on free ports.
var loopback = service.Settings{
	PublicAddr: "127.0.0.1:0", InternalAddr: "127.0.0.1:0", OperationsAddr: "127.0.0.1:0", DrainTimeout: 10 * time.Second,
}

// Replicas that start at once on an empty database agree on one first administrator, and a restart keeps everything.
func TestReplicasStartAtOnce(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	sessions := sessionsvctest.New(t)
	cfg := load(t, "MONGODB_URI="+uri, "MONGODB_DATABASE="+database, "SESSION_SVC_URL="+sessions.URL, "ADMIN_EMAIL=root@example.com", "ADMIN_PASSWORD=123456")
	const replicas = 3
	tokens := make([]string, replicas)
	urls := make([]string, replicas)
	var group sync.WaitGroup
	for i := range replicas {
		group.Go(func() {
			running := testkit.Run(t, newService(t, cfg))
			urls[i] = running.PublicURL
			tokens[i] = testkit.Do(t, "POST", running.PublicURL+"/auth", "", testkit.Basic("root@example.com", "123456")).Want(t, 201).JSON(t)["token"].(string)
		})
	}
	group.Wait()
	for i := range replicas { // each accepts what another has signed
		list := testkit.Do(t, "GET", urls[(i+1)%replicas]+"/users", "", testkit.Bearer(tokens[i])).Want(t, 200).List(t)
		if len(list) != 1 || list[0]["role"] != "admin" {
			t.Errorf("accounts %v", list)
		}
	}
}

// The service waits for a store that is away at start-up: it is alive, not ready, and says so once.
func TestWaitsForMongoDB(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	relay, through := relayTo(t, uri)
	relay.Shut()
	cfg := load(t, "MONGODB_URI="+through, "MONGODB_DATABASE="+database)
	var log testkit.Log
	s, err := app.New(cfg, "test", logging.New(&log, logging.JSON, 0, app.Name))
	if err != nil {
		t.Fatal(err)
	}
	running, _ := testkit.Start(t, s)
	testkit.Eventually(t, "it says what it waits for", func() bool { return strings.Contains(log.String(), "connect to MongoDB") })
	testkit.Do(t, "GET", running.OperationsURL+"/livez", "").Want(t, 200)
	testkit.Do(t, "GET", running.OperationsURL+"/readyz", "").Want(t, 503)
	relay.Open()
	<-running.Ready()
	testkit.Do(t, "GET", running.OperationsURL+"/readyz", "").Want(t, 200)
	testkit.Do(t, "POST", running.PublicURL+"/users", "email=a@example.com&password=123456").Want(t, 201)
	if n := strings.Count(log.String(), "connect to MongoDB"); n != 1 {
		t.Errorf("said %d times: %s", n, log.String())
	}
}

// While the database is away, requests are refused in time and a refresh doesn't use its token up. The service recovers
// by itself.
func TestMongoDBGoesAway(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	sessions := sessionsvctest.New(t)
	relay, through := relayTo(t, uri)
	running := testkit.Run(t, newService(t, load(t, "MONGODB_URI="+through, "MONGODB_DATABASE="+database, "SESSION_SVC_URL="+sessions.URL)))
	do := func(method, path, body string, options ...testkit.Option) testkit.Answer {
		t.Helper()
		return testkit.Do(t, method, running.PublicURL+path, body, options...)
	}
	do("POST", "/users", "email=a@example.com&password=123456").Want(t, 201)
	signedIn := do("POST", "/auth", "", testkit.Basic("a@example.com", "123456")).Want(t, 201).JSON(t)
	bearer, refresh := testkit.Bearer(signedIn["token"].(string)), "refreshToken="+signedIn["refreshToken"].(string)

	relay.Shut()
	var group sync.WaitGroup
	for _, request := range []func() testkit.Answer{
		func() testkit.Answer { return do("POST", "/users", "email=b@example.com&password=123456") },
		func() testkit.Answer { return do("POST", "/auth", "", testkit.Basic("a@example.com", "123456")) },
		func() testkit.Answer { return do("POST", "/auth/refresh", refresh) },
		func() testkit.Answer { return do("GET", "/users/me", "", bearer) },
		func() testkit.Answer { return do("DELETE", "/users/me", "password=123456", bearer) },
	} {
		group.Go(func() {
			began := time.Now()
			if answer := request(); answer.Status != 503 || answer.Header.Get("Retry-After") == "" || time.Since(began) > 5*time.Second {
				t.Errorf("answer %d %s after %v", answer.Status, answer.Body, time.Since(began))
			}
		})
	}
	group.Wait()
	testkit.Do(t, "GET", running.OperationsURL+"/readyz", "").Want(t, 200) // all replicas share the database, so taking one out of service would not help

	relay.Open()
	testkit.Eventually(t, "it is back", func() bool { return do("GET", "/users/me", "", bearer).Status == 200 })
	do("POST", "/auth/refresh", refresh).Want(t, 200)
}

// Mail that was accepted goes out before the service ends.
func TestDrainSendsMail(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	hold := make(chan struct{})
	sink := smtpmailtest.New(t, smtpmailtest.Held(hold))
	s := newService(t, load(t, "MONGODB_URI="+uri, "MONGODB_DATABASE="+database,
		"SMTP_ADDR="+sink.Addr, "SMTP_TLS=none", "SMTP_FROM=a@example.com", "RESET_URL=https://example.com/{token}"))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	running, err := s.Start(ctx, loopback)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- running.Serve(ctx) }()
	<-running.Ready()
	for _, name := range []string{"a", "b", "c"} {
		testkit.Do(t, "POST", running.PublicURL+"/users", "email="+name+"@example.com&password=123456").Want(t, 201)
		testkit.Do(t, "POST", running.PublicURL+"/password-resets", "email="+name+"@example.com").Want(t, 202)
	}
	cancel()
	testkit.Eventually(t, "requests are not taken any more", func() bool {
		connection, err := net.DialTimeout("tcp", strings.TrimPrefix(running.PublicURL, "http://"), time.Second)
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	})
	close(hold)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if n := sink.Arrived(); n != 3 {
		t.Errorf("%d mails arrived, want 3", n)
	}
}

func TestFaultySettingsAreNamed(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"TOKEN_KEY_FILES": {"MONGODB_URI=mongodb://127.0.0.1:1", "TOKEN_KEY_GENERATE=false"},
		"TRUSTED_PROXIES": {"MONGODB_URI=mongodb://127.0.0.1:1", "TRUSTED_PROXIES="},
	} {
		cfg := load(t, settings...)
		if name == "TRUSTED_PROXIES" {
			cfg.TrustedProxies = []string{"nonsense"}
		}
		if _, err := app.New(cfg, "test", testkit.Logger(t)); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v doesn't name %s", err, name)
		}
	}
}

func TestDocumentation(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	running := testkit.Run(t, newService(t, load(t, "MONGODB_URI="+uri, "MONGODB_DATABASE="+database)))
	if spec := testkit.Do(t, "GET", running.PublicURL+"/docs/user-svc/openapi.yaml", "").Want(t, 200); !bytes.HasPrefix(spec.Body, []byte("openapi: 3.1")) {
		t.Errorf("document %.100s", spec.Body)
	}
	metrics := string(testkit.Do(t, "GET", running.OperationsURL+"/metrics", "").Want(t, 200).Body)
	for _, series := range []string{
		`user_sign_ins_total{outcome="success"} 0`, `user_password_hash_seconds_count 0`, `user_password_hash_waiting 0`,
		`http_requests_total{code="200",listener="public",method="POST",route="/auth"} 0`,
	} {
		if !strings.Contains(metrics, series) {
			t.Errorf("an idle service has no %s", series)
		}
	}
}

// relayTo returns a relay to a database, and its address for a driver, which must not look for other servers.
func relayTo(t *testing.T, uri string) (*testkit.Relay, string) {
	t.Helper()
	relay, _ := testkit.NewRelay(t, uri)
	return relay, "mongodb://" + relay.Addr + "/?directConnection=true"
}

func TestEveryPathAndMethodIsAnswered(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	s := newService(t, load(t, "MONGODB_URI="+uri, "MONGODB_DATABASE="+database))
	testkit.Run(t, s)
	testkit.WalkAll(t, s, sessionsvctest.Secret)
}

func TestPagesOfNamedOriginsMayCall(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	cfg := load(t, "MONGODB_URI="+uri, "MONGODB_DATABASE="+database, "CORS_ORIGINS=https://www.example.com, http://localhost:3000")
	running := testkit.Run(t, newService(t, cfg))
	for _, origin := range []string{"https://www.example.com", "http://localhost:3000"} {
		refused := testkit.Do(t, "GET", running.PublicURL+"/users/me", "", testkit.Header("Origin", origin)).Problem(t, 401, "token_required")
		if got := refused.Header.Get("Access-Control-Allow-Origin"); got != origin {
			t.Errorf("%s is answered with %q", origin, got)
		}
		apitest.Pages(t, api.Spec, running.PublicURL, origin)
	}
}
