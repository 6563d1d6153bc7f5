package app_test

import (
	"testing"

	"streamgate/libs/testkit"
)

// The catalogue is session-svc's to ask for, with the secret of that pair: that of the other direction is none.
func TestSessionSvcAloneAsksForTheCatalogue(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	base := boot(t, settings(t, uri, database, "INTERNAL_SECRETS=", "SECRETS_FROM_SESSION_SVC=new-of-session-svc,old-of-session-svc",
		"SECRETS_TO_SESSION_SVC=secret-of-content-svc")).InternalURL
	for _, accepted := range []string{"new-of-session-svc", "old-of-session-svc"} {
		testkit.Do(t, "GET", base+"/content", "", testkit.Header("Internal-Secret", accepted)).Want(t, 200)
	}
	testkit.Do(t, "GET", base+"/content", "", testkit.Header("Internal-Secret", "secret-of-content-svc")).
		Problem(t, 401, "internal_secret_invalid")
}
