package redisstore_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// told is a store that tells, and what it told of one account.
type told struct {
	*redisstore.Store

	client   redis.UniversalClient
	outbox   *redisstore.Outbox
	account  string
	device   session.ID
	sequence int64
}

const toldLease = time.Second

// telling returns a store that tells, and an account with a device.
func telling(t *testing.T) *told {
	t.Helper()
	s := &told{client: open(t), account: testkit.NewID()}
	rules := stream.NewRules(toldLease)
	rules.Starts = stream.Starts{Every: time.Minute, Burst: 8}
	rules.Cooldown = 0
	s.Store = redisstore.New(s.client, redisstore.NewGuard(rules.Lease), rules, unobserved{})
	s.outbox = s.Tell(time.Hour)
	s.device = s.signIn(t, "TV")
	s.want(t, "session.opened on TV")
	return s
}

func (s *told) signIn(t *testing.T, device string) session.ID {
	t.Helper()
	opened, err := s.Sessions(time.Hour).Open(t.Context(), s.account, session.Session{ID: session.NewID(), Device: device}, session.FirstSignIn)
	if err != nil {
		t.Fatal(err)
	}
	return opened.ID
}

func (s *told) start(t *testing.T, want stream.Outcome, change ...func(*stream.Start)) stream.ID {
	t.Helper()
	start := stream.Start{ID: stream.NewID(), Session: s.device, Content: testkit.NewID(), Device: "TV", Limit: 2}
	for _, c := range change {
		c(&start)
	}
	r, err := s.Start(t.Context(), s.account, start)
	if err != nil || r.Outcome != want {
		t.Fatalf("%v, want %s: %v", r.Outcome, want, err)
	}
	return start.ID
}

func (s *told) renew(t *testing.T, id stream.ID, want stream.Outcome) {
	t.Helper()
	r, err := s.Renew(t.Context(), s.account, stream.Renewal{ID: id, Session: s.device, Limit: 2, Heartbeat: true})
	if err != nil || r.Outcome != want {
		t.Fatalf("%v, want %s: %v", r.Outcome, want, err)
	}
}

// lapse waits until nothing lives.
func (s *told) lapse(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "all lapsed", func() bool {
		r, err := s.List(t.Context(), s.account)
		return err == nil && len(r.Live) == 0
	})
}

