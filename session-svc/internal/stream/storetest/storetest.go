package storetest

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// Stores is what a suite runs on.
type Stores struct {
	Streams  stream.Store
	Sessions session.Store
	// Pass lets time pass on the stores' clock.
	Pass func(d time.Duration)
}

// Rules are the rules that the stores must be made with: short, since a store on a real clock makes the suite wait.
var Rules = stream.Rules{
	Lease: 900 * time.Millisecond, Remember: 2400 * time.Millisecond, Resume: 3 * time.Second, Cooldown: 400 * time.Millisecond, Ahead: 3 * time.Second,
	Budget: stream.Budget{Factor: 1250, Burst: 2 * time.Second}, Starts: stream.Starts{Every: 100 * time.Millisecond, Burst: 20},
}

// SessionTTL is the sessions' time to live that the stores must be made with.
const SessionTTL = 6 * time.Second

const limit = 3

// Run runs the suite.
func Run(t *testing.T, open func(t *testing.T) Stores) {
	t.Helper()
	opened := func(t *testing.T) *bench { return &bench{Stores: open(t), account: testkit.NewID()} }
	testkit.Suite(t, opened, map[string]func(*testing.T, *bench){
		"a start is granted up to the limit":                         testLimit,
		"a lapsed lease frees its slot":                              testLapse,
		"a stopped stream frees its slot and stays ended":            testStop,
		"another session's stop terminates":                          testTerminate,
		"a start repeated by id is the same lease":                   testRepeat,
		"a start repeated by name is the same lease":                 testNamed,
		"a renewal prolongs and resumes":                             testRenew,
		"many renewals at once are each for itself":                  testRenewAll,
		"a renewal needs its own session":                            testForeign,
		"the same player replaces itself":                            testPlayer,
		"replace swaps in one step":                                  testReplace,
		"a refused replace changes nothing":                          testRefusedReplace,
		"a plan that evicts ends the oldest":                         testEvict,
		"the end of a session ends its streams":                      testSessionEnd,
		"an ended stream is forgotten after a while":                 testForget,
		"what is remembered is bounded":                              testBounded,
		"a lowered limit refuses and kills none":                     testLowered,
		"a limit that was set counts for what was granted before":    testSetLimit,
		"what was sent holds the slot until it has been played":      testCovered,
		"a stream that sends heartbeats lives by them":               testHeartbeats,
		"a pause holds the slot for as long as it may":               testPause,
		"what was sent holds a slot for a bounded time":              testAheadBound,
		"an account is sent what its slots can play":                 testBudget,
		"stop and start change nothing of the budget":                testCarousel,
		"what an ended stream was not sent goes back":                testGivenBack,
		"a sign of life that is told late prolongs nothing":          testIdle,
		"starts are bounded":                                         testStarts,
		"parallel starts are granted exactly to the limit":           testParallel,
		"accounts don't touch each other":                            testAccounts,
		"sessions are opened, listed, refreshed and ended":           testSessions,
		"a refresh token used twice ends its session":                testReuse,
		"after a loss of memory starts are held and leases put back": testLoss,
		"sessions are bounded":                                       testSessionBound,
		"a session expires":                                          testSessionExpiry,
		"sessions of other issuers are opened when they are seen":    testSight,
		"ended sessions of other issuers are bounded":                testSightsBounded,
		"an expired session of another issuer opens again":           testSightExpiry,
		"recorded ends of other issuers' sessions are taken back":    testSightRecalls,
		"an account is erased":                                       testErasure,
		"an expired or unknown session can't start a stream":         testNoSession,
	})
}

// bench is an account under test.
type bench struct {
	Stores

	account string
}

func (b *bench) signIn(t *testing.T, device string) session.ID {
	t.Helper()
	opened, err := b.Sessions.Open(t.Context(), b.account, session.Session{ID: session.NewID(), Device: device}, session.FirstSignIn)
	if err != nil {
		t.Fatal(err)
	}
	return opened.ID
}

