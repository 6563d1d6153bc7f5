package routes

import (
	"net/url"
	"strings"
)

// Route gives a path, and unless it is exact everything below it, to a service.
type Route struct {
	Path    string
	Service string
	Exact   bool
}

// Public is the table of the one-machine front and of the ingress charts: the longest path wins, and a path
// ends only where a segment ends (/users is not /usersX).
var Public = []Route{
	{Path: "/users", Service: "user-svc"},
	{Path: "/auth", Service: "user-svc"},
	{Path: "/password-resets", Service: "user-svc"},
	{Path: "/.well-known/jwks.json", Service: "user-svc"},
	{Path: "/docs/user-svc", Service: "user-svc"},

	{Path: "/content", Service: "session-svc"},
	{Path: "/streams", Service: "session-svc"},
	{Path: "/sessions", Service: "session-svc"},
	{Path: "/accounts", Service: "session-svc"},
	{Path: "/docs/session-svc", Service: "session-svc"},
	{Path: "/docs", Service: "session-svc", Exact: true},

	{Path: "/media", Service: "content-svc"},
	{Path: "/docs/content-svc", Service: "content-svc"},
}

// Match finds the service of an escaped path, as url.URL.EscapedPath gives it. A path with dot segments has none:
// clients resolve those, and two programs that resolve them differently are how a request reaches the wrong place.
func Match(escapedPath string) (service string, ok bool) {
	path, ok := segments(escapedPath)
	if !ok {
		return "", false
	}
	longest := 0
	for _, route := range Public {
		prefix, _ := segments(route.Path)
		if len(prefix) > longest && startsWith(path, prefix) && (!route.Exact || len(path) == len(prefix)) {
			longest, service = len(prefix), route.Service
		}
	}
	return service, longest > 0
}

// segments unescapes after it has split, so that an encoded slash ends no segment.
func segments(escapedPath string) ([]string, bool) {
	rest, ok := strings.CutPrefix(escapedPath, "/")
	if !ok {
		return nil, false
	}
	list := strings.Split(rest, "/")
	for i, escaped := range list {
		segment, err := url.PathUnescape(escaped)
		if err != nil || segment == "." || segment == ".." {
			return nil, false
		}
		list[i] = segment
	}
	return list, true
}

func startsWith(path, prefix []string) bool {
	if len(path) < len(prefix) {
		return false
	}
	for i := range prefix {
		if path[i] != prefix[i] {
			return false
		}
	}
	return true
}
