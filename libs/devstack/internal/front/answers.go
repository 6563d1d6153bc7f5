package front

import (
	"encoding/json"
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
