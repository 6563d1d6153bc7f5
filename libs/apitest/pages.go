package apitest

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"streamgate/libs/testkit"
)

// readBy are headers of answers that a page may read of every answer, and those that its browser takes for itself.
var readBy = []string{
	"cache-control", "content-language", "content-security-policy", "content-type", "expires", "pragma", "set-cookie", "vary",
	"access-control-allow-headers", "access-control-allow-methods", "access-control-allow-origin", "access-control-max-age",
}

// Pages fails the test unless a page of the origin, which the service at url was told to admit, may use all that the document describes: each
// method, each header of a request, and each of an answer. What has the tag servers is not for pages.
func Pages(t testing.TB, spec []byte, url, origin string) {
	t.Helper()
	list := func(header http.Header, name string) []string {
		return strings.Split(strings.ToLower(strings.ReplaceAll(header.Get(name), " ", "")), ",")
	}
	for path, item := range load(t, spec).Paths.Map() {
		for method, operation := range item.Operations() {
			if slices.Contains(operation.Tags, "servers") || method == http.MethodOptions {
				continue
			}
			target := url + strings.NewReplacer("{", "", "}", "").Replace(path)
			preflight := testkit.Do(t, http.MethodOptions, target, "", testkit.Header("Origin", origin), testkit.Header("Access-Control-Request-Method", method))
			if preflight.Status != http.StatusNoContent || preflight.Header.Get("Access-Control-Allow-Origin") == "" {
				t.Errorf("%s: a browser that asks beforehand is answered %d", path, preflight.Status)
				continue
			}
			if !slices.Contains(list(preflight.Header, "Access-Control-Allow-Methods"), strings.ToLower(method)) {
				t.Errorf("a page may not %s %s", method, path)
			}
			for _, p := range slices.Concat(item.Parameters, operation.Parameters) {
				if p.Value.In == "header" && !slices.Contains(list(preflight.Header, "Access-Control-Allow-Headers"), strings.ToLower(p.Value.Name)) {
					t.Errorf("a page that asks for %s %s may not send %s", method, path, p.Value.Name)
				}
			}
			answer := testkit.Do(t, http.MethodGet, target, "", testkit.Header("Origin", origin))
			exposed := append(list(answer.Header, "Access-Control-Expose-Headers"), readBy...)
			for status, response := range operation.Responses.Map() {
				for name := range response.Value.Headers {
					if !slices.Contains(exposed, strings.ToLower(name)) {
						t.Errorf("a page may not read %s of the answer %s to %s %s", name, status, method, path)
					}
				}
			}
		}
	}
}