// take returns the events that were not taken yet, in words.
func (s *told) take(t *testing.T) (all []string) {
	t.Helper()
	batch, err := s.outbox.Take(t.Context(), s.account, "sink", "relay", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range batch.Events {
		if s.sequence != 0 && e.Sequence != s.sequence+1 {
			t.Errorf("event %d follows %d", e.Sequence, s.sequence)
		}
		s.sequence = e.Sequence
		words := []string{string(e.Type)}
		if e.Data.Reason != "" {
			words = append(words, "as", string(e.Data.Reason))
		}
		if e.Data.Device != "" {
			words = append(words, "on", e.Data.Device)
		}
		if e.Data.By != "" {
			words = append(words, "by", e.Data.By)
		}
		if e.Data.Limit != 0 {
			words = append(words, fmt.Sprintf("%d/%d", e.Data.Active, e.Data.Limit))
		}
		if e.Data.Times > 1 {
			words = append(words, fmt.Sprintf("%d times", e.Data.Times))
		}
		all = append(all, strings.Join(words, " "))
		ofStream := strings.HasPrefix(string(e.Type), "stream.") && e.Type != events.StreamRefused
		if ofStream != (e.Data.Stream != stream.ID{}) || ofStream == e.Data.Started.IsZero() || e.Account != s.account || time.Since(e.Time).Abs() > time.Minute {
			t.Errorf("%+v", e)
		}
	}
	if len(batch.Events) > 0 {
		if _, err := s.outbox.Sent(t.Context(), s.account, "sink", "relay", batch.Last, []string{"sink"}); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func (s *told) want(t *testing.T, want ...string) {
	t.Helper()
	if got := s.take(t); !slices.Equal(got, want) {
		t.Errorf("told: %q\nwant: %q", got, want)
	}
}

// Each thing that happens is told once, by the step that decides it, however often its request is repeated.
func TestWhatHappensIsTold(t *testing.T) {
	t.Parallel()
	for name, happens := range map[string]func(t *testing.T, s *told) []string{
		"a start, a stop": func(t *testing.T, s *told) []string {
			id := s.start(t, stream.Granted)
			s.start(t, stream.Repeated, func(start *stream.Start) { start.ID = id; start.Content = s.content(t, id) })
			for range 2 {
				if _, err := s.Stop(t.Context(), s.account, stream.Stop{ID: id, Session: s.device, By: "TV"}); err != nil {
					t.Fatal(err)
				}
			}
			return []string{"stream.started on TV 1/2", "stream.ended as stopped by TV"}
		},
		"a stop from elsewhere": func(t *testing.T, s *told) []string {
			id := s.start(t, stream.Granted)
			if _, err := s.Stop(t.Context(), s.account, stream.Stop{ID: id, By: stream.Support}); err != nil {
				t.Fatal(err)
			}
			return []string{"stream.started on TV 1/2", "stream.ended as terminated by support"}
		},
		"refusals, of which one a second is told": func(t *testing.T, s *told) []string {
			s.start(t, stream.Granted)
			s.start(t, stream.Granted)
			for range 3 {
				s.start(t, stream.LimitReached)
			}
			return []string{"stream.started on TV 1/2", "stream.started on TV 2/2", "stream.refused as limit_reached on TV 2/2"}
		},
		"too many starts": func(t *testing.T, s *told) []string {
			want := []string{"stream.started on TV 1/2"}
			id := s.start(t, stream.Granted)
			for range 7 {
				id = s.start(t, stream.Granted, replacing(id))
				want = append(want, "stream.ended as replaced by TV", "stream.started on TV 1/2")
			}
			s.start(t, stream.TooManyStarts, replacing(id))
			return append(want, "stream.refused as too_many_starts on TV 0/2")
		},
		"an eviction": func(t *testing.T, s *told) []string {
			s.start(t, stream.Granted)
			s.start(t, stream.Granted)
			s.start(t, stream.Granted, func(start *stream.Start) { start.Device, start.Evicts = "Phone", true })
			return []string{"stream.started on TV 1/2", "stream.started on TV 2/2", "stream.ended as evicted by Phone", "stream.started on Phone 2/2"}
		},
		"a lapse, seen by a look, and the stream goes on": func(t *testing.T, s *told) []string {
			id := s.start(t, stream.Granted)
			s.renew(t, id, stream.Renewed)
			s.lapse(t)
			for range 2 {
				s.look(t)
			}
			s.renew(t, id, stream.Resumed)
			s.renew(t, id, stream.Renewed)
			return []string{"stream.started on TV 1/2", "stream.lapsed", "stream.resumed 1/2"}
		},
		"a lapse, seen by the renewal, which also sees another": func(t *testing.T, s *told) []string {
			id := s.start(t, stream.Granted)
			s.start(t, stream.Granted)
			s.lapse(t)
			s.renew(t, id, stream.Resumed)
			s.look(t)
			return []string{"stream.started on TV 1/2", "stream.started on TV 2/2", "stream.lapsed", "stream.lapsed", "stream.resumed 1/2"}
		},
		"a lapse, seen by a start that takes the slot": func(t *testing.T, s *told) []string {
			s.start(t, stream.Granted)
			s.lapse(t)
			s.start(t, stream.Granted)
			s.start(t, stream.Granted)
			return []string{"stream.started on TV 1/2", "stream.lapsed", "stream.started on TV 1/2", "stream.started on TV 2/2"}
		},
		"a lapse, seen by a stop": func(t *testing.T, s *told) []string {
			id := s.start(t, stream.Granted)
			s.lapse(t)
			if _, err := s.Stop(t.Context(), s.account, stream.Stop{ID: id, Session: s.device, By: "TV"}); err != nil {
				t.Fatal(err)
			}
			return []string{"stream.started on TV 1/2", "stream.lapsed", "stream.ended as stopped by TV"}
		},
		"a start that is repeated after its lapse": func(t *testing.T, s *told) []string {
			id := s.start(t, stream.Granted)
			content := s.content(t, id)
			s.lapse(t)
			s.start(t, stream.Granted, func(start *stream.Start) { start.ID = id; start.Content = content })
			return []string{"stream.started on TV 1/2", "stream.lapsed", "stream.resumed on TV 1/2"}
		},
		"a sign-out": func(t *testing.T, s *told) []string {
			s.start(t, stream.Granted)
			for range 2 {
				if err := s.Sessions(time.Hour).End(t.Context(), s.account, session.Only(s.device), "Phone"); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Sessions(time.Hour).End(t.Context(), s.account, session.All(), "Phone"); err != nil {
				t.Fatal(err)
			}
			return []string{"stream.started on TV 1/2", "session.ended as signed_out on TV by Phone", "stream.ended as session_ended by Phone"}
		},
		"a refresh token that is used twice": func(t *testing.T, s *told) []string {
			for generation := range int32(2) {
				if _, _, err := s.Sessions(time.Hour).Refresh(t.Context(), s.account, session.Refresh{ID: s.device, Generation: 1 + generation}); err != nil {
					t.Fatal(err)
				}
			}
			_, outcome, err := s.Sessions(time.Hour).Refresh(t.Context(), s.account, session.Refresh{ID: s.device, Generation: 1})
			if err != nil || outcome != session.Reused {
				t.Fatal(outcome, err)
			}
			if err := s.Sessions(time.Hour).End(t.Context(), s.account, session.Only(s.device), "a refresh token used twice"); err != nil {
				t.Fatal(err)
			}
			return []string{"session.ended as token_reused on TV"}
		},
		"one device too many": func(t *testing.T, s *told) []string {
			want := []string{}
			for range session.MaxSessions - 1 {
				s.signIn(t, "Phone")
				want = append(want, "session.opened on Phone")
			}
			s.signIn(t, "Tablet")
			return append(want, "session.ended as crowded on TV", "session.opened on Tablet")
		},
		"plans": func(t *testing.T, s *told) []string {
			for _, limit := range []int{5, 5, 1} {
				if err := s.SetLimit(t.Context(), s.account, limit); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.RecallLimit(t.Context(), s.account, 7); err != nil {
				t.Fatal(err)
			}
			return []string{"plan.changed 0/5", "plan.changed 0/1"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := telling(t)
			want := happens(t, s)
			s.want(t, want...)
			s.want(t)
		})
	}
}

func replacing(id stream.ID) func(*stream.Start) {
	return func(s *stream.Start) { s.Replace = &id }
}

// content returns what a stream plays.
func (s *told) content(t *testing.T, id stream.ID) string {
	t.Helper()
	r, err := s.List(t.Context(), s.account)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range r.Live {
		if l.ID == id {
			return l.Content
		}
	}
	t.Fatal("it does not live")
	return ""
}

func (s *told) look(t *testing.T) {
	t.Helper()
	if _, _, err := s.outbox.Look(t.Context(), s.account); err != nil {
		t.Fatal(err)
	}
}

// A store that nobody listens to writes no key of events, and marks no lapse.
func TestNothingIsToldWhereNobodyListens(t *testing.T) {
	t.Parallel()
	s := telling(t)
	silent := redisstore.New(s.client, redisstore.NewGuard(toldLease), stream.NewRules(toldLease), unobserved{})
	s.Store = silent
	s.account = testkit.NewID()
	s.device = s.signIn(t, "TV")
	id := s.start(t, stream.Granted)
	s.lapse(t)
	s.renew(t, id, stream.Resumed)
	if keys := s.client.Keys(t.Context(), "*"+s.account+"*").Val(); len(keys) != 2 {
		t.Errorf("keys %q", keys)
	}
}

// What one sink has got, another one still gets; what gave way is counted.
func TestEachSinkHasItsPlace(t *testing.T) {
	t.Parallel()
	s := telling(t)
	s.start(t, stream.Granted)
	take := func(sink, relay string) events.Batch {
		t.Helper()
		batch, err := s.outbox.Take(t.Context(), s.account, sink, relay, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return batch
	}
	sent := func(sink, relay string, to int64) {
		t.Helper()
		if _, err := s.outbox.Sent(t.Context(), s.account, sink, relay, to, []string{"one", "other"}); err != nil {
			t.Fatal(err)
		}
	}
	first := take("one", "here")
	if len(first.Events) != 1 {
		t.Fatalf("%+v", first)
	}
	if busy := take("one", "there"); busy.Busy <= 0 || len(busy.Events) > 0 {
		t.Errorf("another relay takes it too: %+v", busy)
	}
	sent("one", "here", first.Last)
	if rest := take("one", "there"); len(rest.Events) > 0 || rest.Busy > 0 {
		t.Errorf("%+v", rest)
	}
	if other := take("other", "there"); len(other.Events) != 1 || other.Events[0].Sequence != first.Last {
		t.Errorf("%+v", other)
	}
	// The other takes none for a long time.
	const most = 1000
	for range most/2 + 10 {
		for _, limit := range []int{3, 4} {
			if err := s.SetLimit(t.Context(), s.account, limit); err != nil {
				t.Fatal(err)
			}
		}
	}
	dropped, got, last := 0, 0, int64(0)
	for {
		batch := take("other", "there")
		if batch.Last == 0 {
			break
		}
		dropped, got, last = dropped+batch.Dropped, got+len(batch.Events), batch.Last
		sent("other", "there", batch.Last)
	}
	if dropped != 21 || got != most || last != first.Last+most+20 {
		t.Errorf("%d dropped, %d of %d got", dropped, got, last-first.Last)
	}
}

// A round on a Cluster goes through the accounts of all nodes, and one in a while is enough for all replicas.
func TestARoundOnACluster(t *testing.T) {
	t.Parallel()
	_, store, _ := newCluster(t, stream.NewRules(time.Minute))
	outbox := store.Tell(time.Hour)
	want := map[string]bool{}
	for range 50 {
		s := &screens{store, testkit.NewID(), session.NewID()}
		if _, err := s.Sessions(time.Hour).Open(t.Context(), s.account, session.Session{ID: s.tv}, session.FirstSignIn); err != nil {
			t.Fatal(err)
		}
		if r, err := s.Start(t.Context(), s.account, s.request()); err != nil || r.Outcome != stream.Granted {
			t.Fatal(r.Outcome, err)
		}
		want[s.account] = true
	}
	var mu sync.Mutex
	round := func(every time.Duration) (bool, map[string]bool) {
		t.Helper()
		seen := map[string]bool{}
		done, err := outbox.Round(t.Context(), "relay", every, func(account string) {
			mu.Lock()
			defer mu.Unlock()
			seen[account] = true
		})
		if err != nil {
			t.Fatal(err)
		}
		return done, seen
	}
	for _, every := range []time.Duration{0, time.Minute} {
		if done, seen := round(every); !done || !maps.Equal(seen, want) {
			t.Errorf("%d of %d accounts", len(seen), len(want))
		}
	}
	if done, seen := round(time.Minute); done || len(seen) > 0 {
		t.Error("a second round within a minute")
	}
}
