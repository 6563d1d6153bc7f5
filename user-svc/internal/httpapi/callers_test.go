package httpapi_test

import (
	"testing"

	"streamgate/libs/peer"
	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/sessionsvc/sessionsvctest"
)

// Plans are session-svc's to read and to set, with the secret of that pair: that of the other direction, by which user-svc signs people
// in, is none.
func TestSessionSvcAloneSetsPlans(t *testing.T) {
	t.Parallel()
	s := boot(t, "INTERNAL_SECRETS=", "SECRETS_TO_SESSION_SVC="+sessionsvctest.Secret, "SECRETS_FROM_SESSION_SVC=new-of-session-svc,old-of-session-svc")
	p := s.signUp("pair@example.com")
	path := s.internal + "/internal/accounts/" + p.id
	for _, accepted := range []string{"new-of-session-svc", "old-of-session-svc"} {
		testkit.Do(t, "GET", path, "", testkit.Header(peer.SecretHeader, accepted)).Want(t, 200)
	}
	testkit.Do(t, "GET", path, "", testkit.Header(peer.SecretHeader, sessionsvctest.Secret)).Problem(t, 401, "internal_secret_invalid")
}
