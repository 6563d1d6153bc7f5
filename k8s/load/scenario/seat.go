package scenario

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
	"streamgate/k8s/load/player"
	"streamgate/libs/wait"
)

// The bounds of film are the smallest that the services take, so that they are met within seconds.
var (
	filmSettings = []string{"AHEAD=30s", "BUDGET_FACTOR=1", "BUDGET_BURST=30s"}
	filmRule     = check.Film{Ahead: 30 * time.Second, Factor: 1, Burst: 30 * time.Second, Reserve: reserve}
)

const (
	// reserve is the film that a replica of content-svc may hold in advance for a stream, for pieces of at most 10 s.
	reserve = 20 * time.Second
	// greedy is how long a player waits for film that isn't due, if it would rather have other film.
	greedy = 300 * time.Millisecond
	// patient is how long a stock player waits.
	patient = 10 * time.Second
)

// film is a scenario of what accounts are sent.
func film(p plan, happens func(ctx context.Context, t *trial) error) func(context.Context, Setting) (Verdict, error) {
	return func(ctx context.Context, s Setting) (Verdict, error) {
		p := p
		p.noOrder = true // accounts that fetch have none
		p.settings = append(append([]string{}, filmSettings...), p.settings...)
		t, _, err := open(ctx, s, p)
		defer t.close()
		if err != nil {
			return Verdict{}, err
		}
		if t.rule.Film.Factor == 0 {
			t.rule.Film = filmRule
			t.rule.Film.Replicas = len(t.stack.Contents)
		}
		began := t.recorder.Now()
		if err := happens(ctx, t); err != nil {
			return Verdict{}, err
		}
		took := t.recorder.Now() - began
		v, err := t.verdict(ctx)
		if err == nil && v.Film.Sent > 0 {
			v.Notes = append(v.Notes, fmt.Sprintf("in %.0f s, no account was sent more than %.0f s of film; %d screens play %.0f s, and %.0f s are the burst",
				took.Seconds(), v.Film.Sent.Seconds(), Limit, (Limit*took).Seconds(), (Limit*filmRule.Burst).Seconds()))
		}
		return v, err
	}
}

// seat is a place before a screen.
type seat struct {
	*player.Client

	t       *trial
	device  *player.Device
	system  player.System
	content string
	starts  int
	random  *rand.Rand
}

// account returns a new account.
func (t *trial) account() string {
	id := player.NewAccount()
	t.accounts = append(t.accounts, id)
	return id
}

// seats returns so many seats of an account, each with a device of its own, whose players wait so long for an answer.
func (t *trial) seats(ctx context.Context, account string, n int, timeout time.Duration, f player.Film) ([]*seat, error) {
	system := t.stack.System()
	all := make([]*seat, n)
	for i := range all {
		d, err := system.SignIn(ctx, account)
		if err != nil {
			return nil, err
		}
		all[i] = t.seat(d, timeout, f)
	}
	return all, nil
}

// owners returns seats that have all the slots of an account, each with its stream.
func (t *trial) owners(ctx context.Context, account string, timeout time.Duration, f player.Film) ([]*seat, []playing, error) {
	seats, err := t.seats(ctx, account, Limit, timeout, f)
	if err != nil {
		return nil, nil, err
	}
	streams := make([]playing, Limit)
	for i, s := range seats {
		if streams[i], err = s.must(ctx); err != nil {
			return nil, nil, err
		}
	}
	return seats, streams, nil
}

// seat returns a seat before a device that is signed in.
func (t *trial) seat(d *player.Device, timeout time.Duration, f player.Film) *seat {
	system := t.stack.System()
	t.clients++
	s := &seat{
		Client: player.NewClient(t.clients, timeout, t.recorder, system.Transport), t: t, device: d, system: system, content: f.Content,
		random: rand.New(rand.NewPCG(t.setting.Seed, uint64(t.clients))), //nolint:gosec // chooses what players do
	}
	s.Hasty = timeout == greedy
	return s
}

// start starts a stream on any replica.
func (s *seat) start(ctx context.Context, o player.StartOptions) history.Op {
	s.starts++
	o.Content, o.Name = s.content, fmt.Sprintf("seat %d.%d", s.ID, s.starts)
	return s.Start(ctx, s.system.Sessions[s.random.IntN(len(s.system.Sessions))], s.device, o)
}

// must starts a stream that has to be granted.
func (s *seat) must(ctx context.Context) (playing, error) {
	op := s.start(ctx, player.StartOptions{})
	if !op.Done() {
		return playing{}, fmt.Errorf("a start on an account without streams was answered %d %s", op.Answer.Status, op.Answer.Code)
	}
	return playing{op.Answer.Stream, op.Answer.Source, op.Answer.Ticket}, nil
}

// playing is a stream as its player knows it.
type playing struct{ stream, source, ticket string }

// piece fetches a piece of a film from any replica.
func (s *seat) piece(ctx context.Context, p playing, f player.Film, n int) history.Op {
	return s.Piece(ctx, s.system.Contents[s.random.IntN(len(s.system.Contents))], s.device, p.stream, p.source, f, n)
}

// fill fetches one piece after the other, until one doesn't come.
func (s *seat) fill(ctx context.Context, p playing, f player.Film) (had int) {
	for had < f.Pieces {
		if op := s.piece(ctx, p, f, had); !op.Done() {
			break
		}
		had++
	}
	return had
}

func (s *seat) stop(ctx context.Context, p playing) {
	s.Stop(ctx, s.system.Sessions[s.random.IntN(len(s.system.Sessions))], s.device, p.stream)
}

// rival tries to start a stream, again and again, until the time is over. It plays what it is granted.
func (s *seat) rival(ctx context.Context, f player.Film, until time.Duration) {
	for s.Recorder.Now() < until {
		if op := s.start(ctx, player.StartOptions{}); op.Done() {
			p := playing{op.Answer.Stream, op.Answer.Source, op.Answer.Ticket}
			s.fill(ctx, p, f)
			_ = wait.For(ctx, until-s.Recorder.Now())
			s.stop(ctx, p)
		}
		if wait.For(ctx, 200*time.Millisecond) != nil {
			return
		}
	}
}

// together runs f for all seats at once.
func together(seats []*seat, f func(i int, s *seat)) {
	var all sync.WaitGroup
	for i, s := range seats {
		all.Go(func() { f(i, s) })
	}
	all.Wait()
}
