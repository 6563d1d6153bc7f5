package scenario

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/fault"
	"streamgate/k8s/load/history"
	"streamgate/k8s/load/player"
	"streamgate/k8s/load/stack"
	"streamgate/libs/wait"
)

// trial is a system under load.
type trial struct {
	setting  Setting
	stack    *stack.Stack
	recorder *history.Recorder
	load     *player.Load
	rule     check.Rule
	linear   bool // the history can be put in order
	stalled  func() []check.Window
	mu       sync.Mutex
	wrong    []string
	notes    []string

	// Parts of the usual system. A system with several Redis servers has none of them.
	redis *stack.Redis
	link  *fault.Link   // between session-svc and Redis
	doors []*fault.Link // in front of the replicas of session-svc

	accounts []string
	clients  int
	empties  time.Duration // how long after the load all slots must be free

	closers []func()
}

// plan says what a trial runs.
type plan struct {
	keep  []string // arguments of Redis
	env   []string // variables of Redis
	link  bool     // put a link between session-svc and Redis
	doors bool     // put one in front of each replica of session-svc
	// redis starts other servers than the usual one, and returns their address and mode.
	redis  func(ctx context.Context, t *trial) (url, mode string, err error)
	change func(replica int) (program string, env []string)
	late   time.Duration // check.Rule's; 0 is the usual
	// noOrder is set for what the sequential model doesn't have: a loss of memory or a step of the clock.
	noOrder bool
	quiet   bool // no player fetches video
	user    bool // run user-svc, whose part a stand-in plays otherwise
	foreign bool // every other account is another issuer's
	asked   bool // other servers send it, which ask at /authorize
	tokens  bool // half of their players come with tokens

	lease    time.Duration                           // 0 is the usual
	sessions int                                     // replicas of session-svc; 0 is the usual
	contents int                                     // those of content-svc
	settings []string                                // further variables of all services
	between  func(internal []string) (string, error) // stack.Options.Between
}

// usualLate is how long after its call a request may take effect, when no process is stopped for longer.
const usualLate = 5 * time.Second

// The load: on half of the accounts the players fetch video, on the others they send heartbeats.
const (
	accounts       = 8
	players        = 6
	requestTimeout = 2 * time.Second
)

// begin starts the system and the load. Call close, whatever it returns.
func begin(ctx context.Context, s Setting, p plan) (*trial, error) {
	t, system, err := open(ctx, s, p)
	if err != nil {
		return t, err
	}
	video := accounts / 2
	if p.quiet {
		video = 0
	}
	asked := 0
	if p.asked {
		asked = video
	}
	t.load, err = player.Begin(ctx, system, player.Options{
		Accounts: accounts, Players: players, Video: video, Asked: asked, Tokens: p.tokens,
		Lease: Lease, Timeout: requestTimeout, Content: stack.Content, SignOuts: true, Seed: s.Seed,
	}, t.recorder)
	if err == nil {
		t.accounts = t.load.Accounts()
	}
	return t, err
}

// open starts the system alone.
func open(ctx context.Context, s Setting, p plan) (*trial, player.System, error) {
	t := &trial{setting: s, recorder: history.NewRecorder(), linear: !p.noOrder}
	t.stalled = stalls(ctx, t.recorder)
	t.rule = check.Rule{Lease: cmp.Or(p.lease, Lease), Limit: Limit, Late: max(p.late, usualLate)}
	t.empties = t.rule.Lease + slack
	var url string
	var err error
	mode := "standalone"
	if p.redis != nil {
		url, mode, err = p.redis(ctx, t)
	} else {
		url, err = t.usualRedis(ctx, p)
	}
	if err != nil {
		return t, player.System{}, err
	}
	user := ""
	if p.user {
		user = s.User
	}
	t.stack, err = stack.Open(ctx, stack.Options{
		User: user,
		Dir:  s.Dir, Session: s.Session, Content: s.Content, Sessions: cmp.Or(p.sessions, 2), Contents: cmp.Or(p.contents, 2), RedisURL: url, RedisMode: mode,
		MongoURI: s.MongoURI, Lease: t.rule.Lease, Limit: Limit, Change: p.change, Settings: p.settings, Between: p.between, Foreign: p.foreign,
	})
	if err != nil {
		return t, player.System{}, err
	}
	t.closers = append(t.closers, t.stack.Close)
	if p.foreign { // a Redis that has just begun to remember holds starts of accounts that it doesn't know
		if err := wait.For(ctx, t.rule.Lease); err != nil {
			return t, player.System{}, err
		}
	}
	system := t.stack.System()
	if p.doors {
		for i, base := range system.Sessions {
			door, err := fault.NewLink(base[len("http://"):])
			if err != nil {
				return t, system, err
			}
			t.closers = append(t.closers, door.Close)
			t.doors = append(t.doors, door)
			system.Sessions[i] = "http://" + door.Addr()
		}
	}
	return t, system, nil
}

