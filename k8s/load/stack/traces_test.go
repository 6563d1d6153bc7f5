package stack_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"

	"streamgate/k8s/load/stack"
	"streamgate/libs/testkit"
)

const (
	email    = "somebody@example.com"
	password = "a password of somebody"
	// The trace that the test's ingress says that all requests belong to.
	trace       = "0af7651916cd43dd8448eb211c80319c"
	parent      = "b7ad6b7169203331"
	traceparent = "00-" + trace + "-" + parent + "-01"
)

// services builds all three.
func services(t *testing.T) map[string]string {
	t.Helper()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	programs, folder := map[string]string{}, t.TempDir()
	for _, name := range []string{"user-svc", "session-svc", "content-svc"} {
		programs[name] = filepath.Join(folder, name)
		if err := stack.Build(t.Context(), filepath.Join(root, name), name, programs[name], ""); err != nil {
			t.Fatal(err)
		}
	}
	return programs
}

// ofPage returns the settings of the page about traces, with another collector.
func ofPage(t *testing.T, collector string) []string {
	t.Helper()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(root, "charts/doors/traces.md"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^    ((?:OTEL_\S+ )+)make run$`).FindSubmatch(page)
	if line == nil {
		t.Fatal("the page doesn't say how to try it")
	}
	return strings.Fields(strings.ReplaceAll(string(line[1]), "http://127.0.0.1:4318", collector))
}

// answer is what the services' answers have that the test needs.
type answer struct {
	ID           string
	Token        string
	RefreshToken string
	Source       string
	Stream       struct{ ID string }
}

// ask sends a request that belongs to the trace.
func ask(t *testing.T, method, address, authorization string, form url.Values) (got answer) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Traceparent", traceparent)
	request.Header.Set("Authorization", authorization)
	if form != nil {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= http.StatusMultipleChoices {
		t.Fatalf("%s %s: %s %s %v", method, address, response.Status, text, err)
	}
	if strings.Contains(response.Header.Get("Content-Type"), "json") {
		if err := json.Unmarshal(text, &got, json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

// One play, from the sign-up to the first bytes, is one trace through the three services, Redis and MongoDB, by the settings of the page.
// No span of it has anything that is nobody's business.
func TestOnePlayIsOneTrace(t *testing.T) {
	t.Parallel()
	if _, err := stack.FindRedis(); err != nil {
		t.Skip(err)
	}
	uri, database := testkit.Mongo(t)
	collector := testkit.NewCollector(t)
	// As the specification has the request, and not only as bytes that are the same.
	strict := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if err := proto.Unmarshal(body, &collectorpb.ExportTraceServiceRequest{}); err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		collector.ServeHTTP(w, r)
	}))
	t.Cleanup(strict.Close)
	programs := services(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	redis, err := stack.StartRedis(ctx, t.TempDir(), stack.RedisOptions{Name: "redis", Args: stack.KeepNothing})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	system, err := stack.Open(ctx, stack.Options{
		Dir: t.TempDir(), User: programs["user-svc"], Session: programs["session-svc"], Content: programs["content-svc"],
		Sessions: 1, Contents: 1, RedisURL: "redis://" + redis.Addr() + "/0", RedisMode: "standalone", MongoURI: uri, Lease: 2 * time.Second,
		Limit:    3,
		Settings: append(ofPage(t, strict.URL), "MONGODB_DATABASE="+database, "TRACES_CONTINUE=true", "TRUSTED_PROXIES=127.0.0.1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(system.Close)

	user, session, content := system.User.Public, system.Sessions[0].Public, system.Contents[0].Public
	account := ask(t, http.MethodPost, user+"/users", "", url.Values{"email": {email}, "password": {password}})
	signedIn := ask(t, http.MethodPost, user+"/auth", stack.Basic(email, password), nil)
	// A Redis that is new holds starts back for a lease.
	testkit.Eventually(t, "starts are not held back", func() bool {
		held, err := system.Sessions[0].Metric(ctx, "stream_hold_seconds")
		return err == nil && held == 0
	})
	form := url.Values{"content": {stack.Content}, "device": {"a device of somebody"}}
	started := ask(t, http.MethodPost, session+"/streams", "Bearer "+signedIn.Token, form)
	source, err := url.Parse(started.Source)
	if err != nil {
		t.Fatal(err)
	}
	ask(t, http.MethodGet, content+source.Path, "", nil)

	want := []string{
		"user-svc POST /users", "user-svc insert accounts", "user-svc POST /auth", "user-svc POST session-svc",
		"session-svc POST /internal/sessions", "session-svc EVALSHA open", "session-svc POST /streams", "session-svc EVALSHA start",
		"session-svc GET content-svc",
		"content-svc GET /media/:grant/*path", "content-svc POST session-svc", "session-svc POST /internal/leases/renew",
		"session-svc EVALSHA renew",
	}
	var found []string
	t.Cleanup(func() { t.Logf("spans %q", found) })
	testkit.Eventually(t, "all spans", func() bool {
		found = nil
		for _, span := range collector.Spans() {
			if hex.EncodeToString(span.TraceId) == trace {
				found = append(found, span.Service+" "+span.Name)
			}
		}
		return !slices.ContainsFunc(want, func(name string) bool { return !slices.Contains(found, name) })
	})
	ids := map[string]bool{parent: true}
	for _, span := range collector.Spans() {
		ids[hex.EncodeToString(span.SpanId)] = true
	}
	for _, span := range collector.Spans() {
		if from := hex.EncodeToString(span.ParentSpanId); from != "" && !ids[from] {
			t.Errorf("%s %s has no parent", span.Service, span.Name)
		}
	}
	raw, _ := collector.Raw()
	grant := strings.Split(source.Path, "/")[2]
	for what, hidden := range map[string]string{
		"e-mail address": email, "its domain": "example.com", "password": password, "account": account.ID, "access token": signedIn.Token,
		"refresh token": signedIn.RefreshToken, "stream": started.Stream.ID, "grant": grant, "file": stack.Clip, "device": "of somebody",
		"credentials": strings.TrimPrefix(stack.Basic(email, password), "Basic "), "secret": "secret-of-", "address": "127.0.0.1",
	} {
		if hidden == "" || strings.Contains(raw, hidden) {
			t.Errorf("the spans have the %s, %q", what, hidden)
		}
	}
}
