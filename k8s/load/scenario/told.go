package scenario

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/receiver"
	"streamgate/k8s/load/stack"
	"streamgate/libs/wait"
)

// toldWithin bounds the time in which all is told after the players have died: a relay that was killed may have held an account for 20 s, and
// one that met a receiver that was away waits for up to 30 s.
const toldWithin = 70 * time.Second

// told has another system told of all that happens, while replicas of session-svc, Redis and that system are killed. Redis has its log synced
// before each answer: what it forgets, nobody can tell.
func told(ctx context.Context, s Setting) (Verdict, error) {
	other, err := receiver.Open(ctx)
	if err != nil {
		return Verdict{}, err
	}
	defer other.Leave()
	p := plan{keep: stack.KeepAlways, noOrder: true, change: func(int) (string, []string) { return "", other.Settings() }}
	t, err := begin(ctx, s, p)
	defer t.close()
	if err != nil {
		return Verdict{}, err
	}
	if err := t.tellUnderKills(ctx, other); err != nil {
		return Verdict{}, err
	}
	v, err := t.verdict(ctx)
	if err != nil {
		return v, err
	}
	hurry, cancel := context.WithTimeout(ctx, toldWithin)
	defer cancel()
	if err := until(hurry, func() (bool, error) { return t.allTold(hurry) }); err != nil {
		v.Besides = append(v.Besides, fmt.Sprintf("not all was told within %v: %v", toldWithin, err))
	}
	events, wrong := other.Told()
	v.Besides = append(v.Besides, wrong...)
	v.Besides = append(v.Besides, check.Events(events, t.recorder.History(), Limit)...)
	ids := map[string]bool{}
	for _, e := range events {
		ids[e.ID] = true
	}
	v.Notes = append(v.Notes, fmt.Sprintf("%d events were told, %d of them again", len(ids), len(events)-len(ids)))
	return v, nil
}

// tellUnderKills kills one after the other.
func (t *trial) tellUnderKills(ctx context.Context, other *receiver.Receiver) error {
	killed := func(i int) func() error {
		return func() error {
			t.stack.Sessions[i].Kill()
			if err := wait.For(ctx, Lease/2); err != nil {
				return err
			}
			return t.stack.Sessions[i].Start(ctx)
		}
	}
	for _, step := range []struct {
		excuse check.Excuse
		f      func() error
	}{
		{check.Failures | check.Away, killed(0)},
		{0, func() error {
			other.Leave()
			if err := wait.For(ctx, Lease); err != nil {
				return err
			}
			return other.Return(ctx)
		}},
		{check.Failures | check.Away, func() error {
			t.redis.Kill()
			if err := wait.For(ctx, Lease/4); err != nil {
				return err
			}
			return t.redis.Start(ctx)
		}},
		{0, func() error {
			other.Mute(true)
			defer other.Mute(false)
			return wait.For(ctx, Lease/2)
		}},
		{check.Failures | check.Away, killed(1)},
	} {
		if err := t.warm(ctx); err != nil {
			return err
		}
		if err := t.during(step.excuse, step.f); err != nil {
			return err
		}
		t.settle(ctx)
	}
	return t.warm(ctx)
}

// allTold reports whether all lapses were told, and all events delivered.
func (t *trial) allTold(ctx context.Context) (bool, error) {
	if !t.quiet(ctx) {
		return false, nil
	}
	for _, account := range t.accounts {
		got, err := t.redis.Admin.HMGet(ctx, "a:{"+account+"}:events", "first", "last").Result()
		if err != nil {
			return false, err
		}
		var numbers [2]int64
		for i, each := range got {
			text, _ := each.(string)
			if numbers[i], err = strconv.ParseInt(text, 10, 64); err != nil {
				return false, fmt.Errorf("account %s has no events: %w", account, err)
			}
		}
		if numbers[0] <= numbers[1] {
			return false, nil
		}
	}
	return true, nil
}

// quiet reports whether every lapse was told: no account has a lease of which it was not.
func (t *trial) quiet(ctx context.Context) bool {
	for _, account := range t.accounts {
		record, err := t.redis.Admin.Get(ctx, "a:{"+account+"}").Result()
		if err != nil || livesIn(record) {
			return false
		}
	}
	return true
}

// The record of an account, as session-svc's redisstore has it: a head, and of each stream its state first and the length of its name last.
const (
	recordHead, streamHead = 12, 56
)

// livesIn reports whether a record has a lease of which it was not told that it lapsed.
func livesIn(record string) bool {
	for at := recordHead; at+streamHead < len(record); at += streamHead + 1 + int(record[at+streamHead]) {
		if record[at] == 'l' || record[at] == 'h' {
			return true
		}
	}
	return false
}
