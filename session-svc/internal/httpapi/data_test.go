package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"streamgate/libs/testkit"
)

// User-svc reads what is known of an account here, and has it erased: then nothing of it is left, and other systems are told.
func TestDataOfAnAccount(t *testing.T) {
	t.Parallel()
	e := newEndpoint(t, oldSecret)
	g, tv := signedIn(t, telling(t, "["+hook("other", e.URL)+"]", "other:"+oldSecret))
	id, _ := tv.playing(t, "")
	path := "/internal/accounts/" + g.account + "/data"
	data := g.internal(t, http.MethodGet, path, "").Want(t, http.StatusOK).JSON(t)
	sessions, streams := data["sessions"].([]any), data["streams"].([]any)
	if len(sessions) != 1 || sessions[0].(map[string]any)["device"] != "TV" || len(streams) != 1 || streams[0].(map[string]any)["id"] != id {
		t.Error(data)
	}
	for range 2 {
		g.internal(t, http.MethodDelete, path, "").Want(t, http.StatusNoContent)
	}
	if body := string(g.internal(t, http.MethodGet, path, "").Want(t, http.StatusOK).Body); strings.TrimSpace(body) != `{"sessions":[],"streams":[]}` {
		t.Error(body)
	}
	e.want(t, g.account, "session.opened", "stream.started", "session.ended signed_out", "stream.ended session_ended", "account.erased")
	testkit.Do(t, http.MethodGet, g.InternalURL+path, "").Problem(t, http.StatusUnauthorized, "internal_secret_invalid")
}
