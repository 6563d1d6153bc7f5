package storetest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"streamgate/user-svc/internal/account"
)

func newSession(a account.Account, n int) account.Session {
	opened := epoch.Add(time.Duration(n) * time.Second)
	return account.Session{
		ID: fmt.Sprintf("session-%03d", n), Account: a.ID, Device: "TV", Generation: 1,
		Created: opened, Refreshed: opened, Expires: opened.Add(time.Hour),
	}
}

func sessionsAreRecorded(t *testing.T, s Stores) {
	a, other := insert(t, s, newAccount("ada")), insert(t, s, newAccount("other"))
	first, second, third := newSession(a, 1), newSession(a, 2), newSession(a, 3)
	change := func(c account.Change) error {
		t.Helper()
		changed, err := s.Update(t.Context(), a.ID, c)
		if err == nil && changed.ID != a.ID {
			t.Errorf("changed %+v", changed)
		}
		return err
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(of account.Session, recorded bool) {
		t.Helper()
		got, err := s.Session(t.Context(), a.ID, of.ID)
		if recorded && (err != nil || got != of) || !recorded && !errors.Is(err, account.ErrSessionNotFound) {
			t.Errorf("session %s is %+v, %v", of.ID, got, err)
		}
	}
	want(first, false)
	for _, each := range []account.Session{first, second, third} {
		must(change(account.Change{Record: &each, SignedIn: true}))
		want(each, true)
	}
	first.Generation, first.Refreshed, first.Expires = 2, first.Refreshed.Add(time.Minute), first.Expires.Add(time.Minute)
	must(change(account.Change{Record: &first, IfRecorded: true}))
	want(first, true)

	must(change(account.Change{End: &account.Ending{Session: first.ID}}))
	want(first, false)
	wantNotFound(t, change(account.Change{Record: &first, IfRecorded: true}))
	wantNotFound(t, change(account.Change{End: &account.Ending{Session: "AAAAAAAAAAA"}}))
	must(change(account.Change{End: &account.Ending{Session: second.ID, Others: true}}))
	want(second, true)
	want(third, false)
	wantNotFound(t, change(account.Change{Record: &third, IfRecorded: true}))
	must(change(account.Change{Record: &second, IfRecorded: true}))
	must(change(account.Change{End: &account.Ending{Others: true}}))
	want(second, false)

	// The one that expires first gives way, and those that have expired.
	for n := range account.MaxSessions + 1 {
		each := newSession(a, 10+n)
		must(change(account.Change{Record: &each}))
	}
	want(newSession(a, 10), false)
	want(newSession(a, 11), true)
	late := newSession(a, 4000)
	must(change(account.Change{Record: &late}))
	want(newSession(a, 10+account.MaxSessions), false)
	want(late, true)

	_, err := s.Session(t.Context(), other.ID, late.ID)
	if !errors.Is(err, account.ErrSessionNotFound) {
		t.Error("another account has it:", err)
	}
	reset := account.Reset{Hash: []byte("hash"), Requested: epoch, Expires: epoch.Add(time.Hour)}
	if saved, err := s.SaveReset(t.Context(), a.ID, reset); err != nil || !saved {
		t.Fatal(saved, err)
	}
	if _, err := s.Redeem(t.Context(), reset.Hash, epoch, "another"); err != nil {
		t.Fatal(err)
	}
	want(late, false)
	must(change(account.Change{Record: &late}))
	want(late, true)
	must(s.Delete(t.Context(), a.ID))
	_, err = s.Session(t.Context(), a.ID, late.ID)
	wantNotFound(t, err)
}
