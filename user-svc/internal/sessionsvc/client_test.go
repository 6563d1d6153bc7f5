package sessionsvc

import (
	"testing"
	"time"

	"streamgate/libs/fault"
	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/account"
	"streamgate/user-svc/internal/sessionsvc/sessionsvctest"
)

// clock is a time that tests set.
type clock struct{ time.Time }

func newClient(t *testing.T) (*Client, *sessionsvctest.StandIn, *clock) {
	t.Helper()
	standIn, now := sessionsvctest.New(t), &clock{time.Now()}
	client := NewClient(standIn.URL, []string{sessionsvctest.Secret})
	client.now = func() time.Time { return now.Time }
	return client, standIn, now
}

func open(t *testing.T, client *Client, accountID, device string) account.Session {
	t.Helper()
	session, err := client.Open(t.Context(), accountID, device)
	if err != nil {
		t.Fatal(err)
	}
	return session
}

func TestSessions(t *testing.T) {
	t.Parallel()
	client, standIn, _ := newClient(t)
	accountID := testkit.NewID()
	first := open(t, client, accountID, "Living room")
	alive := standIn.Alive(accountID)
	if len(alive) != 1 || alive[0].ID != first.ID || alive[0].Device != "Living room" || first.Account != accountID {
		t.Fatalf("opened %+v, have %+v", first, alive)
	}
	next, err := client.Refresh(t.Context(), first.RefreshToken)
	if err != nil || next.ID != first.ID || next.Account != accountID || next.RefreshToken == first.RefreshToken {
		t.Errorf("refreshed %+v, %v", next, err)
	}
	if _, err := client.Refresh(t.Context(), "unknown"); fault.KindOf(err) != fault.Unauthenticated {
		t.Errorf("error %v of an unknown token", err)
	}
	second := open(t, client, accountID, "Phone")
	if err := client.EndOthers(t.Context(), accountID, second.ID); err != nil {
		t.Fatal(err)
	}
	if alive := standIn.Alive(accountID); len(alive) != 1 || alive[0].ID != second.ID {
		t.Errorf("kept %+v, want the second", alive)
	}
	if err := client.EndAll(t.Context(), accountID); err != nil || len(standIn.Alive(accountID)) != 0 {
		t.Errorf("kept %+v, %v", standIn.Alive(accountID), err)
	}
}

// Every answer is used for four seconds; a session that this client ends itself is ended at once.
func TestAlive(t *testing.T) {
	t.Parallel()
	client, standIn, now := newClient(t)
	accountID := testkit.NewID()
	s := open(t, client, accountID, "Phone")
	want := func(id string, alive bool) {
		t.Helper()
		if got, err := client.Alive(t.Context(), accountID, id); err != nil || got != alive {
			t.Fatalf("alive %t, %v, want %t", got, err, alive)
		}
	}
	want(s.ID, true)
	standIn.End(s.ID)
	now.Time = now.Add(rememberFor - time.Millisecond)
	want(s.ID, true)
	standIn.Away(true)
	want(s.ID, true)
	now.Time = now.Add(time.Millisecond)
	if _, err := client.Alive(t.Context(), accountID, s.ID); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("error %v while session-svc is away", err)
	}
	standIn.Away(false)
	want(s.ID, false)
	standIn.Away(true)
	want(s.ID, false)
	standIn.Away(false)

	for _, end := range []func(id string) error{
		func(id string) error { return client.End(t.Context(), accountID, id) },
		func(string) error { return client.EndAll(t.Context(), accountID) },
		func(string) error { return client.EndOthers(t.Context(), accountID, s.ID) },
	} {
		s := open(t, client, accountID, "Phone")
		want(s.ID, true)
		if err := end(s.ID); err != nil {
			t.Fatal(err)
		}
		want(s.ID, false)
	}
}

func TestWrongSecret(t *testing.T) {
	t.Parallel()
	_, standIn, _ := newClient(t)
	client := NewClient(standIn.URL, []string{"another secret, long enough"})
	accountID := testkit.NewID()
	if _, err := client.Open(t.Context(), accountID, "Phone"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("error %v, want ours", err)
	}
	if _, err := client.Alive(t.Context(), accountID, "AAAAAAAAAAA"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("error %v, want ours", err)
	}
}