func (t *trial) usualRedis(ctx context.Context, p plan) (url string, err error) {
	if p.keep == nil {
		p.keep = stack.KeepNothing
	}
	t.redis, err = t.startRedis(ctx, stack.RedisOptions{Name: "redis", Args: p.keep, Env: p.env})
	if err != nil {
		return "", err
	}
	if !p.link {
		return "redis://" + t.redis.Addr() + "/0", nil
	}
	if t.link, err = fault.NewLink(t.redis.Addr()); err != nil {
		return "", err
	}
	t.closers = append(t.closers, t.link.Close)
	return "redis://" + t.link.Addr() + "/0", nil
}

func (t *trial) startRedis(ctx context.Context, o stack.RedisOptions) (*stack.Redis, error) {
	r, err := stack.StartRedis(ctx, t.setting.Dir, o)
	if err == nil {
		t.closers = append(t.closers, r.Close)
	}
	return r, err
}

// close ends all processes.
func (t *trial) close() {
	for i := range t.closers {
		t.closers[len(t.closers)-1-i]()
	}
}

// fault notes what is not as promised.
func (t *trial) fault(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrong = append(t.wrong, fmt.Sprintf(format, args...))
}

// during runs f, and applies the excuse from its begin to its end.
func (t *trial) during(excuse check.Excuse, f func() error) error {
	from := t.recorder.Now()
	err := f()
	t.rule.Windows = append(t.rule.Windows, check.Window{From: from, To: t.recorder.Now(), Excuse: excuse})
	return err
}

// settling is as long as an earlier request may still take, or a client of Redis may need to find its server again:
// half of the lease in which all has to be normal.
const settling = Lease / 2

// settle excuses failures for a while.
func (t *trial) settle(ctx context.Context) {
	_ = t.during(check.Failures, func() error { return wait.For(ctx, settling) })
}

// warm lets the players play for a while before, or after, something is broken.
func (t *trial) warm(ctx context.Context) error {
	if t.setting.Short {
		return wait.For(ctx, Lease)
	}
	return wait.For(ctx, 2*Lease)
}

// slack is how long after a lease its slot must be free: the rounding of times, and a slow machine.
const slack = 250 * time.Millisecond

// verdict ends the load, checks that all slots come free, and judges what was seen.
func (t *trial) verdict(ctx context.Context) (Verdict, error) {
	if t.load != nil {
		t.load.End()
	}
	if err := wait.For(ctx, t.empties); err != nil {
		return Verdict{}, err
	}
	leaked, err := t.probe(ctx)
	if err != nil {
		return Verdict{}, err
	}
	if stalled := t.stalled(); len(stalled) > 0 {
		t.rule.Windows = append(t.rule.Windows, stalled...)
		t.notes = append(t.notes, fmt.Sprintf("the machine had no time %d times: requests that failed then count as held", len(stalled)))
	}
	h := t.recorder.History()
	v := Verdict{Report: check.Run(h, t.rule), Leaked: leaked, Besides: t.wrong, Notes: t.notes}
	if t.linear {
		v.Linear = check.Linearizable(h, t.rule, ordered, orderTimeout)
	}
	return v, ctx.Err()
}

const (
	// ordered is how many requests of an account are put in order: those of about half a minute.
	ordered      = 600
	orderTimeout = 20 * time.Second
)

// probe starts as many streams on each account as it may have, and counts those that are refused.
func (t *trial) probe(ctx context.Context) (leaked int, err error) {
	system := t.stack.System()
	client := player.NewClient(-1, requestTimeout, t.recorder, system.Transport)
	for _, account := range t.accounts {
		d, err := system.SignIn(ctx, account)
		if err != nil {
			return 0, fmt.Errorf("sign in after all is over: %w", err)
		}
		for n := range Limit {
			o := player.StartOptions{Content: stack.Content, Name: fmt.Sprintf("probe %d of %s", n, account), Key: fmt.Sprint("probe ", n)}
			op := client.Start(ctx, system.Sessions[n%len(system.Sessions)], d, o)
			if op.Refused() {
				leaked++
			} else if !op.Done() {
				t.wrong = append(t.wrong, fmt.Sprintf("a start after all is over was answered %d %s", op.Answer.Status, op.Answer.Code))
			}
		}
	}
	return leaked, nil
}

// simple is a scenario in which something happens between two quiet times.
func simple(p plan, happens func(ctx context.Context, t *trial) error) func(context.Context, Setting) (Verdict, error) {
	return func(ctx context.Context, s Setting) (Verdict, error) {
		t, err := begin(ctx, s, p)
		defer t.close()
		if err == nil {
			err = t.warm(ctx)
		}
		if err == nil {
			err = happens(ctx, t)
		}
		if err == nil {
			err = t.warm(ctx)
		}
		if err != nil {
			return Verdict{}, err
		}
		return t.verdict(ctx)
	}
}