func request(s session.ID) stream.Start {
	return stream.Start{ID: stream.NewID(), Session: s, Content: testkit.NewID(), Device: "TV", Limit: limit}
}

func (b *bench) start(t *testing.T, s stream.Start, want stream.Outcome) stream.Result {
	t.Helper()
	r, err := b.Streams.Start(t.Context(), b.account, s)
	return b.check(t, "start", r, err, want)
}

// fill starts as many streams as the limit allows.
func (b *bench) fill(t *testing.T, s session.ID) (ids []stream.ID) {
	t.Helper()
	for range limit {
		ids = append(ids, b.start(t, request(s), stream.Granted).Lease.ID)
	}
	return ids
}

func (b *bench) renew(t *testing.T, id stream.ID, s session.ID, want stream.Outcome) stream.Result {
	t.Helper()
	r, err := b.Streams.Renew(t.Context(), b.account, stream.Renewal{ID: id, Session: s, Limit: limit})
	return b.check(t, "renew", r, err, want)
}

func (b *bench) stop(t *testing.T, id stream.ID, s session.ID, want stream.Outcome) {
	t.Helper()
	r, err := b.Streams.Stop(t.Context(), b.account, stream.Stop{ID: id, Session: s, By: "Phone"})
	b.check(t, "stop", r, err, want)
}

func (b *bench) check(t *testing.T, verb string, r stream.Result, err error, want stream.Outcome) stream.Result {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", verb, err)
	}
	if r.Outcome != want {
		t.Fatalf("%s: %s, want %s (live %v)", verb, r.Outcome, want, r.Live)
	}
	if r.Now.IsZero() || r.Now.Location() != time.UTC {
		t.Fatalf("%s: now is %v", verb, r.Now)
	}
	return r
}

func (b *bench) live(t *testing.T) []stream.Lease {
	t.Helper()
	r, err := b.Streams.List(t.Context(), b.account)
	return b.check(t, "list", r, err, stream.Done).Live
}

func (b *bench) wantLive(t *testing.T, ids ...stream.ID) {
	t.Helper()
	var got []stream.ID
	for _, l := range b.live(t) {
		got = append(got, l.ID)
	}
	if diff := cmp.Diff(ids, got); diff != "" {
		t.Fatalf("live leases (-want +got):\n%s", diff)
	}
}

func testLimit(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	var ids []stream.ID
	for range limit {
		want := request(s)
		r := b.start(t, want, stream.Granted)
		if r.Lease.Content != want.Content || r.Lease.Device != "TV" || r.Lease.Session != s || !r.Lease.Started.Equal(r.Now) ||
			!r.Lease.Expires.Equal(r.Now.Add(Rules.Lease)) {
			t.Fatalf("lease %+v of start %+v at %v", r.Lease, want, r.Now)
		}
		ids = append(ids, want.ID)
	}
	r := b.start(t, request(s), stream.LimitReached)
	if len(r.Live) != limit || (r.Lease != stream.Lease{}) {
		t.Fatalf("a refusal shows what it rests on: %+v", r)
	}
	b.wantLive(t, ids...)
}

func testLapse(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	for range limit {
		b.start(t, request(s), stream.Granted)
	}
	b.Pass(Rules.Lease)
	b.wantLive(t)
	for range limit {
		b.start(t, request(s), stream.Granted)
	}
	b.start(t, request(s), stream.LimitReached)
}

func testStop(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	var last stream.ID
	for range limit {
		last = b.start(t, request(s), stream.Granted).Lease.ID
	}
	b.stop(t, last, s, stream.Done)
	next := b.start(t, request(s), stream.Granted)
	b.stop(t, next.Lease.ID, s, stream.Done)
	for range 2 {
		r := b.renew(t, last, s, stream.Ended)
		if diff := cmp.Diff(stream.End{Reason: stream.Stopped, By: "Phone"}, r.End); diff != "" {
			t.Fatal(diff)
		}
		b.stop(t, last, s, stream.Ended)
	}
	b.stop(t, stream.NewID(), s, stream.Unknown)
}

