package httpapi_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"streamgate/libs/testkit"
)

// An upload may be as long as it likes, and is an administrator's.
func TestUploadsArePassedOn(t *testing.T) {
	t.Parallel()
	g, tv := signedIn(t)
	body := strings.Repeat("film ", 1<<20)
	path, options := "/uploads/"+strings.Repeat("a", 32), []testkit.Option{
		testkit.Header("Content-Type", "application/offset+octet-stream"), testkit.Header("Upload-Offset", "7"), testkit.Header("Tus-Resumable", "1.0.0"),
	}
	tv.do(t, http.MethodPatch, path, "film", options...).Problem(t, http.StatusForbidden, "admin_required")
	tv.becomeAdmin(t)
	answer := tv.do(t, http.MethodPatch, path, body, options...).Want(t, http.StatusNoContent)
	if answer.Header.Get("Upload-Offset") != strconv.Itoa(7+len(body)) || answer.Header.Get("Tus-Resumable") != "1.0.0" {
		t.Errorf("%v", answer.Header)
	}
	tv.do(t, http.MethodPatch, path+"?x=1", "film", options...).Problem(t, http.StatusBadRequest, "invalid_input", "x")
	tv.do(t, http.MethodPatch, path, "film", options[0], testkit.Header("Upload-Offset", "8")).Problem(t, http.StatusConflict, "upload_offset")
	testkit.Do(t, http.MethodPatch, g.PublicURL+path, "film", options...).Problem(t, http.StatusUnauthorized, "token_required")
	// Elsewhere a body is still bounded.
	tv.do(t, http.MethodPost, "/content", body, testkit.Header("Content-Type", "application/json")).Problem(t, http.StatusRequestEntityTooLarge, "body_too_large")
	g.neigh.Close()
	if away := tv.do(t, http.MethodPatch, path, "film", options...).Problem(t, http.StatusServiceUnavailable, "unavailable"); away.Header.Get("Retry-After") == "" {
		t.Error(away.Header)
	}
}
