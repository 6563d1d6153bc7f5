package storetest

import (
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/account"
)

func endsAreRecorded(t *testing.T, s Stores) {
	id := testkit.NewID()
	want := func(want account.Ends) {
		t.Helper()
		got, err := s.Ends(t.Context(), id)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	save := func(e account.Ends, want bool) {
		t.Helper()
		if saved, err := s.SaveEnds(t.Context(), id, e); err != nil || saved != want {
			t.Errorf("saved %v, %v", saved, err)
		}
	}
	want(account.Ends{})
	first := account.Ends{Each: map[string]time.Time{"AAAAAAAAAAA": epoch}, Until: epoch.Add(time.Hour)}
	save(first, true)
	save(first, false)
	first.Version = 1
	want(first)
	second := account.Ends{Each: map[string]time.Time{}, Others: epoch.Add(time.Minute), But: "-_AAAAAAAAA", Until: epoch.Add(2 * time.Hour), Version: 1}
	save(second, true)
	save(second, false)
	second.Version = 2
	want(second)
	for _, at := range []time.Time{epoch, second.Until} {
		if err := s.ForgetEnds(t.Context(), at); err != nil {
			t.Fatal(err)
		}
		want(second)
	}
	if err := s.ForgetEnds(t.Context(), second.Until.Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	want(account.Ends{})
	if got, err := s.Ends(t.Context(), "no id"); err != nil || got.Version != 0 {
		t.Error(got, err)
	}
}

// oneOfManySavesEnds has many write at once what each has read: one of them succeeds.
func oneOfManySavesEnds(t *testing.T, s Stores) {
	id := testkit.NewID()
	for version := range int64(2) {
		var all sync.WaitGroup
		var saved atomic.Int64
		for range 8 {
			all.Go(func() {
				done, err := s.SaveEnds(t.Context(), id, account.Ends{Until: epoch, Version: version})
				if err != nil {
					t.Error(err)
				}
				if done {
					saved.Add(1)
				}
			})
		}
		all.Wait()
		if saved.Load() != 1 {
			t.Errorf("version %d: %d were saved", version, saved.Load())
		}
	}
}