func testTerminate(t *testing.T, b *bench) {
	tv, phone := b.signIn(t, "TV"), b.signIn(t, "Phone")
	id := b.start(t, request(tv), stream.Granted).Lease.ID
	b.stop(t, id, phone, stream.Done)
	if r := b.renew(t, id, tv, stream.Ended); r.End.Reason != stream.Terminated {
		t.Fatal(r.End)
	}
}

func testRepeat(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	first := request(s)
	granted := b.start(t, first, stream.Granted)
	again := b.start(t, first, stream.Repeated)
	if diff := cmp.Diff(granted.Lease, again.Lease); diff != "" {
		t.Fatal(diff)
	}
	other := first
	other.Content = testkit.NewID()
	b.start(t, other, stream.Conflict)
	other = first
	other.Session = b.signIn(t, "Phone")
	b.start(t, other, stream.Conflict)
	b.wantLive(t, first.ID)
	b.Pass(Rules.Lease)
	b.start(t, first, stream.Granted)
	b.wantLive(t, first.ID)
	b.stop(t, first.ID, s, stream.Done)
	b.start(t, first, stream.Ended)
}

func testNamed(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	first := request(s)
	first.Named = true
	again := func() stream.Start {
		repeated := first
		repeated.ID = stream.NewID()
		copy(repeated.ID[:], first.Name())
		return repeated
	}
	granted := b.start(t, first, stream.Granted)
	for range 2 {
		if diff := cmp.Diff(granted.Lease, b.start(t, again(), stream.Repeated).Lease); diff != "" {
			t.Fatal(diff)
		}
	}
	unnamed := again()
	unnamed.Named = false
	b.start(t, unnamed, stream.Granted)
	b.stop(t, unnamed.ID, s, stream.Done)
	other := again()
	other.Content = testkit.NewID()
	b.start(t, other, stream.Conflict)
	b.Pass(Rules.Lease)
	if r := b.start(t, again(), stream.Granted); r.Lease.ID != first.ID {
		t.Fatal("a lapsed stream became another", r.Lease)
	}
	b.stop(t, first.ID, s, stream.Done)
	if r := b.start(t, again(), stream.Ended); r.End.Reason != stream.Stopped {
		t.Fatal(r.End)
	}
	b.Pass(Rules.Remember)
	if r := b.start(t, again(), stream.Granted); r.Lease.ID == first.ID {
		t.Fatal("a stream that has ended was started again")
	}
}

// Many renewals at once are each answered as if it were the only one.
func testRenewAll(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	one, other := b.start(t, request(s), stream.Granted).Lease, b.start(t, request(s), stream.Granted).Lease
	ended := b.start(t, request(s), stream.Granted).Lease
	b.stop(t, ended.ID, s, stream.Done)
	ask := func(id stream.ID, holder session.ID) stream.AccountRenewal {
		return stream.AccountRenewal{Account: b.account, Renewal: stream.Renewal{ID: id, Session: holder, Limit: limit}}
	}
	all := []stream.AccountRenewal{ask(one.ID, s), ask(ended.ID, s), ask(stream.NewID(), s), ask(other.ID, session.NewID()), ask(other.ID, s)}
	answers := b.Streams.RenewAll(t.Context(), all)
	for i, want := range []stream.Outcome{stream.Renewed, stream.Ended, stream.Unknown, stream.Unknown, stream.Renewed} {
		if answers[i].Err != nil || answers[i].Result.Outcome != want {
			t.Errorf("renewal %d: %+v, want %s", i, answers[i], want)
		}
	}
	if got := answers[4].Result.Lease; got.ID != other.ID || !got.Expires.Equal(answers[4].Result.Now.Add(Rules.Lease)) {
		t.Error(got)
	}
	if answers[1].Result.End.Reason != stream.Stopped {
		t.Error(answers[1].Result.End)
	}
	if len(b.Streams.RenewAll(t.Context(), nil)) != 0 {
		t.Error("nothing was asked, and answered")
	}
}

