package routes_test

import (
	"strings"
	"testing"

	"streamgate/libs/devstack/routes"
)

var table = routes.Table{
	{Path: "/users"}:                 "user-svc",
	{Path: "/auth"}:                  "user-svc",
	{Path: "/password-resets"}:       "user-svc",
	{Path: "/.well-known/jwks.json"}: "user-svc",
	{Path: "/docs/user-svc"}:         "user-svc",
	{Path: "/content"}:               "session-svc",
	{Path: "/streams"}:               "session-svc",
	{Path: "/sessions"}:              "session-svc",
	{Path: "/accounts"}:              "session-svc",
	{Path: "/docs/session-svc"}:      "session-svc",
	{Path: "/docs", Exact: true}:     "session-svc",
	{Path: "/media"}:                 "content-svc",
	{Path: "/docs/content-svc"}:      "content-svc",
}

func TestMatch(t *testing.T) {
	t.Parallel()
	const none = ""
	tests := map[string]string{
		"/users":                         "user-svc",
		"/users/":                        "user-svc",
		"/users/me/password":             "user-svc",
		"/%75sers":                       "user-svc",
		"/auth":                          "user-svc",
		"/auth/refresh":                  "user-svc",
		"/password-resets/abc":           "user-svc",
		"/.well-known/jwks.json":         "user-svc",
		"/docs/user-svc":                 "user-svc",
		"/docs/user-svc/openapi.yaml":    "user-svc",
		"/content":                       "session-svc",
		"/content/x":                     "session-svc",
		"/content/x/play":                "session-svc",
		"/content/a%2Fb":                 "session-svc",
		"/content/a%2F..%2Fb":            "session-svc",
		"/streams":                       "session-svc",
		"/streams/events":                "session-svc",
		"/streams/abc/heartbeat":         "session-svc",
		"/sessions/abc":                  "session-svc",
		"/accounts/abc/streams/def":      "session-svc",
		"/docs":                          "session-svc",
		"/docs/session-svc/":             "session-svc",
		"/media/grant/clip.mp4":          "content-svc",
		"/media/grant/hls/index.m3u8":    "content-svc",
		"/docs/content-svc/openapi.yaml": "content-svc",

		"":                    none,
		"*":                   none,
		"/":                   none,
		"/usersX":             none,
		"/Users":              none,
		"/authX":              none,
		"/contents":           none,
		"/content-svc":        none,
		"//users":             none,
		"/x/users":            none,
		"/docs/":              none,
		"/docs/other":         none,
		"/docs/user-svcX":     none,
		"/.well-known":        none,
		"/.well-known/x":      none,
		"/users%2Fme":         none,
		"/users/../media/x":   none,
		"/users/%2e%2E/media": none,
		"/./users":            none,
		"/users/.":            none,
		"/users/%zz":          none,
		"/internal/sessions":  none,
		"/metrics":            none,
		"/readyz":             none,
	}
	for path, want := range tests {
		got, ok := table.Match(path)
		if got != want || ok != (want != none) {
			t.Errorf("Match(%q) = %q, %v; want %q", path, got, ok, want)
		}
	}
}

func TestAPathHasOneService(t *testing.T) {
	t.Parallel()
	paths := routes.Table{}
	if err := paths.Add(routes.Path{Path: "/users"}, "user-svc"); err != nil {
		t.Fatal(err)
	}
	err := paths.Add(routes.Path{Path: "/users", Exact: true}, "guest-svc")
	if err == nil || !strings.Contains(err.Error(), "/users leads to user-svc and to guest-svc") {
		t.Errorf("%v", err)
	}
	if got, _ := paths.Match("/users"); got != "user-svc" {
		t.Errorf("/users leads to %q now", got)
	}
}
