package routes_test

import (
	"testing"

	"streamgate/libs/devstack/routes"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	const nobody = ""
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

		"":                    nobody,
		"*":                   nobody,
		"/":                   nobody,
		"/usersX":             nobody,
		"/Users":              nobody,
		"/authX":              nobody,
		"/contents":           nobody,
		"/content-svc":        nobody,
		"//users":             nobody,
		"/x/users":            nobody,
		"/docs/":              nobody,
		"/docs/other":         nobody,
		"/docs/user-svcX":     nobody,
		"/.well-known":        nobody,
		"/.well-known/x":      nobody,
		"/users%2Fme":         nobody,
		"/users/../media/x":   nobody,
		"/users/%2e%2E/media": nobody,
		"/./users":            nobody,
		"/users/.":            nobody,
		"/users/%zz":          nobody,
		"/internal/sessions":  nobody,
		"/metrics":            nobody,
		"/readyz":             nobody,
	}
	for path, want := range tests {
		got, ok := routes.Match(path)
		if got != want || ok != (want != nobody) {
			t.Errorf("Match(%q) = %q, %v; want %q", path, got, ok, want)
		}
	}
}

func TestEveryRouteMatchesItself(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, route := range routes.Public {
		if seen[route.Path] {
			t.Errorf("%s is in the table twice", route.Path)
		}
		seen[route.Path] = true
		if got, ok := routes.Match(route.Path); !ok || got != route.Service {
			t.Errorf("Match(%q) = %q; want %q", route.Path, got, route.Service)
		}
		if got, ok := routes.Match(route.Path + "/below"); ok == route.Exact || ok && got != route.Service {
			t.Errorf("Match(%q) = %q, %v", route.Path+"/below", got, ok)
		}
	}
}