func testRenew(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	mine := request(s)
	b.start(t, mine, stream.Granted)
	b.Pass(2 * Rules.Lease / 3)
	r := b.renew(t, mine.ID, s, stream.Renewed)
	if !r.Lease.Expires.Equal(r.Now.Add(Rules.Lease)) {
		t.Fatalf("expires %v at %v", r.Lease.Expires, r.Now)
	}
	b.Pass(2 * Rules.Lease / 3)
	b.wantLive(t, mine.ID)
	b.Pass(Rules.Lease)
	b.wantLive(t)
	if r := b.renew(t, mine.ID, s, stream.Resumed); r.Lease.ID != mine.ID || !r.Lease.Expires.Equal(r.Now.Add(Rules.Lease)) || r.Active != 1 {
		t.Fatalf("%+v", r)
	}
	b.Pass(Rules.Lease)
	for range limit {
		b.start(t, request(s), stream.Granted)
	}
	if r := b.renew(t, mine.ID, s, stream.LimitReached); len(r.Live) != limit {
		t.Fatalf("%+v", r)
	}
}

func testForeign(t *testing.T, b *bench) {
	tv, phone := b.signIn(t, "TV"), b.signIn(t, "Phone")
	id := b.start(t, request(tv), stream.Granted).Lease.ID
	b.renew(t, id, phone, stream.Unknown)
	b.renew(t, stream.NewID(), tv, stream.Unknown)
}

func testPlayer(t *testing.T, b *bench) {
	tv, phone := b.signIn(t, "TV"), b.signIn(t, "Phone")
	mine := request(tv)
	mine.Player = stream.Player{1}
	first := b.start(t, mine, stream.Granted).Lease.ID
	other := request(phone)
	other.Player = stream.Player{1}
	second := b.start(t, other, stream.Granted).Lease.ID
	third := b.start(t, request(tv), stream.Granted).Lease.ID
	mine.ID = stream.NewID()
	b.start(t, mine, stream.Granted) // at the limit: it takes its own place
	b.wantLive(t, second, third, mine.ID)
	if r := b.renew(t, first, tv, stream.Ended); r.End.Reason != stream.Replaced {
		t.Fatal(r.End)
	}
}

func testReplace(t *testing.T, b *bench) {
	tv, phone := b.signIn(t, "TV"), b.signIn(t, "Phone")
	var ids []stream.ID
	for range limit {
		ids = append(ids, b.start(t, request(tv), stream.Granted).Lease.ID)
	}
	swap := request(phone)
	swap.Replace, swap.Device = &ids[1], "Tablet"
	b.start(t, swap, stream.Granted)
	b.start(t, swap, stream.Repeated)
	b.wantLive(t, ids[0], ids[2], swap.ID)
	if r := b.renew(t, ids[1], tv, stream.Ended); r.End != (stream.End{Reason: stream.Replaced, By: "Tablet"}) {
		t.Fatal(r.End)
	}
	unknown, nobodys := request(phone), stream.NewID()
	unknown.Replace = &nobodys
	b.start(t, unknown, stream.Unknown)
}

func testRefusedReplace(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	ids := b.fill(t, s)
	lowered := request(s)
	lowered.Limit, lowered.Replace = limit-1, &ids[0]
	b.start(t, lowered, stream.LimitReached)
	b.wantLive(t, ids...)
}

func testEvict(t *testing.T, b *bench) {
	tv := b.signIn(t, "TV")
	evicting := func() stream.Start {
		s := request(tv)
		s.Evicts, s.Device = true, "Console"
		return s
	}
	var ids []stream.ID
	for range limit {
		ids = append(ids, b.start(t, request(tv), stream.Granted).Lease.ID)
	}
	b.start(t, evicting(), stream.LimitReached) // within the cooldown
	b.Pass(Rules.Cooldown)
	b.start(t, request(tv), stream.LimitReached) // a plan that does not evict
	next := evicting()
	b.start(t, next, stream.Granted)
	b.wantLive(t, ids[1], ids[2], next.ID)
	if r := b.renew(t, ids[0], tv, stream.Ended); r.End != (stream.End{Reason: stream.Evicted, By: "Console"}) {
		t.Fatal(r.End)
	}
}

