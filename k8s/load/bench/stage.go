package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"streamgate/k8s/load/bench/rig"
	"streamgate/k8s/load/bench/wire"
	"streamgate/k8s/load/stack"
	"streamgate/libs/wait"
)

// stage is a service over a Redis, with accounts that are copies of one.
type stage struct {
	Options
	patience

	goals goals

	world   *rig.World
	redis   *rig.Redis
	service *rig.Service

	template *rig.Account
	idle     *rig.Copy // signed in, nothing plays
	tokens   []string  // by account
	scripts  scripts
}

// scripts are the calls of Redis that the service makes for the template.
type scripts struct{ start, renew, stop rig.Command }

// newStage starts a service and prepares its accounts.
func newStage(ctx context.Context, o Options, world *rig.World, source string) (*stage, error) {
	s := &stage{Options: o, patience: patience{o.Patience}, world: world}
	if err := s.begin(ctx, source); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) begin(ctx context.Context, source string) error {
	binary, err := build(ctx, source, s.Work)
	if err != nil {
		return err
	}
	if s.redis, err = rig.StartRedis(ctx); err != nil {
		return err
	}
	if s.service, err = rig.StartService(ctx, binary, s.world, s.redis.Addr, s.Settings...); err != nil {
		return err
	}
	if err := s.prepare(ctx); err != nil {
		return err
	}
	return s.sign(s.accounts())
}

func (s *stage) close() {
	if s.service != nil {
		s.service.Kill()
	}
	if s.redis != nil {
		_ = s.redis.Close() // it ends in any case
	}
}

// build builds the sources in a folder and returns the binary. If source is a binary, it returns that.
func build(ctx context.Context, source, work string) (string, error) {
	info, err := os.Stat(source)
	if err != nil {
		return "", fmt.Errorf("session-svc: %w", err)
	}
	if !info.IsDir() {
		return filepath.Abs(source)
	}
	binary := filepath.Join(work, "session-svc")
	return binary, stack.Build(ctx, source, "session-svc", binary, "")
}

// prepare makes the template, and records what the service asks of Redis.
func (s *stage) prepare(ctx context.Context) (err error) {
	first, err := s.rehearse(ctx)
	if err != nil {
		return err
	}
	stop, err := s.learn(ctx, func() error { return s.service.StopStream(ctx, first, first.Streams[len(first.Streams)-1]) })
	if err != nil {
		return err
	}
	for range 100 {
		if err := s.makeTemplate(ctx); err != nil {
			return err
		}
		s.scripts.stop = stop.Of(first, s.template)
		if s.scripts.start.Argument() && s.scripts.renew.Argument() && s.scripts.stop.Argument() {
			return nil
		}
	}
	return errors.New("the service calls scripts that redis-benchmark can't repeat, since their arguments have zero bytes")
}

// rehearse does everything once, so that Redis knows the scripts. It waits, since a Redis that was empty may hold new
// streams back for one lease.
func (s *stage) rehearse(ctx context.Context) (*rig.Account, error) {
	a, err := s.service.NewAccount(ctx)
	if err != nil {
		return nil, err
	}
	lease, _ := time.ParseDuration(rig.Lease)
	deadline := time.Now().Add(lease + 10*time.Second)
	for {
		err := s.service.Play(ctx, a)
		if err == nil {
			break
		}
		if time.Now().After(deadline) {
			return nil, err
		}
		if err := wait.For(ctx, time.Second); err != nil {
			return nil, err
		}
	}
	return a, errors.Join(s.service.Heartbeat(ctx, a, a.Streams[0]), s.service.List(ctx, a), s.service.StopStream(ctx, a, a.Streams[0]))
}

// makeTemplate makes an account with three streams, and records the scripts for it.
func (s *stage) makeTemplate(ctx context.Context) (err error) {
	if s.template, err = s.service.NewAccount(ctx); err != nil {
		return err
	}
	a := s.template
	if s.idle, err = s.redis.Copy(ctx, a.ID); err != nil {
		return err
	}
	for len(a.Streams) < rig.Limit-1 {
		if err := s.service.PlayOne(ctx, a); err != nil {
			return err
		}
	}
	if s.scripts.start, err = s.learn(ctx, func() error { return s.service.PlayOne(ctx, a) }); err != nil {
		return err
	}
	s.scripts.start = s.scripts.start.Whenever()
	s.scripts.renew, err = s.learn(ctx, func() error { return s.service.Heartbeat(ctx, a, a.Streams[0]) })
	return err
}

// learn returns the script that the service calls in do, the last one if there are several.
func (s *stage) learn(ctx context.Context, do func() error) (rig.Command, error) {
	commands, err := s.redis.Capture(ctx, do)
	if err != nil {
		return nil, err
	}
	if len(commands) == 0 {
		return nil, errors.New("the service calls no script")
	}
	return commands[len(commands)-1], nil
}

// sign makes the tokens of accounts 0…n-1, and has the service verify them, so that it knows them as it knows those of
// running players.
func (s *stage) sign(n int) error {
	for len(s.tokens) < n {
		token, err := s.world.Token(rig.AccountID(len(s.tokens)), s.template.Session)
		if err != nil {
			return err
		}
		s.tokens = append(s.tokens, token)
	}
	return nil
}

// playing returns accounts 0…n-1 three streams each.
func (s *stage) playing(ctx context.Context, n int) error {
	state, err := s.full(ctx)
	if err != nil {
		return err
	}
	return s.redis.Paste(ctx, state, 0, n)
}

// full reads the state of an account with three streams, whose leases have just been renewed.
func (s *stage) full(ctx context.Context) (*rig.Copy, error) {
	for _, id := range s.template.Streams {
		if err := s.service.Heartbeat(ctx, s.template, id); err != nil {
			return nil, err
		}
	}
	return s.redis.Copy(ctx, s.template.ID)
}

// signedIn leaves accounts from…to-1 signed in and without streams.
func (s *stage) signedIn(ctx context.Context, from, to int) error {
	state, err := s.full(ctx)
	if err != nil {
		return err
	}
	if err := s.redis.Clear(ctx, state.Without(s.idle), from, to); err != nil {
		return err
	}
	return s.redis.Paste(ctx, s.idle, from, to)
}

// warm lets the service see every token once.
func (s *stage) warm(ctx context.Context) error {
	if err := s.playing(ctx, len(s.tokens)); err != nil {
		return err
	}
	_, err := wire.Closed(ctx, s.service.Public, s.Connections, s.lists(), time.Minute)
	return err
}
