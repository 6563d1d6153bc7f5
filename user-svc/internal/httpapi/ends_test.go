package httpapi_test

import (
	"testing"

	"streamgate/libs/peer"
	"streamgate/libs/testkit"
)

// Session-svc has the ends of other issuers' accounts recorded, and takes them back when it has forgotten them.
func TestEndsOfForeignAccounts(t *testing.T) {
	t.Parallel()
	s := boot(t)
	path := "/internal/accounts/" + testkit.NewID() + "/ends"
	ends := func() map[string]any { return s.internally("GET", path, "").Want(t, 200).JSON(t) }
	if got := ends(); len(got["sessions"].([]any)) != 0 || got["others"] != nil {
		t.Errorf("%v of an account that nobody knows", got)
	}
	s.internally("POST", path, `{"session": "AAAAAAAAAAA", "others": false, "keepSeconds": 90000}`).Want(t, 204)
	got := ends()["sessions"].([]any)
	if len(got) != 1 || at(got[0].(map[string]any), "session") != "AAAAAAAAAAA" || at(got[0].(map[string]any), "endedAt") == "" {
		t.Errorf("%v", got)
	}
	s.internally("POST", path, `{"session": "BAAAAAAAAAA", "others": true, "keepSeconds": 90000}`).Want(t, 204)
	if got := at(ends(), "others", "session"); got != "BAAAAAAAAAA" {
		t.Errorf("all but %v", got)
	}
	s.internally("POST", path, `{"others": true, "keepSeconds": 90000}`).Want(t, 204)
	if got := at(ends(), "others", "session"); got != "" {
		t.Errorf("all but %v", got)
	}
	for body, field := range map[string]string{
		`{"others": false, "keepSeconds": 1}`:                                   "session",
		`{"session": "a.b", "others": true, "keepSeconds": 1}`:                  "session",
		`{"session": "AAAAAAAAAAA"}`:                                            "keepSeconds",
		`{"session": "AAAAAAAAAAA", "keepSeconds": -1}`:                         "keepSeconds",
		`{"session": "AAAAAAAAAAA", "keepSeconds": 31622401}`:                   "keepSeconds",
		`{"session": "AAAAAAAAAAA", "keepSeconds": 1, "at": "2026-01-01"}`:      "at",
		`{"session": "AAAAAAAAAAA", "keepSeconds": 1, "others": "yes, please"}`: "others",
	} {
		s.internally("POST", path, body).Problem(t, 400, "invalid_input", field)
	}
	s.internally("GET", "/internal/accounts/x/ends", "").Problem(t, 400, "invalid_input", "id")
	s.internally("POST", "/internal/accounts/x/ends", "{}").Problem(t, 400, "invalid_input", "id")
	testkit.Do(t, "GET", s.internal+path, "", testkit.Header(peer.SecretHeader, "wrong secret, long enough")).Problem(t, 401, "internal_secret_invalid")
	s.do("GET", path, "").Problem(t, 404, "not_found")
}
