package apitest

import (
	"bytes"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/gin-gonic/gin"
)

// load reads and checks a document.
func load(t testing.TB, spec []byte) *openapi3.T {
	t.Helper()
	document, err := openapi3.NewLoader().LoadFromData(spec)
	if err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	if err := document.Validate(t.Context()); err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.1") {
		t.Fatalf("openapi.yaml is of version %s, want 3.1", document.OpenAPI)
	}
	checkSchemas(t, document)
	return document
}

var parameter = regexp.MustCompile(`[:*](\w+)`)

// Routes fails the test unless the document describes exactly the routes of a public listener, without /docs and HEAD.
func Routes(t testing.TB, spec []byte, routes gin.RoutesInfo) {
	t.Helper()
	var served, described []string
	for _, route := range routes {
		if route.Method != http.MethodHead && !strings.HasPrefix(route.Path, "/docs") {
			served = append(served, route.Method+" "+parameter.ReplaceAllString(route.Path, "{$1}"))
		}
	}
	for path, item := range load(t, spec).Paths.Map() {
		for method := range item.Operations() {
			if method != http.MethodHead {
				described = append(described, method+" "+path)
			}
		}
	}
	for _, route := range served {
		if !slices.Contains(described, route) {
			t.Errorf("openapi.yaml lacks %s", route)
		}
	}
	for _, route := range described {
		if !slices.Contains(served, route) {
			t.Errorf("openapi.yaml describes %s, which is not served", route)
		}
	}
}

// Watch checks every answer of a handler against the document: its status, content type, headers and body must be
// described. Answers on paths that the document doesn't have pass, since a 404 must stay possible.
func Watch(t testing.TB, spec []byte, handler http.Handler) http.Handler {
	t.Helper()
	document := load(t, spec)
	document.Servers = nil
	router, err := gorillamux.NewRouter(document)
	if err != nil {
		t.Fatal(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, parameters, err := router.FindRoute(r)
		if err != nil || r.Method == http.MethodHead {
			handler.ServeHTTP(w, r)
			return
		}
		tee := &tee{ResponseWriter: w, status: http.StatusOK}
		handler.ServeHTTP(tee, r)
		if r.Context().Err() != nil {
			return // no caller waits for the answer
		}
		check(t, r, route, parameters, tee)
	})
}

func check(t testing.TB, r *http.Request, route *routers.Route, parameters map[string]string, answer *tee) {
	t.Helper()
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: parameters, Route: route},
		Status:                 answer.status,
		Header:                 answer.Header(),
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true, MultiError: true, ExcludeResponseBody: !readable(answer.Header()),
			SchemaValidationOptions: []openapi3.SchemaValidationOption{openapi3.WithStringFormatValidators(formats)},
		},
	}
	input.SetBodyBytes(answer.body.Bytes())
	if contentType := answer.Header().Get("Content-Type"); !readable(answer.Header()) && !describes(route, answer.status, contentType) {
		t.Errorf("%s %s answers %d with the type %s, which openapi.yaml does not describe", r.Method, route.Path, answer.status, contentType)
	}
	if err := openapi3filter.ValidateResponse(r.Context(), input); err != nil {
		t.Errorf("%s %s answers %d %s, which openapi.yaml does not describe: %v", r.Method, route.Path, answer.status, answer.body.Bytes(), err)
	}
}

// describes reports whether an answer may have this content type. The validator checks that only for bodies that it
// parses.
func describes(route *routers.Route, status int, contentType string) bool {
	response := route.Operation.Responses.Status(status)
	if response == nil || response.Value == nil || len(response.Value.Content) == 0 || contentType == "" {
		return true
	}
	return response.Value.Content.Get(contentType) != nil
}

// readable reports whether a body is JSON. Video and events are not checked.
func readable(header http.Header) bool { return strings.Contains(header.Get("Content-Type"), "json") }

// tee keeps a copy of the answer.
type tee struct {
	http.ResponseWriter

	status int
	body   bytes.Buffer
}

func (w *tee) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *tee) Write(p []byte) (int, error) {
	if readable(w.Header()) {
		w.body.Write(p)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *tee) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush sends what was written, for answers that are streamed.
func (w *tee) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }
