package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"streamgate/libs/fault"
	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

func (b *bench) refresh(t *testing.T, id session.ID, generation int32, want session.Outcome) session.Session {
	t.Helper()
	s, outcome, err := b.Sessions.Refresh(t.Context(), b.account, session.Refresh{ID: id, Generation: generation})
	if err != nil || outcome != want {
		t.Fatalf("refresh: %s, %v, want %s", outcome, err, want)
	}
	return s
}

// adopt takes back a session that is recorded with generation 7.
func (b *bench) adopt(t *testing.T, id session.ID, want bool) session.Session {
	t.Helper()
	now := b.clock(t)
	recorded := session.Session{
		ID: id, Device: "adopted", Generation: 7,
		Created: now.Add(-time.Hour), Refreshed: now.Add(-time.Minute), Expires: now.Add(SessionTTL),
	}
	lives, err := b.Sessions.Adopt(t.Context(), b.account, recorded)
	if err != nil || lives != want {
		t.Fatalf("adopt: %v, %v, want %v", lives, err, want)
	}
	return recorded
}

func (b *bench) devices(t *testing.T) []string {
	t.Helper()
	all, err := b.Sessions.List(t.Context(), b.account)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Device)
	}
	return names
}

func testSessions(t *testing.T, b *bench) {
	opening := session.Session{ID: session.NewID(), Device: "Ünïcode TV 5 d 1 2"}
	opened, err := b.Sessions.Open(t.Context(), b.account, opening, session.FirstSignIn)
	if err != nil {
		t.Fatal(err)
	}
	if opened.Device != opening.Device || opened.Generation != 1 ||
		!opened.Expires.Equal(opened.Created.Add(SessionTTL)) || !opened.Refreshed.Equal(opened.Created) {
		t.Fatalf("%+v", opened)
	}
	again, err := b.Sessions.Open(t.Context(), b.account, opening, session.FirstSignIn)
	if diff := cmp.Diff(opened, again); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	got, ok, err := b.Sessions.Get(t.Context(), b.account, opened.ID)
	if diff := cmp.Diff(opened, got); err != nil || !ok || diff != "" {
		t.Fatal(err, ok, diff)
	}
	b.Pass(SessionTTL / 100)
	b.signIn(t, "Phone")
	if diff := cmp.Diff([]string{"Phone", opening.Device}, b.devices(t)); diff != "" {
		t.Fatal(diff)
	}
	b.Pass(SessionTTL / 100)
	refreshed := b.refresh(t, opened.ID, 1, session.Refreshed)
	if refreshed.Generation != 2 || !refreshed.Refreshed.After(opened.Refreshed) || !refreshed.Created.Equal(opened.Created) ||
		!refreshed.Expires.Equal(refreshed.Refreshed.Add(SessionTTL)) || refreshed.Device != opening.Device {
		t.Fatalf("%+v", refreshed)
	}
	if diff := cmp.Diff([]string{opening.Device, "Phone"}, b.devices(t)); diff != "" {
		t.Fatal(diff)
	}
	if err := b.Sessions.End(t.Context(), b.account, session.Only(opened.ID), ""); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := b.Sessions.Get(t.Context(), b.account, opened.ID); ok || err != nil {
		t.Fatal(ok, err)
	}
	b.refresh(t, opened.ID, 2, session.Missing)
}

func testReuse(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	id := b.start(t, request(s), stream.Granted).Lease.ID
	second := b.refresh(t, s, 1, session.Refreshed)
	b.Pass(SessionTTL / 3)
	if diff := cmp.Diff(second, b.refresh(t, s, 1, session.Refreshed)); diff != "" {
		t.Fatalf("a repeated request changes nothing, however late: %s", diff)
	}
	b.refresh(t, s, 2, session.Refreshed)
	b.refresh(t, s, 1, session.Reused)
	b.refresh(t, s, 3, session.Missing)
	b.renew(t, id, s, stream.NoSession)
	// A newer generation than the store knows of is of a refresh that it has lost.
	ahead := b.signIn(t, "Phone")
	if taken := b.refresh(t, ahead, 2, session.Refreshed); taken.Generation != 3 {
		t.Fatalf("%+v", taken)
	}
	b.refresh(t, ahead, 1, session.Reused)
}

func testSessionBound(t *testing.T, b *bench) {
	first := b.signIn(t, "first")
	b.Pass(Rules.Lease / 10)
	for range session.MaxSessions {
		b.signIn(t, "next")
	}
	names := b.devices(t)
	if len(names) != session.MaxSessions || slices.Contains(names, "first") {
		t.Fatal(names)
	}
	b.start(t, request(first), stream.NoSession)
}

func testSessionExpiry(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	b.Pass(SessionTTL / 2)
	other := b.signIn(t, "Phone")
	b.Pass(SessionTTL / 2)
	if names := b.devices(t); len(names) != 1 {
		t.Fatal(names)
	}
	if _, ok, err := b.Sessions.Get(t.Context(), b.account, s); ok || err != nil {
		t.Fatal(ok, err)
	}
	b.refresh(t, s, 1, session.Missing)
	b.refresh(t, other, 1, session.Refreshed)
}

// testSight opens sessions of another issuer's account, which nobody signs in here.
func testSight(t *testing.T, b *bench) {
	// Whoever asks first has the store remember since when it forgot nothing. A lease later, accounts that it doesn't know are new.
	first := &bench{Stores: b.Stores, account: testkit.NewID()}
	first.sight(t, session.NewID(), time.Now(), true)
	b.Pass(Rules.Lease)

	tv, phone := session.NewID(), session.NewID()
	signedIn := b.clock(t).Add(-time.Minute)
	opened := b.sight(t, tv, signedIn, true)
	id := b.start(t, request(tv), stream.Granted).Lease.ID
	if diff := cmp.Diff(opened, b.sight(t, tv, b.clock(t), true)); diff != "" {
		t.Errorf("one that lives stays as it is: %s", diff)
	}
	b.sight(t, phone, signedIn, true)
	if diff := cmp.Diff([]string{"seen", "seen"}, b.devices(t)); diff != "" {
		t.Error(diff)
	}

	// What was ended stays so for whoever signed in before, and ends its streams.
	if err := b.Sessions.End(t.Context(), b.account, session.Only(tv), "Phone"); err != nil {
		t.Fatal(err)
	}
	ended := b.clock(t)
	b.renew(t, id, tv, stream.Ended)
	for _, before := range []time.Time{signedIn, ended, ended.Add(session.SightLeeway - time.Second)} {
		b.sight(t, tv, before, false)
	}
	b.start(t, request(tv), stream.NoSession)
	b.seen(t, tv, session.Sighting{SignedIn: signedIn, Issued: ended.Add(time.Hour)}, false) // a token that was only refreshed
	b.sight(t, tv, ended.Add(time.Hour), true)
	b.start(t, request(tv), stream.Granted)

	// The end of all others is that of those that were not seen yet.
	if err := b.Sessions.End(t.Context(), b.account, session.AllBut(phone), ""); err != nil {
		t.Fatal(err)
	}
	b.sight(t, phone, signedIn, true)
	b.sight(t, session.NewID(), signedIn, false)
	b.sight(t, session.NewID(), ended.Add(time.Hour), true)
}

// testSightsBounded has ended sessions of another issuer's account forgotten early. They stay ended all the same: to a token of before by what the store
// knows, to one that was refreshed since by what is recorded.
func testSightsBounded(t *testing.T, b *bench) {
	signedIn := b.clock(t)
	gone := session.NewID()
	b.sight(t, gone, signedIn, true)
	if err := b.Sessions.End(t.Context(), b.account, session.Only(gone), ""); err != nil {
		t.Fatal(err)
	}
	ends := session.Ends{Each: map[session.ID]time.Time{gone: b.clock(t)}}
	sight := func(id session.ID, seen session.Sighting, want bool) {
		t.Helper()
		_, lives, err := b.Sessions.Sight(t.Context(), b.account, id, seen, func(context.Context, string) (session.Ends, error) { return ends, nil })
		if lives != want || err != nil {
			t.Fatal(lives, err)
		}
	}
	for range 2 * session.MaxKnown {
		later := signedIn.Add(time.Hour)
		sight(session.NewID(), session.Sighting{SignedIn: later, Issued: later}, true)
		sight(gone, session.Sighting{SignedIn: signedIn, Issued: later}, false)
	}
	if living := len(b.devices(t)); living != session.MaxSessions {
		t.Errorf("%d live", living)
	}
	b.sight(t, gone, signedIn, false)
}

// testSightExpiry opens a session again that merely expired.
func testSightExpiry(t *testing.T, b *bench) {
	tv, signedIn := session.NewID(), b.clock(t)
	b.sight(t, tv, signedIn, true)
	b.Pass(SessionTTL)
	if names := b.devices(t); len(names) != 0 {
		t.Error(names)
	}
	b.sight(t, tv, signedIn, true)
	b.start(t, request(tv), stream.Granted)
}

// sight sees a session by a token that was issued when its device signed in.
func (b *bench) sight(t *testing.T, id session.ID, at time.Time, want bool) session.Session {
	t.Helper()
	return b.seen(t, id, session.Sighting{SignedIn: at, Issued: at}, want)
}

func (b *bench) seen(t *testing.T, id session.ID, by session.Sighting, want bool) session.Session {
	t.Helper()
	by.Device = "seen"
	found, lives, err := b.Sessions.Sight(t.Context(), b.account, id, by, nothingRecorded)
	if err != nil || lives != want {
		t.Fatalf("sight: %v, %v, want %v", lives, err, want)
	}
	if _, ok, err := b.Sessions.Get(t.Context(), b.account, id); err != nil || ok != want {
		t.Fatalf("get: %v, %v, want %v", ok, err, want)
	}
	return found
}

// nothingRecorded are the records of an account of which no session was ended.
func nothingRecorded(context.Context, string) (session.Ends, error) { return session.Ends{}, nil }

// testSightRecalls has the store take back ends that it doesn't know, once.
func testSightRecalls(t *testing.T, b *bench) {
	now := b.clock(t)
	hour := func(n int) session.Sighting {
		at := now.Add(time.Duration(n) * time.Hour)
		return session.Sighting{SignedIn: at, Issued: at.Add(time.Minute), Device: "seen"}
	}
	gone, but, other, meanwhile := session.NewID(), session.NewID(), session.NewID(), session.NewID()
	asked := 0
	away := fault.Away("the records", nil)
	sight := func(id session.ID, seen session.Sighting, recorded session.RecordedEnds) bool {
		t.Helper()
		_, lives, err := b.Sessions.Sight(t.Context(), b.account, id, seen, recorded)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, err := b.Sessions.Get(t.Context(), b.account, id); err != nil || ok != lives {
			t.Errorf("get: %v, %v, want %v", ok, err, lives)
		}
		return lives
	}
	silent := func(context.Context, string) (session.Ends, error) { return session.Ends{}, away }
	for range 2 { // nobody says that it lives
		if _, lives, err := b.Sessions.Sight(t.Context(), b.account, gone, hour(-5), silent); lives || !errors.Is(err, away) {
			t.Fatal(lives, err)
		}
	}
	recorded := func(ctx context.Context, account string) (session.Ends, error) {
		asked++
		if account != b.account {
			t.Errorf("asked about %s", account)
		}
		// Somebody signs a device out while the records are read, which don't have it yet.
		if err := b.Sessions.End(ctx, b.account, session.Only(meanwhile), ""); err != nil {
			t.Error(err)
		}
		return session.Ends{
			Each: map[session.ID]time.Time{gone: now.Add(-2 * time.Hour)}, Others: now.Add(-3 * time.Hour), But: but,
		}, nil
	}
	for _, c := range []struct {
		name string
		id   session.ID
		seen session.Sighting
		want bool
	}{
		{"signed out while the records were read", meanwhile, hour(-1), false},
		{"signed out", gone, hour(-4), false},
		{"signed out, its token refreshed", gone, session.Sighting{SignedIn: now.Add(-4 * time.Hour), Issued: now}, false},
		{"signed out with all others", other, hour(-4), false},
		{"signed out with all others, its token refreshed", other, session.Sighting{SignedIn: now.Add(-4 * time.Hour), Issued: now}, false},
		{"not seen before, signed in before that", session.NewID(), hour(-4), false},
		{"not seen before, signed in since", session.NewID(), hour(-1), true},
		{"the one that signed all others out", but, hour(-4), true},
		{"signed in again after all others were signed out", other, hour(-1), true},
		{"signed in again", gone, hour(-1), true},
	} {
		if sight(c.id, c.seen, recorded) != c.want {
			t.Errorf("%s: lives is not %v", c.name, c.want)
		}
	}
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// clock returns the stores' time.
func (b *bench) clock(t *testing.T) time.Time {
	t.Helper()
	answer, err := b.Streams.List(t.Context(), testkit.NewID())
	if err != nil {
		t.Fatal(err)
	}
	return answer.Now
}

func testErasure(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	id := b.start(t, request(s), stream.Granted).Lease.ID
	for range 2 {
		if err := b.Sessions.Erase(t.Context(), b.account); err != nil {
			t.Fatal(err)
		}
	}
	if names := b.devices(t); len(names) > 0 {
		t.Fatal(names)
	}
	b.renew(t, id, s, stream.Unknown)
	b.refresh(t, s, 1, session.Missing)
}
