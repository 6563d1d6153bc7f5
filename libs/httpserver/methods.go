package httpserver

import (
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
)

// unrouted answers where no route does: with the methods that the path takes, if there are any. Gin's own search for them
// (HandleMethodNotAllowed) panics on some paths, in v1.12.0.
func (e *Engine) unrouted(c *gin.Context) error {
	path := c.Request.URL.Path
	if c.Request.URL.RawPath != "" { // as Gin matches it
		path = c.Request.URL.RawPath
	}
	var allowed []string
	for _, route := range e.routes() {
		if !slices.Contains(allowed, route.Method) && matches(route.Path, path) {
			allowed = append(allowed, route.Method)
		}
	}
	if len(allowed) == 0 {
		return fault.ErrNoPath
	}
	methods := strings.Join(allowed, ", ")
	c.Header("Allow", methods)
	return fault.New(fault.MethodNotAllowed, "method_not_allowed", "This path takes "+methods+", not "+c.Request.Method+".")
}

// matches reports whether a path is one of a template such as /users/:id or /media/:grant/*path.
func matches(template, path string) bool {
	wanted, given := strings.Split(template, "/"), strings.Split(path, "/")
	for i, segment := range wanted {
		switch {
		case i >= len(given):
			return false
		case strings.HasPrefix(segment, "*"):
			return true
		case strings.HasPrefix(segment, ":") && given[i] != "":
		case segment != given[i]:
			return false
		}
	}
	return len(wanted) == len(given)
}
