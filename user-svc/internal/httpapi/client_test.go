package httpapi_test

import (
	"errors"
	"testing"

	"streamgate/libs/client"
)

// The client of libs/client against the real thing. What it does with streams is tested in session-svc.
func TestTheClientStaysSignedIn(t *testing.T) {
	t.Parallel()
	s := boot(t, "TOKEN_TTL=5m")
	p := s.signUp("client@example.com")
	var kept []string
	options := client.Options{BaseURL: s.url + "/", Keep: func(refreshToken string) { kept = append(kept, refreshToken) }}
	tv := client.New(options)
	if err := tv.SignIn(t.Context(), p.email, "wrong"); err == nil || len(kept) > 0 {
		t.Errorf("%v, %v", err, kept)
	} else if problem, ok := errors.AsType[*client.Problem](err); !ok || problem.Status != 401 || problem.Code == "" {
		t.Errorf("%+v", err)
	}
	if err := tv.SignIn(t.Context(), p.email, p.password); err != nil || len(kept) != 1 {
		t.Fatal(err, kept)
	}
	before := len(s.sessions.Alive(p.id))

	// Another process goes on with what the first one kept.
	options.RefreshToken = kept[0]
	again := client.New(options)
	if err := again.SignOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(kept) != 3 || kept[1] == "" || kept[1] == kept[0] || kept[2] != "" {
		t.Errorf("kept %q", kept)
	}
	if after := len(s.sessions.Alive(p.id)); after != before-1 {
		t.Errorf("%d of %d sessions are alive", after, before)
	}
	if err := again.SignOut(t.Context()); err == nil {
		t.Error("nobody is signed in")
	}
}
