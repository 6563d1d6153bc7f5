package mongostore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/mongostore"
	"streamgate/session-svc/internal/report"
	"streamgate/session-svc/internal/report/reporttest"
	"streamgate/session-svc/internal/stream"
)

// began is ten minutes before a whole hour, long enough ago for a history to be over.
var began = time.Now().UTC().Truncate(time.Hour).Add(-2*time.Hour - 10*time.Minute)

const lasts = 15 * time.Minute

// open returns a store with its indexes.
func open(t *testing.T) *mongostore.Store {
	t.Helper()
	uri, database := testkit.Mongo(t)
	s := mongostore.New(testkit.OpenMongo(t, uri, database))
	for range 2 { // also where they are
		if err := s.Indexes(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// folder counts what is over at a time.
func folder(s *mongostore.Store, now time.Time) *report.Folder {
	return &report.Folder{Store: s, Lease: time.Second, Events: 24 * time.Hour, Keep: 720 * time.Hour, Now: func() time.Time { return now }}
}

func fold(t *testing.T, s *mongostore.Store, now time.Time) {
	t.Helper()
	testkit.Eventually(t, "it is counted", func() bool { return folder(s, now).Fold(t.Context()) == nil })
}

func send(t *testing.T, s report.FactStore, told ...events.Event) {
	t.Helper()
	for _, e := range told {
		testkit.Eventually(t, "it is taken", func() bool { return report.Sink{Store: s}.Send(t.Context(), &e) == nil })
	}
}

// wantCounted expects that all minutes and hours are as a naive count has them.
func wantCounted(t *testing.T, s *mongostore.Store, told []events.Event, from, to time.Time) {
	t.Helper()
	h := reporttest.Read(told, to.Add(24*time.Hour))
	for _, by := range report.Bys {
		got := map[time.Time]*report.Group{}
		if err := s.Groups(t.Context(), report.Minute, by, from, to, func(g *report.Group) error {
			got[g.At] = g
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		hours, minutes := map[time.Time]*report.Counts{}, map[time.Time]int{}
		for at := from; at.Before(to); at = at.Add(time.Minute) {
			want := h.Group(at, by)
			if diff := cmp.Diff(want, got[at]); diff != "" {
				t.Fatalf("%s by %q: -want +got\n%s", at, by, diff)
			}
			if by == report.All {
				hour := at.Truncate(time.Hour)
				if hours[hour] == nil {
					hours[hour] = &report.Counts{}
				}
				hours[hour].Add(want.Counts[""])
				minutes[hour]++
			}
		}
		if by != report.All {
			continue
		}
		err := (&report.Reports{Counts: s}).Rows(t.Context(), report.Hour, by, from.Truncate(time.Hour), to.Truncate(time.Hour), func(r *report.Row) error {
			if diff := cmp.Diff(hours[r.At], &r.Counts); diff != "" || r.Minutes != minutes[r.At] {
				t.Errorf("hour %s of %d minutes: -want +got\n%s", r.At, r.Minutes, diff)
			}
			delete(hours, r.At)
			return nil
		})
		delete(hours, to.Truncate(time.Hour)) // not over
		if err != nil || len(hours) > 0 {
			t.Errorf("%d hours are missing: %v", len(hours), err)
		}
	}
}

// However often events are repeated, by several relays that are killed at any moment, and folded meanwhile, the numbers are those of a naive count.
func TestTheNumbersAreANaiveCount(t *testing.T) {
	t.Parallel()
	s := open(t)
	random := rand.New(rand.NewPCG(13, uint64(began.Unix())))
	contents := []string{testkit.NewID(), testkit.NewID(), testkit.NewID()}
	end := began.Add(lasts)
	var told []events.Event
	var relays sync.WaitGroup
	for n := range 3 {
		var accounts [][]events.Event
		for range 2 {
			account := reporttest.Account(random, 1+n, began, end, contents)
			accounts = append(accounts, account[:min(len(account), 30)])
			told = append(told, accounts[len(accounts)-1]...)
		}
		delivered := reporttest.Deliver(rand.New(rand.NewPCG(uint64(n), 7)), accounts...)
		relays.Go(func() {
			for i, e := range delivered {
				ctx, cancel := context.WithCancel(t.Context())
				if i%5 == 0 { // killed at any moment; another one sends it again
					time.AfterFunc(time.Duration(i%7)*200*time.Microsecond, cancel)
					_ = report.Sink{Store: s}.Send(ctx, &e)
				}
				cancel()
				send(t, s, e)
			}
		})
	}
	var folders sync.WaitGroup
	for n := range 2 {
		folders.Go(func() {
			for i := range 8 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%2 == n { // killed at any moment
					time.AfterFunc(time.Duration(100*i)*time.Millisecond, cancel)
				}
				_ = folder(s, began.Add(time.Duration(2*(i+n))*time.Minute)).Fold(ctx)
				cancel()
			}
		})
	}
	relays.Wait()
	folders.Wait()
	testkit.Eventually(t, "all is counted", func() bool { // the turn of one that was killed has to be over
		if err := s.EndTurn(t.Context()); err != nil {
			t.Fatal(err)
		}
		fold(t, s, end.Add(20*time.Minute))
		until, err := s.Until(t.Context())
		return err == nil && !until.Before(end)
	})
	until, _ := s.Until(t.Context())
	fold(t, s, until.Add(10*time.Minute))
	wantCounted(t, s, told, began, end)
}

// event returns one of a stream of an account.
func event(account string, sequence int64, at time.Time, kind events.Type, d events.Data) events.Event {
	return events.Event{Account: account, Sequence: sequence, Time: at, Type: kind, Data: d}
}

// What comes late is put into the minutes in which it happened, and into their hour.
func TestWhatComesLateIsCounted(t *testing.T) {
	t.Parallel()
	s := open(t)
	account, d := testkit.NewID(), events.Data{Stream: stream.NewID(), Content: testkit.NewID(), Device: "TV", Active: 1, Limit: 3}
	told := []events.Event{event(account, 1, began.Add(30*time.Second), events.StreamStarted, d)}
	send(t, s, told...)
	fold(t, s, began.Add(15*time.Minute))
	wantCounted(t, s, told, began, began.Add(14*time.Minute))
	d.Device = ""
	told = append(told, event(account, 2, began.Add(5*time.Minute), events.StreamLapsed, d))
	send(t, s, told...)
	fold(t, s, began.Add(15*time.Minute)) // there is no further minute yet
	fold(t, s, began.Add(16*time.Minute))
	wantCounted(t, s, told, began, began.Add(15*time.Minute))
}

// A replica that stood still, and goes on in a turn that is over, spoils nothing.
func TestATurnThatIsLost(t *testing.T) {
	t.Parallel()
	s := open(t)
	send(t, s, event(testkit.NewID(), 1, began, events.StreamStarted, events.Data{Stream: stream.NewID(), Content: testkit.NewID(), Active: 1}))
	slow, _, ok, err := s.Claim(t.Context(), 0)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	late, err := s.Touching(t.Context(), began, began.Add(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the turn is over", func() bool {
		fold(t, s, began.Add(5*time.Minute))
		until, err := s.Until(t.Context())
		return err == nil && !until.IsZero()
	})
	before, err := s.Until(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), slow, time.Minute, report.Minute, report.Fold(began, nil)); !errors.Is(err, report.ErrTurnLost) {
		t.Error(err)
	}
	if err := s.Counted(t.Context(), slow, began.Add(time.Hour), late); !errors.Is(err, report.ErrTurnLost) {
		t.Error(err)
	}
	if err := s.PutLate(t.Context(), slow, report.Fold(began, nil)); err != nil { // it had asked before, and writes now
		t.Fatal(err)
	}
	if after, err := s.Until(t.Context()); err != nil || !after.Equal(before) {
		t.Error(after, err)
	}
	starts := 0
	if err := s.Groups(t.Context(), report.Minute, report.All, began, began.Add(time.Minute), func(g *report.Group) error {
		starts += g.Counts[""].Starts
		return nil
	}); err != nil || starts != 1 {
		t.Error(starts, err)
	}
	first, _, ok, err := s.Claim(t.Context(), time.Hour)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, _, ok, err := s.Claim(t.Context(), time.Hour); err != nil || ok {
		t.Error("two have the turn", err)
	}
	if err := s.Release(t.Context(), first); err != nil {
		t.Error(err)
	}
	if _, _, ok, err := s.Claim(t.Context(), time.Hour); err != nil || !ok {
		t.Error("nobody gets the turn", err)
	}
}

// A minute with more contents than a document holds is told in parts, of which none is left when there are fewer.
func TestAMinuteOfManyContents(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.Split(10)
	for _, contents := range []int{31, 3} {
		turn, _, ok, err := s.Claim(t.Context(), time.Minute)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		g := &report.Group{At: began, By: report.ByContent, Minutes: 1, Counts: map[string]*report.Counts{}}
		for i := range contents {
			g.Counts[fmt.Sprintf("%024x", i)] = &report.Counts{Peak: 1 + i%3, Starts: i}
		}
		if err := s.Put(t.Context(), turn, time.Minute, report.Minute, []*report.Group{g}); err != nil {
			t.Fatal(err)
		}
		if err := s.Release(t.Context(), turn); err != nil {
			t.Fatal(err)
		}
		rows := 0
		err = (&report.Reports{Counts: s}).Rows(t.Context(), report.Minute, report.ByContent, began, began.Add(time.Hour), func(r *report.Row) error {
			if want := (report.Row{At: began, Minutes: 1, Key: r.Key, Counts: *g.Counts[r.Key]}); !cmp.Equal(want, *r) {
				return fmt.Errorf("%s: %+v", r.Key, *r)
			}
			rows++
			return nil
		})
		if err != nil || rows != contents {
			t.Errorf("%d rows, want %d: %v", rows, contents, err)
		}
	}
}

// leases say what lives.
type leases map[string][]string

func (l leases) Live(_ context.Context, account string) ([]string, bool, error) {
	live, all := l[account]
	return live, all, nil
}

// What was lost with Redis' memory ends when it was known last, also where no event tells; what lives, or has events that are on their way, doesn't.
func TestWhatRedisLostEnds(t *testing.T) {
	t.Parallel()
	s := open(t)
	lives, lost, waits := testkit.NewID(), testkit.NewID(), testkit.NewID()
	d := events.Data{Content: testkit.NewID(), Device: "TV", Active: 1}
	live := leases{lost: nil}
	start := began.Add(-time.Minute)
	var told []events.Event
	for _, account := range []string{lives, lost, waits} {
		d.Stream = stream.NewID()
		told = append(told, event(account, 1, start, events.StreamStarted, d))
		if account == lives {
			live[account] = []string{d.Stream.String()}
		}
	}
	send(t, s, told...)
	for _, minutes := range []int{2, 70, 75} {
		f := folder(s, start.Add(time.Duration(minutes)*time.Minute))
		f.Leases = live
		testkit.Eventually(t, "it is counted", func() bool { return f.Fold(t.Context()) == nil })
		facts, err := s.Touching(t.Context(), start, began.Add(2*time.Hour))
		if err != nil || len(facts) != 3 {
			t.Fatal(len(facts), err)
		}
		for _, fact := range facts {
			over := fact.Account == lost && minutes > 60
			if over != fact.Until.Equal(start) || over == fact.Until.IsZero() {
				t.Errorf("after %d minutes, a hold was over at %s", minutes, fact.Until)
			}
			if seen := start.Add(70 * time.Minute); fact.Account == lives && minutes == 70 && !fact.Seen.Equal(seen) {
				t.Errorf("after %d minutes, seen at %s", minutes, fact.Seen)
			}
		}
	}
	if err := s.Groups(t.Context(), report.Minute, report.All, began.Add(5*time.Minute), began.Add(70*time.Minute), func(g *report.Group) error {
		if g.Counts[""].Peak != 2 { // without the one that was lost
			t.Errorf("%s: %d streams", g.At, g.Counts[""].Peak)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// What is too old to be counted again, or to be told, is forgotten.
func TestForget(t *testing.T) {
	t.Parallel()
	s := open(t)
	account := testkit.NewID()
	for i, at := range []time.Duration{0, 12 * time.Minute} {
		d := events.Data{Stream: stream.NewID(), Content: testkit.NewID(), Device: "TV", Active: 1}
		send(t, s, event(account, int64(3*i+1), began.Add(at), events.StreamStarted, d), event(account, int64(3*i+2), began.Add(at), events.StreamEnded, d))
	}
	d := events.Data{Stream: stream.NewID(), Content: testkit.NewID(), Device: "TV", Active: 1}
	send(t, s, event(account, 9, began, events.StreamStarted, d)) // it lasts
	fold(t, s, began.Add(15*time.Minute))
	if err := s.Forget(t.Context(), began.Add(time.Minute), began.Add(10*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if facts, err := s.Facts(t.Context(), account); err != nil || len(facts) != 3 {
		t.Error(len(facts), err)
	}
	for _, by := range report.Bys {
		n := 0
		if err := s.Groups(t.Context(), report.Minute, by, began, began.Add(time.Hour), func(g *report.Group) error {
			if n++; g.At.Before(began.Add(10 * time.Minute)) {
				t.Error(g.At)
			}
			return nil
		}); err != nil || n == 0 {
			t.Error(n, err)
		}
	}
}

// A hold that was over while somebody looked after it keeps its own end.
func TestWhatEndsWhileItIsLookedAfter(t *testing.T) {
	t.Parallel()
	s := open(t)
	account, d := testkit.NewID(), events.Data{Stream: stream.NewID(), Content: testkit.NewID(), Device: "TV", Active: 1}
	send(t, s, event(account, 1, began, events.StreamStarted, d))
	unseen, err := s.Unseen(t.Context(), began.Add(time.Hour), 10)
	if err != nil || len(unseen) != 1 {
		t.Fatal(len(unseen), err)
	}
	ended := began.Add(time.Minute)
	send(t, s, event(account, 2, ended, events.StreamLapsed, d))
	if err := s.Saw(t.Context(), began.Add(2*time.Hour), nil, unseen); err != nil {
		t.Fatal(err)
	}
	facts, err := s.Facts(t.Context(), account)
	if err != nil || len(facts) != 1 || !facts[0].Until.Equal(ended) || !facts[0].Lapsed {
		t.Error(facts, err)
	}
	if unseen, err = s.Unseen(t.Context(), began.Add(3*time.Hour), 10); err != nil || len(unseen) != 0 {
		t.Error(unseen, err)
	}
}
