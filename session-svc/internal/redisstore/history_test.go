package redisstore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/redis/go-redis/v9"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/memstore"
	"streamgate/session-svc/internal/redisstore"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// pair is Redis and the model, on the same history. The model's clock is set to the instant at which Redis decided, so both must say
// exactly the same.
type pair struct {
	redis, model  stream.Store
	redisSessions session.Store
	modelSessions session.Store
	now           time.Time
	account       string
	choose        func(n int) int
	sessions      []session.ID
	streams       []stream.ID
	names         map[string]bool // that a start had whose id was another's
	contents      [2]string
	steps         []string
	endsSessions  bool
}

func newPair(client redis.UniversalClient, endsSessions bool, choose func(n int) int) *pair {
	// Short times, so that a history meets lapses, cooldowns and forgetting. The end of a session answers no time, so that the model
	// can only guess when what it ended is forgotten: then nothing is, within a history.
	rules := stream.Rules{
		Lease: 20 * time.Millisecond, Remember: 30 * time.Millisecond, Resume: 45 * time.Millisecond, Cooldown: 10 * time.Millisecond, Ahead: 40 * time.Millisecond,
		Budget: stream.Budget{Factor: 1250, Burst: 30 * time.Millisecond}, Starts: stream.Starts{Every: 2 * time.Millisecond, Burst: 5},
	}
	// An emulation of Redis lets keys expire some time before or after it is due.
	if emulated := client.Info(context.Background(), "persistence").Err() != nil; emulated || endsSessions {
		rules.Remember, rules.Resume = time.Minute, time.Minute
	}
	p := &pair{account: testkit.NewID(), choose: choose, contents: [2]string{testkit.NewID(), testkit.NewID()}, endsSessions: endsSessions, names: map[string]bool{}}
	store := redisstore.New(client, redisstore.NewGuard(rules.Lease), rules, unobserved{})
	model := memstore.New(rules, func() time.Time { return p.now })
	p.redis, p.model = store, model
	p.redisSessions, p.modelSessions = store.Sessions(time.Hour), model.Sessions(time.Hour)
	return p
}

func (p *pair) session() session.ID {
	if len(p.sessions) == 0 || p.choose(12) == 0 {
		return session.NewID() // nobody's
	}
	return p.sessions[p.choose(len(p.sessions))]
}

func (p *pair) stream() stream.ID {
	if len(p.streams) == 0 || p.choose(8) == 0 {
		return stream.NewID() // nobody's
	}
	last := min(len(p.streams), 12)
	return p.streams[len(p.streams)-1-p.choose(last)]
}

