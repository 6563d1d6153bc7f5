package routes

import (
	"fmt"
	"net/url"
	"strings"
)

// Path is a public path. Unless it is exact, it includes everything below it.
type Path struct {
	Path  string
	Exact bool
}

// Table maps paths to services: the longest path wins, and a path ends only where a segment ends (/users is not
// /usersX). The ingress charts have the same paths.
type Table map[Path]string

// Add maps a path to a service. It is an error if the path leads to another one already.
func (t Table) Add(path Path, service string) error {
	for other, owner := range t {
		if other.Path == path.Path {
			return fmt.Errorf("%s leads to %s and to %s; each path has one service", path.Path, owner, service)
		}
	}
	t[path] = service
	return nil
}

// Match returns the service of an escaped path, as url.URL.EscapedPath returns it. A path with dot segments has none:
// clients resolve those, and if two programs resolve them differently, a request reaches the wrong place.
func (t Table) Match(escapedPath string) (service string, ok bool) {
	path, ok := segments(escapedPath)
	if !ok {
		return "", false
	}
	longest := 0
	for route, owner := range t {
		prefix, _ := segments(route.Path)
		if len(prefix) > longest && startsWith(path, prefix) && (!route.Exact || len(path) == len(prefix)) {
			longest, service = len(prefix), owner
		}
	}
	return service, longest > 0
}

// segments splits before it unescapes, so that an encoded slash ends no segment.
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
