package account_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/account"
)

const keepEnds = 48 * time.Hour

func (d *domain) endForeign(id string, which account.Ending) {
	d.t.Helper()
	if err := d.EndForeign(d.t.Context(), id, which, keepEnds); err != nil {
		d.t.Fatal(err)
	}
}

// ended reports whether a session that signed in at a time has ended, by what is recorded.
func (d *domain) ended(id, session string, signedIn time.Time) bool {
	d.t.Helper()
	e, err := d.ForeignEnds(d.t.Context(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	return !signedIn.After(e.Each[session]) || session != e.But && !signedIn.After(e.Others)
}

func sessionName(n int) string { return fmt.Sprintf("AAAAAAAA%03d", n) }

// Whoever was signed out of an account that is another issuer's is recorded, whoever else signs whom out, and whoever signed in since is not.
func TestEndsOfForeignAccounts(t *testing.T) {
	t.Parallel()
	d, id := newDomain(t), testkit.NewID()
	before := d.clock()
	want := func(n int, signedIn time.Time, ended bool) {
		t.Helper()
		if d.ended(id, sessionName(n), signedIn) != ended {
			t.Errorf("session %d, signed in %v after the first: ended is not %v", n, signedIn.Sub(before), ended)
		}
	}
	d.pass(time.Minute)
	d.endForeign(id, account.Ending{Session: sessionName(1)})
	want(1, before, true)
	want(2, before, false)
	want(1, d.clock().Add(time.Millisecond), false)

	d.pass(time.Minute)
	second := d.clock()
	d.endForeign(id, account.Ending{Session: sessionName(2), Others: true})
	want(1, before, true)
	want(2, before, false)
	want(3, before, true)
	want(3, second.Add(time.Millisecond), false)

	d.pass(time.Minute)
	d.endForeign(id, account.Ending{Session: sessionName(3), Others: true}) // which has signed in meanwhile
	want(2, before, true)
	want(3, before, true)
	want(3, second.Add(time.Millisecond), false)
	d.pass(time.Minute)
	d.endForeign(id, account.Ending{Others: true})
	want(3, second.Add(time.Millisecond), true)

	// It is kept for so long, and no longer.
	d.pass(keepEnds - time.Minute)
	if err := d.ForgetEnds(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(3, before, true)
	d.pass(time.Hour)
	if err := d.ForgetEnds(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e, err := d.ForeignEnds(t.Context(), id); err != nil || e.Version != 0 {
		t.Error(e, err)
	}
}

// What is recorded is bounded, and loses no end.
func TestEndsAreBounded(t *testing.T) {
	t.Parallel()
	d, id := newDomain(t), testkit.NewID()
	before := d.clock()
	d.endForeign(id, account.Ending{Session: sessionName(0), Others: true})
	for n := range account.MaxEnds + 10 {
		d.pass(time.Second)
		d.endForeign(id, account.Ending{Session: sessionName(n)})
	}
	for n := range account.MaxEnds + 10 {
		if !d.ended(id, sessionName(n), before) {
			t.Errorf("the end of %d is lost", n)
		}
	}
	e, err := d.ForeignEnds(t.Context(), id)
	if err != nil || len(e.Each) != account.MaxEnds {
		t.Error(len(e.Each), err)
	}
	d.pass(keepEnds)
	d.endForeign(id, account.Ending{Session: sessionName(500)})
	if e, err = d.ForeignEnds(t.Context(), id); err != nil || len(e.Each) != 1 {
		t.Error(len(e.Each), "are kept that mean nothing any more", err)
	}
}

// Many devices are signed out at once, and each end is recorded. An account of our own has its record already.
func TestEndsAtOnce(t *testing.T) {
	t.Parallel()
	d, id := newDomain(t), testkit.NewID()
	var all sync.WaitGroup
	for n := range 6 {
		all.Go(func() { d.endForeign(id, account.Ending{Session: sessionName(n)}) })
	}
	all.Wait()
	if e, err := d.ForeignEnds(t.Context(), id); err != nil || len(e.Each) != 6 {
		t.Error(e, err)
	}
	own, err := d.SignUp(t.Context(), account.Registration{Email: "ada@example.com", Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	d.endForeign(own.ID, account.Ending{Session: sessionName(1)})
	if e, err := d.ForeignEnds(t.Context(), own.ID); err != nil || e.Version != 0 {
		t.Error(e, err)
	}
}
