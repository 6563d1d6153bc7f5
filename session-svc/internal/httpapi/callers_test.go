package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"streamgate/libs/listeners"
	"streamgate/libs/metrics"
	"streamgate/libs/peer"
	"streamgate/libs/testkit"
	"streamgate/session-svc/api"
	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/httpapi"
)

const (
	ofUserSvc    = "secret-of-user-svc"
	ofContentSvc = "secret-of-content-svc"
)

// Whoever has the environment of content-svc can't sign anybody in.
func TestContentSvcOpensNoSession(t *testing.T) {
	t.Parallel()
	g := start(t, func(c *config.Config) {
		c.InternalSecrets = nil
		c.FromUser, c.FromContent = []string{ofUserSvc}, []string{ofContentSvc}
		c.ToUser, c.ToContent = []string{"secret-to-user-svc"}, []string{"secret-to-content-svc"}
	})
	ask := func(secret, path, body string) testkit.Answer {
		return testkit.Do(t, http.MethodPost, g.InternalURL+path, body, testkit.Header(peer.SecretHeader, secret))
	}
	session := `{"account":"` + g.account + `","device":"TV"}`
	ask(ofContentSvc, "/internal/sessions", session).Problem(t, http.StatusForbidden, "internal_caller_refused")
	ask("secret-to-user-svc", "/internal/sessions", session).Problem(t, http.StatusUnauthorized, "internal_secret_invalid")
	ask(ofUserSvc, "/internal/sessions", session).Want(t, http.StatusCreated)
	ask(ofUserSvc, "/internal/leases/renew", `{"renewals":[]}`).Problem(t, http.StatusForbidden, "internal_caller_refused")
	ask(ofContentSvc, "/internal/leases/renew", `{"renewals":[]}`).Problem(t, http.StatusBadRequest, "invalid_input", "renewals") // it got in
}

func TestEachInternalRouteHasOneCaller(t *testing.T) {
	t.Parallel()
	callers := peer.Callers{"user-svc": {ofUserSvc}, "content-svc": {ofContentSvc}}
	_, internal, err := listeners.New(listeners.Options{
		Service: "session-svc", Spec: api.Spec, Callers: callers, Log: testkit.Logger(t), Registry: metrics.NewRegistry("session-svc", "test"),
	}, httpapi.New(httpapi.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"POST /internal/sessions":                          "user-svc",
		"POST /internal/sessions/refresh":                  "user-svc",
		"GET /internal/accounts/:account/sessions/:sid":    "user-svc",
		"DELETE /internal/accounts/:account/sessions/:sid": "user-svc",
		"DELETE /internal/accounts/:account/sessions":      "user-svc",
		"GET /internal/accounts/:account/data":             "user-svc",
		"DELETE /internal/accounts/:account/data":          "user-svc",
		"POST /internal/leases/renew":                      "content-svc",
		"GET /internal/streams/ends":                       "content-svc",
	}
	for _, route := range internal.Routes() {
		for caller, secrets := range callers {
			request := httptest.NewRequestWithContext(t.Context(), route.Method, route.Path, http.NoBody)
			request.Header.Set(peer.SecretHeader, secrets[0])
			answer := httptest.NewRecorder()
			if want[route.Method+" "+route.Path] != caller {
				internal.ServeHTTP(answer, request)
				if answer.Code != http.StatusForbidden || !strings.Contains(answer.Body.String(), "internal_caller_refused") {
					t.Errorf("%s asked %s %s: %d %s", caller, route.Method, route.Path, answer.Code, answer.Body)
				}
			}
		}
		delete(want, route.Method+" "+route.Path)
	}
	if len(want) > 0 {
		t.Errorf("there is no %v", want)
	}
}
