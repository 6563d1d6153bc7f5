package peer_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/httpserver"
	"streamgate/libs/metrics"
	"streamgate/libs/peer"
	"streamgate/libs/testkit"
)

const (
	users    = "secret-of-user-svc"
	contents = "secret-of-content-svc"
	shared   = "secret-of-all-services"
)

// gated is session-svc's internal listener, with a route for each of two callers.
func gated(t *testing.T, callers peer.Callers) string {
	t.Helper()
	e, err := httpserver.New(httpserver.Options{Listener: "internal", Log: testkit.Logger(t), Metrics: metrics.NewHTTP(prometheus.NewRegistry())})
	if err != nil {
		t.Fatal(err)
	}
	done := func(c *gin.Context) error {
		c.Status(http.StatusNoContent)
		return nil
	}
	g := peer.NewGate(e, callers)
	g.From("user-svc").Route(http.MethodPost, "/sessions", done)
	g.From("content-svc").Route(http.MethodPost, "/renew", done)
	g.From("user-svc").Read("/both", done)
	g.From("nobody").Route(http.MethodPost, "/closed", done)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return server.URL
}

func TestASecretOpensItsCallersRoutesAlone(t *testing.T) {
	t.Parallel()
	url := gated(t, peer.Callers{"user-svc": {users, "another-of-user-svc"}, "content-svc": {contents}})
	for _, test := range []struct {
		secret, method, path string
		status               int
		code                 string
	}{
		{users, "POST", "/sessions", 204, ""},
		{"another-of-user-svc", "POST", "/sessions", 204, ""},
		{contents, "POST", "/renew", 204, ""},
		{contents, "POST", "/sessions", 403, "internal_caller_refused"},
		{users, "POST", "/renew", 403, "internal_caller_refused"},
		{users, "GET", "/both", 204, ""},
		{users, "HEAD", "/both", 204, ""},
		{contents, "GET", "/both", 403, "internal_caller_refused"},
		{users, "POST", "/closed", 403, "internal_caller_refused"},
		{"", "POST", "/closed", 401, "internal_secret_invalid"},
		{"", "POST", "/sessions", 401, "internal_secret_invalid"},
		{"user-svc", "POST", "/sessions", 401, "internal_secret_invalid"},
		{users + ", " + contents, "POST", "/sessions", 401, "internal_secret_invalid"},
		{users, "POST", "/elsewhere", 404, "not_found"},
		{"", "POST", "/elsewhere", 401, "internal_secret_invalid"},
		{contents, "DELETE", "/sessions", 405, "method_not_allowed"},
	} {
		answer := testkit.Do(t, test.method, url+test.path, "", testkit.Header(peer.SecretHeader, test.secret))
		if test.code == "" {
			answer.Want(t, test.status)
		} else {
			answer.Problem(t, test.status, test.code)
		}
	}
	// Our own fault, not the client's: it must not look like a 403 of the account.
	unavailable(t, "another's route", client(url, contents).Call(t.Context(), http.MethodPost, "/sessions", nil, nil), "caller", contents)
}

// An installation of before has one secret for all. Each step of its upgrade, in whichever order the services take it, is a pair of what
// the caller shows and what the called service accepts.
func TestTheUpgradeHasNoGap(t *testing.T) {
	t.Parallel()
	type side struct {
		shows    []string // as the caller
		accepted []string // of user-svc, as the called service
	}
	steps := map[string]side{
		"before":   {[]string{shared}, []string{shared}},
		"upgraded": {[]string{shared, users}, []string{users, shared}},
		"done":     {[]string{users}, []string{users}}, // the shared one was removed
	}
	order := []string{"before", "upgraded", "done"}
	for caller, c := range steps {
		for callee, s := range steps {
			if apart := slices.Index(order, caller) - slices.Index(order, callee); apart > 1 || apart < -1 {
				continue
			}
			url := gated(t, peer.Callers{"user-svc": s.accepted, "content-svc": {contents}})
			if err := client(url, c.shows...).Call(t.Context(), http.MethodPost, "/sessions", nil, nil); err != nil {
				t.Errorf("a caller %s, a service %s: %v", caller, callee, err)
			}
		}
	}
}

// A service of before reads the first line of the header alone.
func TestTheSharedSecretIsShownFirst(t *testing.T) {
	t.Parallel()
	var shown []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		shown = r.Header.Values(peer.SecretHeader)
		_, _ = io.WriteString(w, "{}")
	}))
	t.Cleanup(server.Close)
	if err := client(server.URL, shared, users).Call(t.Context(), http.MethodGet, "/", nil, nil); err != nil || !slices.Equal(shown, []string{shared, users}) {
		t.Errorf("shown %q, %v", shown, err)
	}
}
