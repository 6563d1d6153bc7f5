package front

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// writeProblem answers with a document of the same form as the services' own. It does without package problem of
// streamgate/libs, so that this module builds alone.
func writeProblem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{ // the client may be gone: there is no one left to tell
		"type":   "urn:streamgate:problem:" + code,
		"title":  http.StatusText(status),
		"status": status,
		"code":   code,
		"detail": detail,
	})
}

// writeWelcome shows a visitor of the bare address how to go on.
func writeWelcome(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = fmt.Fprintf(w, //nolint:gosec // the client's own Host, as plain text
		`This is Streamgate: an account watches at most three video streams at once.

Sign up, sign in, see what there is, play:

  curl -X POST http://%[1]s/users -i -d "email=test@example.com&password=123456"
  curl -X POST http://%[1]s/auth -i -u test@example.com:123456
  curl -X GET http://%[1]s/content -i -d "access_token=<token>"
  curl -X GET http://%[1]s/content/607c55840e977203b4d8b5e5/play -i -d "access_token=<token>"

Documentation: http://%[1]s/docs
`, r.Host)
}
