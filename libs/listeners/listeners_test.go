package listeners_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/httpserver"
	"streamgate/libs/listeners"
	"streamgate/libs/metrics"
	"streamgate/libs/peer"
	"streamgate/libs/testkit"
)

// handlers answer with the name of their listener.
type handlers struct{}

func (handlers) Public(e *httpserver.Engine) { e.Read("/", say("public")) }
func (handlers) Internal(g *peer.Gate)       { g.From("other-svc").Read("/", say("internal")) }

func say(text string) httpserver.Handler {
	return func(c *gin.Context) error {
		c.String(http.StatusOK, text)
		return nil
	}
}

func options(t *testing.T) listeners.Options {
	t.Helper()
	return listeners.Options{
		Service: "any-svc", Spec: []byte("openapi: 3.1.0"), Callers: peer.Callers{"other-svc": {"old", "new"}}, Log: testkit.Logger(t), Registry: prometheus.NewRegistry(),
	}
}

func TestTheListenersDiffer(t *testing.T) {
	t.Parallel()
	o := options(t)
	public, internal, err := listeners.New(o, handlers{})
	if err != nil {
		t.Fatal(err)
	}
	outside, inside := httptest.NewServer(public), httptest.NewServer(internal)
	t.Cleanup(outside.Close)
	t.Cleanup(inside.Close)

	measured := httptest.NewServer(metrics.Handler(o.Registry))
	t.Cleanup(measured.Close)
	series := string(testkit.Do(t, "GET", measured.URL, "").Want(t, 200).Body)
	for _, listener := range []string{"public", "internal"} {
		if !strings.Contains(series, `http_requests_total{code="200",listener="`+listener+`",method="GET",route="/"} 0`) {
			t.Errorf("the %s listener has no series before its first request: %s", listener, series)
		}
	}

	if got := testkit.Do(t, "GET", outside.URL, "").Want(t, 200); string(got.Body) != "public" {
		t.Errorf("the public listener says %s", got.Body)
	}
	if got := testkit.Do(t, "HEAD", outside.URL, "").Want(t, 200); len(got.Body) != 0 {
		t.Errorf("HEAD is answered %s", got.Body)
	}
	if got := testkit.Do(t, "GET", outside.URL+"/docs/any-svc/openapi.yaml", "").Want(t, 200); string(got.Body) != "openapi: 3.1.0" {
		t.Errorf("the document is %s", got.Body)
	}
	for _, secret := range []string{"old", "new"} {
		if got := testkit.Do(t, "GET", inside.URL, "", testkit.Header(peer.SecretHeader, secret)).Want(t, 200); string(got.Body) != "internal" {
			t.Errorf("the internal listener says %s", got.Body)
		}
	}
	testkit.Do(t, "GET", inside.URL, "").Problem(t, 401, "internal_secret_invalid")
	testkit.Do(t, "GET", inside.URL+"/docs/any-svc/", "", testkit.Header(peer.SecretHeader, "new")).Problem(t, 404, "not_found")
}

func TestWrongProxiesAreRefused(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.TrustedProxies = []string{"everybody"}
	if _, _, err := listeners.New(o, handlers{}); err == nil || !strings.Contains(err.Error(), "TRUSTED_PROXIES") {
		t.Errorf("error %v", err)
	}
}
