package authorize_test

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/delivery"
	"streamgate/libs/fault"
	"streamgate/libs/grant"
	"streamgate/session-svc/internal/authorize"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

const (
	account, content = "6b04c5c1e3a3635f0dc7a086", "607c55840e977203b4d8b5e5"
	lease            = 10 * time.Second
)

var (
	errEnded = fault.New(fault.Gone, "stream_ended", "x")
	errLimit = fault.New(fault.Forbidden, "stream_limit_reached", "x")
)

// rule is a rule that says what it is told to.
type rule struct {
	grants grant.Keys

	mu      sync.Mutex
	start   error // of a start
	renewal error
	starts  []stream.Options
	asked   int
	ends    chan stream.ID
}

func (r *rule) Start(_ context.Context, caller stream.Caller, o stream.Options) (stream.Playing, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.starts = append(r.starts, o)
	if r.start != nil {
		return stream.Playing{}, r.start
	}
	r.renewal = nil
	ticket, err := r.grants.Seal(grant.Grant{
		Stream: stream.NewID().String(), Account: caller.Account, Session: caller.Session.String(), Content: o.Content, Limit: caller.Limit,
		Started: time.Now(), Expires: time.Now().Add(time.Hour),
	})
	return stream.Playing{Ticket: ticket}, err
}

func (r *rule) Renew(_ context.Context, questions []delivery.Question) ([]delivery.Answer, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked += len(questions)
	answers := make([]delivery.Answer, len(questions))
	for i, q := range questions {
		answers[i] = delivery.Answer{Err: r.renewal, Lease: lease, Holds: lease, Credit: q.Want}
	}
	return answers, nil
}

func (r *rule) Watch(string) (changed <-chan struct{}, stop func()) { return nil, func() {} }

func (r *rule) WatchEnds() (ended <-chan stream.ID, stop func()) { return r.ends, func() {} }

// says sets what the rule says from now on.
func (r *rule) says(start, renewal error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.start, r.renewal = start, renewal
}

func (r *rule) wantStarts(t *testing.T, n int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.starts) != n {
		t.Fatalf("%d starts, want %d", len(r.starts), n)
	}
}

// in runs a test with a clock that moves when all wait.
func in(t *testing.T, test func(t *testing.T, r *rule, d *authorize.Decider)) {
	t.Parallel()
	keys, err := grant.ParseKeys("GRANT_KEYS", []string{base64.StdEncoding.EncodeToString(make([]byte, 32))})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		r := &rule{grants: keys, ends: make(chan stream.ID)}
		d := authorize.New(authorize.Options{
			Authority: r, Starter: r, Changes: r, Grants: keys, Rules: stream.NewRules(lease), Registry: prometheus.NewRegistry(), Now: time.Now,
		})
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go d.Run(ctx)
		test(t, r, d)
	})
}

func ask(t *testing.T, d *authorize.Decider, player string) (authorize.Decision, error) {
	t.Helper()
	return d.ByToken(t.Context(), stream.Caller{Account: account, Session: session.ID{1}, Limit: 3}, authorize.Request{Content: content, Player: player})
}

func want(t *testing.T, err, wanted error) {
	t.Helper()
	if !errors.Is(err, wanted) || (err == nil) != (wanted == nil) {
		t.Fatalf("%v, want %v", err, wanted)
	}
}

func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // in synctest
	synctest.Wait()
}

func TestManyAtOnceShareOneStart(t *testing.T) {
	in(t, func(t *testing.T, r *rule, d *authorize.Decider) {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, err := ask(t, d, ""); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		r.wantStarts(t, 1)
		if o := r.starts[0]; o.Content != content || o.Player == "" || o.Key != o.Player || o.Device != "" {
			t.Errorf("%+v", o)
		}
	})
}

func TestARefusedStartIsTriedAgainAfterASecond(t *testing.T) {
	in(t, func(t *testing.T, r *rule, d *authorize.Decider) {
		r.says(errLimit, nil)
		for range 10 {
			_, err := ask(t, d, "")
			want(t, err, errLimit)
		}
		r.wantStarts(t, 1)
		r.says(nil, nil)
		pass(time.Second)
		_, err := ask(t, d, "")
		want(t, err, nil)
	})
}

// An end is final for as long as the store remembers it, on this replica as on one that meets the token only then.
func TestAnEndedStreamIsStartedAgainOnceItsEndIsForgotten(t *testing.T) {
	in(t, func(t *testing.T, r *rule, d *authorize.Decider) {
		first, err := ask(t, d, "")
		want(t, err, nil)
		r.says(nil, errEnded)
		id, err := stream.ParseID("id", first.Stream)
		want(t, err, nil)
		r.ends <- id
		synctest.Wait()
		for range 4 {
			_, err := ask(t, d, "")
			want(t, err, errEnded)
			pass(time.Minute)
		}
		r.wantStarts(t, 1)
		pass(time.Minute)
		second, err := ask(t, d, "")
		want(t, err, nil)
		if second.Stream == first.Stream {
			t.Error("the same stream")
		}
	})
}

func TestAStreamThatTheStoreHasForgottenIsStartedAgain(t *testing.T) {
	in(t, func(t *testing.T, r *rule, d *authorize.Decider) {
		_, err := ask(t, d, "")
		want(t, err, nil)
		r.says(nil, stream.ErrUnknown)
		pass(time.Hour)
		_, err = ask(t, d, "")
		want(t, err, nil)
		r.wantStarts(t, 2)
		// By a grant there is none to start.
		r.says(errLimit, stream.ErrUnknown)
		pass(time.Hour)
		_, err = ask(t, d, "")
		want(t, err, errLimit)
	})
}

func TestAForgottenGrantIsGone(t *testing.T) {
	in(t, func(t *testing.T, r *rule, d *authorize.Decider) {
		playing, err := r.Start(t.Context(), stream.Caller{Account: account, Session: session.ID{1}, Limit: 3}, stream.Options{Content: content})
		want(t, err, nil)
		r.says(nil, stream.ErrUnknown)
		_, err = d.ByGrant(t.Context(), playing.Ticket, authorize.Request{Content: content})
		want(t, err, authorize.ErrForgotten)
	})
}

// Most decisions ask nobody.
func TestADecisionIsFromMemory(t *testing.T) {
	in(t, func(t *testing.T, r *rule, d *authorize.Decider) {
		for n := range 300 { // in 30 s
			_, err := ask(t, d, strconv.Itoa(n%3))
			want(t, err, nil)
			pass(100 * time.Millisecond)
		}
		r.wantStarts(t, 3)
		if r.asked > 3*11 {
			t.Errorf("%d questions about three streams in three leases", r.asked)
		}
	})
}