func testSessionEnd(t *testing.T, b *bench) {
	tv, phone := b.signIn(t, "TV"), b.signIn(t, "Phone")
	first, second := b.start(t, request(tv), stream.Granted).Lease.ID, b.start(t, request(phone), stream.Granted).Lease.ID
	for range 2 {
		if err := b.Sessions.End(t.Context(), b.account, session.Only(tv), "Phone"); err != nil {
			t.Fatal(err)
		}
	}
	b.wantLive(t, second)
	if r := b.renew(t, first, tv, stream.Ended); r.End != (stream.End{Reason: stream.SessionEnded, By: "Phone"}) {
		t.Fatal(r.End)
	}
	b.start(t, request(tv), stream.NoSession)
	laptop := b.signIn(t, "Laptop")
	third := b.start(t, request(laptop), stream.Granted).Lease.ID
	if err := b.Sessions.End(t.Context(), b.account, session.AllBut(laptop), "Laptop"); err != nil {
		t.Fatal(err)
	}
	b.wantLive(t, third)
	if err := b.Sessions.End(t.Context(), b.account, session.All(), "Laptop"); err != nil {
		t.Fatal(err)
	}
	b.wantLive(t)
	b.start(t, request(laptop), stream.NoSession)
}

func testForget(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	ended, lapsed := b.start(t, request(s), stream.Granted).Lease.ID, b.start(t, request(s), stream.Granted).Lease.ID
	b.stop(t, ended, s, stream.Done)
	b.Pass(Rules.Remember)
	b.renew(t, ended, s, stream.Unknown)
	b.stop(t, ended, s, stream.Unknown)
	b.renew(t, lapsed, s, stream.Resumed) // remembered from its lapse on
	b.Pass(Rules.Lease + Rules.Resume)
	b.renew(t, lapsed, s, stream.Unknown)
	b.stop(t, lapsed, s, stream.Unknown)
}

func testBounded(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	var ids []stream.ID
	for range stream.MaxRemembered + 2 {
		id := b.start(t, request(s), stream.Granted).Lease.ID
		b.stop(t, id, s, stream.Done)
		ids = append(ids, id)
	}
	b.start(t, request(s), stream.Granted)
	b.renew(t, ids[0], s, stream.Unknown)
	b.renew(t, ids[1], s, stream.Unknown)
	b.renew(t, ids[2], s, stream.Ended)
}

func testLowered(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	ids := b.fill(t, s)
	lowered := request(s)
	lowered.Limit = 1
	b.start(t, lowered, stream.LimitReached)
	for _, id := range ids {
		r, err := b.Streams.Renew(t.Context(), b.account, stream.Renewal{ID: id, Session: s, Limit: 1})
		b.check(t, "renew", r, err, stream.Renewed)
	}
}

func testParallel(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	for range 5 {
		outcomes := make([]stream.Outcome, 40)
		var group sync.WaitGroup
		for i := range outcomes {
			group.Go(func() {
				r, err := b.Streams.Start(context.WithoutCancel(t.Context()), b.account, request(s))
				if err != nil {
					t.Error(err)
				}
				outcomes[i] = r.Outcome
			})
		}
		group.Wait()
		granted := 0
		for _, o := range outcomes {
			if o == stream.Granted {
				granted++
			}
		}
		if granted != limit {
			t.Fatalf("%d granted, want %d", granted, limit)
		}
		for _, l := range b.live(t) {
			b.stop(t, l.ID, s, stream.Done)
		}
	}
}

func testAccounts(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	id := b.start(t, request(s), stream.Granted).Lease.ID
	other := &bench{Stores: b.Stores, account: testkit.NewID()}
	theirs := other.signIn(t, "TV")
	other.wantLive(t)
	other.renew(t, id, s, stream.Unknown)
	other.stop(t, id, s, stream.Unknown)
	other.start(t, request(s), stream.NoSession)
	other.start(t, request(theirs), stream.Granted)
	b.wantLive(t, id)
}

