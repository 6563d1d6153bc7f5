package storetest

import (
	"testing"
	"time"

	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// fetch renews a stream as its sender does.
func (b *bench) fetch(t *testing.T, id stream.ID, s session.ID, sent, want time.Duration) stream.Result {
	t.Helper()
	r, err := b.Streams.Renew(t.Context(), b.account, stream.Renewal{ID: id, Session: s, Limit: limit, Sent: sent, Want: want})
	return b.check(t, "renew", r, err, stream.Renewed)
}

func (b *bench) heartbeat(t *testing.T, id stream.ID, s session.ID) stream.Result {
	t.Helper()
	r, err := b.Streams.Renew(t.Context(), b.account, stream.Renewal{ID: id, Session: s, Limit: limit, Heartbeat: true})
	return b.check(t, "heartbeat", r, err, stream.Renewed)
}

func testCovered(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	id := b.start(t, request(s), stream.Granted).Lease.ID
	covered := 3 * Rules.Lease
	r := b.fetch(t, id, s, covered, 0)
	if r.Ahead != covered || !r.Lease.Expires.Equal(r.Now.Add(covered)) {
		t.Fatalf("%+v", r)
	}
	if live := b.live(t); len(live) != 1 || !live[0].Expires.Equal(r.Lease.Expires) {
		t.Fatalf("%+v", live)
	}
	for range limit - 1 {
		b.start(t, request(s), stream.Granted)
	}
	b.Pass(Rules.Lease)
	b.wantLive(t, id) // the others sent nothing
	// What is sent later is played after what was sent before.
	r = b.fetch(t, id, s, Rules.Lease/2, 0)
	if want := covered - Rules.Lease + Rules.Lease/2; r.Ahead > want || r.Ahead < want-Rules.Lease/2 {
		t.Fatalf("%v ahead, want %v less what time has passed", r.Ahead, want)
	}
	b.Pass(r.Ahead)
	b.wantLive(t)
}

func testHeartbeats(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	id := b.start(t, request(s), stream.Granted).Lease.ID
	b.fetch(t, id, s, 3*Rules.Lease, 0)
	r := b.heartbeat(t, id, s)
	if r.Ahead != 0 || !r.Lease.Expires.Equal(r.Now.Add(Rules.Lease)) || r.Gained >= 0 {
		t.Fatalf("%+v", r)
	}
	r = b.fetch(t, id, s, 3*Rules.Lease, 0)
	if !r.Lease.Expires.Equal(r.Now.Add(Rules.Lease)) {
		t.Fatalf("%+v", r)
	}
	b.Pass(Rules.Lease)
	b.wantLive(t)
}

func testAheadBound(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	id := b.start(t, request(s), stream.Granted).Lease.ID
	if r := b.fetch(t, id, s, 10*Rules.Ahead, 0); r.Ahead != Rules.Ahead {
		t.Fatalf("%+v", r)
	}
	b.Pass(Rules.Ahead)
	b.wantLive(t)
	b.renew(t, id, s, stream.Resumed)
}

// rounding is what a renewal may lose or gain to whole milliseconds.
const rounding = 10 * time.Millisecond

func testBudget(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	first, second := b.start(t, request(s), stream.Granted).Lease.ID, b.start(t, request(s), stream.Granted).Lease.ID
	burst := limit * Rules.Budget.Burst
	if r := b.fetch(t, first, s, 0, burst-time.Second); r.Credit != burst-time.Second || r.Wait != 0 {
		t.Fatalf("%+v", r)
	}
	r := b.fetch(t, second, s, 0, 4*time.Second) // of another stream: it is the account's
	if r.Credit < time.Second-rounding || r.Credit > 3*time.Second || r.Wait <= 0 {
		t.Fatalf("%+v", r)
	}
	if r := b.fetch(t, first, s, 0, 4*time.Second); r.Credit > 2*time.Second {
		t.Fatalf("%+v", r)
	}
	// In the long run, three slots get 3.75 s of film a second.
	before := r.Now
	b.Pass(Rules.Lease / 2)
	r = b.fetch(t, first, s, 0, time.Hour)
	r2 := b.fetch(t, second, s, 0, time.Second)
	passed := r2.Now.Sub(before)
	most := passed.Milliseconds()*int64(limit*Rules.Budget.Factor)/1000 + rounding.Milliseconds()
	if sent := r.Credit + r2.Credit; sent < limit*Rules.Lease/2 || sent.Milliseconds() > most {
		t.Fatalf("%v and %v in %v", r.Credit, r2.Credit, passed)
	}
	// Nothing is taken of what is not there.
	if r := b.fetch(t, first, s, 0, time.Hour); r.Credit > 500*time.Millisecond || r.Wait < time.Hour/5 {
		t.Fatalf("%+v", r)
	}
}

func testCarousel(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	burst := limit * Rules.Budget.Burst
	var sent time.Duration
	var began, now time.Time
	for range 10 {
		granted := b.start(t, request(s), stream.Granted)
		if began.IsZero() {
			began = granted.Now
		}
		r := b.fetch(t, granted.Lease.ID, s, 0, 2*time.Second)
		sent += r.Credit
		now = r.Now
		b.stop(t, granted.Lease.ID, s, stream.Done)
	}
	if most := burst + now.Sub(began)*time.Duration(limit*Rules.Budget.Factor)/1000 + rounding; sent > most || sent < burst-10*rounding {
		t.Fatalf("%v of film in %v, at most %v", sent, now.Sub(began), most)
	}
}

// What an ended stream might have been sent and wasn't, others of the account may be sent; of one that lives, nothing goes back.
func testGivenBack(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	first, second := b.start(t, request(s), stream.Granted).Lease.ID, b.start(t, request(s), stream.Granted).Lease.ID
	burst := limit * Rules.Budget.Burst
	b.fetch(t, first, s, 0, burst-time.Second)
	giveBack := func(want stream.Outcome) stream.Result {
		r, err := b.Streams.Renew(t.Context(), b.account, stream.Renewal{ID: first, Session: s, Limit: limit, Want: -burst / 2})
		return b.check(t, "give back", r, err, want)
	}
	if r := giveBack(stream.Renewed); r.Credit != 0 || r.Wait != 0 {
		t.Fatalf("%+v", r)
	}
	if r := b.fetch(t, second, s, 0, burst); r.Credit > burst/2 {
		t.Fatalf("%+v", r)
	}
	b.stop(t, first, s, stream.Done)
	giveBack(stream.Ended)
	if r := b.fetch(t, second, s, 0, burst); r.Credit < burst/2-rounding || r.Credit > burst/2+500*time.Millisecond {
		t.Fatalf("%+v", r)
	}
	// Whatever goes back, no more than the burst can be sent at once.
	for range 3 {
		giveBack(stream.Ended)
	}
	if r := b.fetch(t, second, s, 0, 10*burst); r.Credit > burst {
		t.Fatalf("%+v", r)
	}
}

func testStarts(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	start := func() (stream.Result, error) { return b.Streams.Start(t.Context(), b.account, request(s)) }
	granted := 0
	var began time.Time
	for {
		r, err := start()
		if err != nil {
			t.Fatal(err)
		}
		if began.IsZero() {
			began = r.Now
		}
		if r.Outcome == stream.TooManyStarts {
			if r.Wait <= 0 || r.Wait > Rules.Starts.Every {
				t.Fatalf("%+v", r)
			}
			b.Pass(r.Wait)
			break
		}
		granted++
		if most := Rules.Starts.Burst + 1 + int(r.Now.Sub(began)/Rules.Starts.Every); r.Outcome != stream.Granted || granted > most {
			t.Fatalf("%s, %d granted, at most %d", r.Outcome, granted, most)
		}
		b.stop(t, r.Lease.ID, s, stream.Done)
	}
	if granted < Rules.Starts.Burst {
		t.Fatalf("%d granted", granted)
	}
	b.start(t, request(s), stream.Granted)
	// A refusal at the limit costs nothing.
	b.Pass(time.Duration(limit) * Rules.Starts.Every)
	for len(b.live(t)) < limit {
		b.Pass(Rules.Starts.Every)
		b.start(t, request(s), stream.Granted)
	}
	for range 2 * Rules.Starts.Burst {
		b.start(t, request(s), stream.LimitReached)
	}
}

func testSetLimit(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	var ids []stream.ID
	for range limit {
		ids = append(ids, b.start(t, request(s), stream.Granted).Lease.ID)
	}
	if err := b.Streams.SetLimit(t.Context(), b.account, 1); err != nil {
		t.Fatal(err)
	}
	if err := b.Streams.RecallLimit(t.Context(), b.account, limit); err != nil { // of before, and not forgotten
		t.Fatal(err)
	}
	for _, id := range ids {
		if r := b.renew(t, id, s, stream.Renewed); r.Limit != 1 { // what plays goes on
			t.Fatalf("%+v", r)
		}
	}
	b.start(t, request(s), stream.LimitReached)
	b.Pass(Rules.Lease)
	b.renew(t, ids[0], s, stream.Resumed)
	if r := b.renew(t, ids[1], s, stream.LimitReached); r.Limit != 1 || len(r.Live) != 1 {
		t.Fatalf("%+v", r)
	}
}

// A sign of life that is told late prolongs nothing, however late, and what was sent counts all the same.
func testIdle(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	id := b.start(t, request(s), stream.Granted).Lease.ID
	renew := func(idle, sent time.Duration) stream.Result {
		t.Helper()
		r, err := b.Streams.Renew(t.Context(), b.account, stream.Renewal{ID: id, Session: s, Limit: limit, Idle: idle, Sent: sent})
		return b.check(t, "renew", r, err, stream.Renewed)
	}
	b.Pass(Rules.Lease / 2)
	if r := renew(Rules.Lease/2, 0); r.Holds > Rules.Lease/2+50*time.Millisecond || r.Holds < Rules.Lease/2-Rules.Lease/4 {
		t.Fatalf("%+v", r)
	}
	if r := renew(24*time.Hour, 2*Rules.Lease); r.Holds != 2*Rules.Lease || r.Ahead != r.Holds {
		t.Fatalf("%+v", r)
	}
	b.wantLive(t, id)
	b.Pass(2 * Rules.Lease)
	b.wantLive(t)
}

// pause tells that a stream is paused.
func (b *bench) pause(t *testing.T, id stream.ID, s session.ID, hold time.Duration) stream.Result {
	t.Helper()
	r, err := b.Streams.Renew(t.Context(), b.account, stream.Renewal{ID: id, Session: s, Limit: limit, Paused: true, Hold: hold})
	return b.check(t, "pause", r, err, stream.Renewed)
}

func testPause(t *testing.T, b *bench) {
	s := b.signIn(t, "TV")
	id := b.start(t, request(s), stream.Granted).Lease.ID
	hold := 3 * Rules.Lease
	first := b.pause(t, id, s, hold)
	if !first.Lease.Expires.Equal(first.Now.Add(hold)) || first.Holds != hold {
		t.Fatalf("%+v", first)
	}
	b.Pass(Rules.Lease)
	b.wantLive(t, id)
	// Being still paused prolongs nothing, and a fetch doesn't shorten it.
	if r := b.pause(t, id, s, hold); !r.Lease.Expires.Equal(first.Lease.Expires) {
		t.Fatalf("%+v, and %v at first", r, first.Lease.Expires)
	}
	if r := b.fetch(t, id, s, 2*Rules.Ahead, 0); !r.Lease.Expires.Equal(first.Lease.Expires) || r.Ahead != 0 {
		t.Fatalf("%+v, and %v at first", r, first.Lease.Expires)
	}
	b.Pass(first.Holds - Rules.Lease)
	b.wantLive(t)
	if r := b.pause(t, id, s, hold); r.Holds > 0 {
		t.Fatalf("a lapsed stream took a slot by pausing: %+v", r)
	}
	b.wantLive(t)
	b.renew(t, id, s, stream.Resumed)
	if r := b.heartbeat(t, id, s); r.Holds != Rules.Lease {
		t.Fatalf("%+v", r)
	}
	// The end is a pause that holds nothing: the slot is free at once, also from within a pause.
	b.pause(t, id, s, hold)
	if r := b.pause(t, id, s, 0); r.Holds > 0 {
		t.Fatalf("%+v", r)
	}
	b.wantLive(t)
	b.renew(t, id, s, stream.Resumed)
	if r := b.pause(t, id, s, Rules.Lease/3); r.Holds != Rules.Lease/3 {
		t.Fatalf("%+v", r)
	}
	b.Pass(Rules.Lease / 3)
	b.wantLive(t)
}
