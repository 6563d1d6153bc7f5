package apitest_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"streamgate/libs/apitest"
	"streamgate/libs/testkit"
)

const spec = `
openapi: 3.1.0
info: {title: Things, version: "1"}
servers: [{url: "http://elsewhere/base"}]
paths:
  /things:
    get:
      responses:
        "200":
          description: All.
          headers: {X-Total-Count: {required: true, schema: {type: integer}}}
          content:
            application/json: {schema: {type: array, items: {$ref: "#/components/schemas/Thing"}}}
        "404":
          description: None.
          content:
            application/problem+json: {schema: {type: object, required: [code]}}
  /things/{id}:
    delete:
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"204": {description: Gone.}}
  /files/{path}:
    get:
      parameters: [{name: path, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: Bytes., content: {video/mp4: {}}}}
components:
  schemas:
    Thing: {type: object, required: [id], additionalProperties: false, properties: {id: {type: string}}}
`

// want fails the test unless there is exactly one failure that contains each text, in any order.
func want(t *testing.T, failures []string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(strings.Join(failures, "\n"), text) {
			t.Errorf("no failure has %q: %q", text, failures)
		}
	}
	if len(failures) != len(texts) {
		t.Errorf("failures %q, want %q", failures, texts)
	}
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	all := gin.RoutesInfo{
		{Method: "GET", Path: "/things"},
		{Method: "HEAD", Path: "/things"},
		{Method: "DELETE", Path: "/things/:id"},
		{Method: "GET", Path: "/files/*path"},
		{Method: "GET", Path: "/docs/things/*file"},
	}
	check := func(spec string, routes gin.RoutesInfo) []string {
		return testkit.Failures(t, func(t testing.TB) { apitest.Routes(t, []byte(spec), routes) })
	}
	want(t, check(spec, all))
	want(t, check(spec, append(slices.Clip(all), gin.RouteInfo{Method: "PUT", Path: "/things/:id"})), "lacks PUT /things/{id}")
	want(t, check(spec, all[1:]), "describes GET /things, which is not served")
	want(t, check("openapi: 3.1.0", nil), "openapi.yaml: ")
	want(t, check("{", nil), "openapi.yaml: ")
	want(t, check(strings.Replace(spec, "3.1.0", "3.0.3", 1), all), "version 3.0.3")
}

// A format is checked, not only written down.
func TestFormats(t *testing.T) {
	t.Parallel()
	for format, values := range map[string]map[string]bool{
		"uri": {
			"https://example.com/a?b=c#d": true, "http://[::1]:80/": true, "urn:a:b": true,
			"": false, "example.com": false, "/a": false, "https://": false, "https://example.com/ü": false, "https://example.com/a b": false, "https://example.com/%zz": false,
		},
		"email":     {"a@example.com": true, "": false, "a": false, "A <a@example.com>": false, "a@b@c": false, "é@example.com": false},
		"idn-email": {"a@example.com": true, "é@bücher.example": true, "": false, "a": false, "A <a@example.com>": false},
		"uuid":      {"123e4567-e89b-12d3-a456-426614174000": true, "": false, "123e4567": false, "123e4567-e89b-12d3-a456-42661417400g": false},
		"date-time": {"2026-01-02T03:04:05.678Z": true, "2026-01-02": false, "": false},
	} {
		spec := strings.ReplaceAll(spec, "properties: {id: {type: string}}", "properties: {id: {type: string, format: "+format+"}}")
		for value, right := range values {
			handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				w.Header().Set("X-Total-Count", "1")
				_, _ = w.Write([]byte(`[{"id":"` + value + `"}]`))
			})
			failures := testkit.Failures(t, func(f testing.TB) {
				apitest.Watch(f, []byte(spec), handler).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/things", nil))
			})
			if right != (len(failures) == 0) {
				t.Errorf("%q as %s: %q", value, format, failures)
			}
		}
	}
	check := func(from, to string) []string {
		return testkit.Failures(t, func(t testing.TB) { apitest.Watch(t, []byte(strings.Replace(spec, from, to, 1)), nil) })
	}
	want(t, check("{id: {type: string}}", "{id: {type: string, format: hostname}}"), "nothing checks the format hostname")
	want(t, check("{id: {type: string}}", "{id: {type: string, writeOnly: true}}"), "GET /things answers what is writeOnly")
	want(t, check("{id: {type: string}}", "{id: {type: string, readOnly: true}}"))
	put := "    put:\n      parameters: [{name: id, in: path, required: true, schema: {type: string}}]\n      requestBody: {content: {application/json: {schema: {properties: {id: {readOnly: true}}}}}}\n      responses: {\"204\": {description: Changed.}}\n"
	want(t, check("    delete:\n", put+"    delete:\n"), "PUT /things/{id} takes what is readOnly")
}

func TestWatch(t *testing.T) {
	t.Parallel()
	one := http.Header{"X-Total-Count": {"1"}}
	typed := func(contentType string) http.Header {
		return http.Header{"X-Total-Count": {"1"}, "Content-Type": {contentType}}
	}
	for name, test := range map[string]struct {
		method, path string
		status       int
		header       http.Header
		body         string
		notDescribed string // part of the failure; "" means none
	}{
		"as described":      {path: "/things", status: 200, header: one, body: `[{"id":"1"}]`},
		"a problem":         {path: "/things", status: 404, header: typed("application/problem+json"), body: `{"code":"x"}`},
		"another status":    {path: "/things", status: 500, body: `{}`, notDescribed: "answers 500"},
		"another type":      {path: "/things", status: 200, header: typed("text/csv"), body: "id", notDescribed: "the type text/csv"},
		"another JSON":      {path: "/things", status: 200, header: typed("application/problem+json"), body: "[]", notDescribed: "Content-Type"},
		"a missing header":  {path: "/things", status: 200, body: `[]`, notDescribed: "X-Total-Count"},
		"a header's type":   {path: "/things", status: 200, header: http.Header{"X-Total-Count": {"many"}}, body: `[]`, notDescribed: "X-Total-Count"},
		"a member too many": {path: "/things", status: 200, header: one, body: `[{"id":"1","secret":"x"}]`, notDescribed: "secret"},
		"a member missing":  {path: "/things", status: 200, header: one, body: `[{}]`, notDescribed: `"id"`},
		"not even JSON":     {path: "/things", status: 200, header: one, body: `[`, notDescribed: "answers 200"},
		"no body":           {method: "DELETE", path: "/things/1", status: 204},
		"video":             {path: "/files/a", status: 200, header: typed("video/mp4"), body: "\x00\x01"},
		"unknown path":      {path: "/nothing", status: 404, body: "x"},
		"HEAD":              {method: "HEAD", path: "/things", status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				maps.Copy(w.Header(), test.header)
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
			})
			if test.method == "" {
				test.method = http.MethodGet
			}
			var answer testkit.Answer
			failures := testkit.Failures(t, func(f testing.TB) {
				server := httptest.NewServer(apitest.Watch(f, []byte(spec), handler))
				defer server.Close()
				answer = testkit.Do(t, test.method, server.URL+test.path, "")
			})
			if answer.Status != test.status || test.method == http.MethodGet && string(answer.Body) != test.body {
				t.Errorf("the client got %d %q", answer.Status, answer.Body)
			}
			if test.notDescribed == "" {
				want(t, failures)
			} else {
				want(t, failures, test.notDescribed)
			}
		})
	}
}