// step does one thing to both, and fails the test when they differ.
func (p *pair) step(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	var call func(stream.Store) (stream.Result, error)
	switch n := p.choose(20); {
	case n < 8:
		s := stream.Start{
			ID: stream.NewID(), Session: p.session(), Content: p.contents[p.choose(2)], Player: stream.Player{byte(p.choose(3))},
			Device: []string{"device", "device 1", "device 2"}[p.choose(3)], Limit: 1 + p.choose(4), Evicts: p.choose(2) == 0,
		}
		if p.choose(4) == 0 {
			s.ID = p.stream() // a repeated request, perhaps with other content
		}
		if s.Named = p.choose(4) == 0; s.Named && p.choose(2) == 0 {
			named := p.stream()
			copy(s.ID[:stream.NameLength], named[:])
			p.names[string(s.Name())] = true
		}
		s.Named = s.Named || p.names[string(s.ID[:stream.NameLength])] // no two streams have one name
		if p.choose(4) == 0 {
			replace := p.stream()
			s.Replace = &replace
		}
		p.streams = append(p.streams, s.ID)
		p.say("start %+v", s)
		call = func(store stream.Store) (stream.Result, error) { return store.Start(ctx, p.account, s) }
	case n < 13:
		r := stream.Renewal{
			ID: p.stream(), Session: p.session(), Limit: 1 + p.choose(4), Heartbeat: p.choose(5) == 0,
			Sent: time.Duration(p.choose(30)) * time.Millisecond, Want: time.Duration(p.choose(90)-30) * time.Millisecond,
		}
		if r.Paused = p.choose(5) == 0; r.Paused {
			r.Hold = time.Duration(p.choose(3)*p.choose(60)) * time.Millisecond
		}
		if p.choose(2) == 0 && !p.names[string(r.ID[:stream.NameLength])] { // that has a ticket only if it was the one that was granted
			r.Ticket = &stream.Ticket{
				Content: p.contents[p.choose(2)], Player: stream.Player{byte(p.choose(3))}, Started: p.now.Add(-time.Duration(p.choose(1000)) * time.Millisecond),
			}
		}
		if !r.Heartbeat && !r.Paused {
			r.Idle = time.Duration(p.choose(3)*p.choose(20)) * time.Millisecond
		}
		p.say("renew %+v", r)
		call = func(store stream.Store) (stream.Result, error) { return store.Renew(ctx, p.account, r) }
	case n < 15:
		s := stream.Stop{ID: p.stream(), Session: p.session(), By: fmt.Sprint("by ", p.choose(3))}
		p.say("stop %+v", s)
		call = func(store stream.Store) (stream.Result, error) { return store.Stop(ctx, p.account, s) }
	case n < 16 && p.choose(8) == 0:
		limit := 1 + p.choose(4)
		if p.choose(2) == 0 {
			p.say("recall limit %d", limit)
			p.compare(t, p.redis.RecallLimit(ctx, p.account, limit), p.model.RecallLimit(ctx, p.account, limit), error(nil))
			return
		}
		p.say("limit %d", limit)
		p.compare(t, p.redis.SetLimit(ctx, p.account, limit), p.model.SetLimit(ctx, p.account, limit), error(nil))
		return
	case n < 16:
		wait := time.Duration(p.choose(25)) * time.Millisecond
		p.say("wait %v", wait)
		<-time.After(wait)
		return
	case n < 17 && (len(p.sessions) < 3 || p.endsSessions):
		p.open(t)
		return
	case n < 18 && p.endsSessions && len(p.sessions) > 0: // an account that is not known would be marked, at a time that is not answered
		which := session.Selection{ID: p.session(), Others: p.choose(3) == 0}
		p.say("end %+v", which)
		err := p.redisSessions.End(ctx, p.account, which, "somebody")
		p.compare(t, err, p.modelSessions.End(ctx, p.account, which, "somebody"), error(nil))
		return
	default:
		p.say("list")
		call = func(store stream.Store) (stream.Result, error) { return store.List(ctx, p.account) }
	}
	got, err := call(p.redis)
	p.now = got.Now
	want, _ := call(p.model)
	p.compare(t, err, want, got)
}

func (p *pair) open(t *testing.T) {
	t.Helper()
	s := session.Session{ID: session.NewID(), Device: "device"}
	signIn := []session.SignIn{session.LaterSignIn, session.FirstSignIn}[p.choose(2)]
	p.say("open %+v, %s", s, signIn)
	got, err := p.redisSessions.Open(t.Context(), p.account, s, signIn)
	p.now = got.Created
	want, _ := p.modelSessions.Open(t.Context(), p.account, s, signIn)
	p.compare(t, err, want, got)
	p.sessions = append(p.sessions, s.ID)
}

func (p *pair) say(format string, args ...any) {
	p.steps = append(p.steps, fmt.Sprintf(format, args...))
}

func (p *pair) compare(t *testing.T, err error, want, got any) {
	t.Helper()
	diff := cmp.Diff(want, got, cmpopts.EquateEmpty())
	if err == nil && diff == "" {
		return
	}
	for i, step := range p.steps {
		t.Logf("%3d %s", i, step)
	}
	t.Fatalf("after the last step, error %v (-model +Redis):\n%s", err, diff)
}

// TestHistories compares random histories step by step.
func TestHistories(t *testing.T) {
	t.Parallel()
	client := open(t)
	for n := range 60 {
		seed := rand.Uint64()
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 0))
			p := newPair(client, n%2 == 0, random.IntN)
			for range 200 {
				p.step(t)
			}
		})
	}
}

// FuzzVerbs lets the fuzzer write the histories.
func FuzzVerbs(f *testing.F) {
	f.Add([]byte{16, 0, 0, 0, 1, 2, 3, 9, 1, 1, 14, 2, 2})
	f.Add([]byte{16, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 17, 0, 0})
	client := open(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		p := newPair(client, true, func(n int) int {
			if len(data) == 0 {
				return 0
			}
			choice := int(data[0]) % n
			data = data[1:]
			return choice
		})
		p.open(t)
		for range 100 {
			if len(data) == 0 {
				break
			}
			p.step(t)
		}
	})
}