// testLoss begins with an account that the store never heard of, as it is after it lost its memory.
func testLoss(t *testing.T, b *bench) {
	tv, phone := session.NewID(), session.NewID()
	started := time.Now().UTC().Add(-time.Minute).Truncate(time.Millisecond)
	lost := stream.Renewal{ID: stream.NewID(), Session: tv, Limit: 1, Ticket: &stream.Ticket{
		Content: testkit.NewID(), Player: stream.Player{1, 2, 3, 4}, Started: started,
	}}
	renew := func(r stream.Renewal, want stream.Outcome) {
		result, err := b.Streams.Renew(t.Context(), b.account, r)
		b.check(t, "renew", result, err, want)
	}
	renew(lost, stream.NoSession)
	recorded := b.adopt(t, tv, true)
	if got, ok, err := b.Sessions.Get(t.Context(), b.account, tv); err != nil || !ok || got != recorded {
		t.Fatalf("%+v, %v, want %+v", got, err, recorded)
	}
	b.start(t, request(tv), stream.Held)
	renew(lost, stream.Resumed)
	want := stream.Lease{ID: lost.ID, Session: tv, Content: lost.Ticket.Content, Player: lost.Ticket.Player, Device: "adopted", Started: started}
	back := b.live(t)
	if len(back) != 1 || back[0].Expires.IsZero() {
		t.Fatalf("%+v", back)
	}
	if want.Expires = back[0].Expires; back[0] != want {
		t.Fatalf("%+v, want %+v", back[0], want)
	}
	renew(lost, stream.Renewed)
	b.wantLive(t, lost.ID)
	second := lost
	second.ID = stream.NewID()
	renew(second, stream.LimitReached) // put back, but never above the limit
	second.Limit = limit
	renew(second, stream.Resumed)
	b.stop(t, second.ID, tv, stream.Done)
	renew(second, stream.Ended)
	without := lost
	without.ID, without.Ticket = stream.NewID(), nil
	renew(without, stream.Unknown)

	// A device that was signed out meanwhile is not taken back; one that lives stays as it is.
	if err := b.Sessions.End(t.Context(), b.account, session.Only(phone), ""); err != nil {
		t.Fatal(err)
	}
	b.adopt(t, phone, false)
	b.refresh(t, tv, 7, session.Refreshed)
	b.adopt(t, tv, true)
	b.refresh(t, tv, 8, session.Refreshed)

	renew(lost, stream.Renewed)
	b.Pass(Rules.Lease)
	b.start(t, request(tv), stream.Granted)
	third := second
	third.ID = stream.NewID()
	renew(third, stream.Unknown) // what was not put back in time was not playing
	other := b.signIn(t, "laptop")
	if err := b.Sessions.End(t.Context(), b.account, session.AllBut(tv), ""); err != nil {
		t.Fatal(err)
	}
	b.adopt(t, other, false)
	b.adopt(t, tv, true)

	// Somebody who signs in is known to have signed in before.
	returning := &bench{Stores: b.Stores, account: testkit.NewID()}
	opened, err := b.Sessions.Open(t.Context(), returning.account, session.Session{ID: session.NewID(), Device: "TV"}, session.LaterSignIn)
	if err != nil {
		t.Fatal(err)
	}
	returning.start(t, request(opened.ID), stream.Held)
	b.Pass(Rules.Lease)
	returning.start(t, request(opened.ID), stream.Granted)
}

func testNoSession(t *testing.T, b *bench) {
	b.start(t, request(session.NewID()), stream.NoSession)
	s := b.signIn(t, "TV")
	id := b.start(t, request(s), stream.Granted).Lease.ID
	for passed := time.Duration(0); passed < SessionTTL-Rules.Lease; passed += Rules.Lease / 2 {
		b.Pass(Rules.Lease / 2)
		b.renew(t, id, s, stream.Renewed)
	}
	b.Pass(Rules.Lease)
	b.renew(t, id, s, stream.NoSession)
	b.start(t, request(s), stream.NoSession)
}
