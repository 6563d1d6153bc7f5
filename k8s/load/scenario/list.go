package scenario

import (
	"context"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/fault"
	"streamgate/k8s/load/stack"
	"streamgate/libs/wait"
)

// All returns the scenarios in the order in which they run.
func All() []Scenario {
	return []Scenario{
		{Name: "rounds", Short: true, What: "200 starts at once on one account at two replicas: three granted each time", run: rounds},
		{Name: "calm", Short: true, What: "many players, and nothing is broken", run: simple(plan{}, calm)},
		{Name: "service-killed", Short: true, What: "a replica of session-svc is killed, and comes back", run: simple(plan{}, serviceKilled)},
		{Name: "authorized", Short: true, What: "other servers ask at /authorize about players with grants and with tokens", run: simple(authorized(true), calm)},
		{Name: "authorized-killed", What: "the same with grants, and a replica of session-svc is killed", run: simple(authorized(false), serviceKilled)},
		{Name: "service-stopped", What: "a replica of session-svc is stopped for 12 s, and goes on", run: simple(plan{late: 17 * time.Second}, serviceStopped)},
		{Name: "redis-killed", Short: true, What: "Redis is killed and has kept nothing", run: redisKilled(stack.KeepNothing)},
		{Name: "redis-killed-everysec", What: "Redis is killed and has synced its log each second", run: redisKilled(stack.KeepEverySec)},
		{Name: "redis-killed-always", What: "Redis is killed and has synced its log before each answer", run: redisKilled(stack.KeepAlways)},
		{Name: "redis-stopped", What: "Redis is stopped for 12 s, and goes on", run: simple(plan{late: 17 * time.Second}, redisStopped)},
		{Name: "flushall", Short: true, What: "Redis forgets everything", run: simple(plan{noOrder: true}, flushAll)},
		{Name: "issuers", Short: true, What: "half of the accounts are another issuer's; a replica is killed", run: simple(plan{foreign: true}, serviceKilled)},
		{Name: "issuers-flushall", What: "the same accounts, and Redis forgets everything", run: simple(plan{foreign: true, noOrder: true}, flushAll)},
		{Name: "script-flush", Short: true, What: "Redis forgets the scripts, again and again", run: simple(plan{}, scriptFlush)},
		{Name: "replies-lost", Short: true, What: "replies are cut off after what they answer was done", run: simple(plan{link: true, doors: true}, repliesLost)},
		{Name: "timeouts", What: "replies don't come, and connections hang", run: simple(plan{link: true, doors: true}, timeouts)},
		{Name: "resets", What: "connections are reset", run: simple(plan{link: true, doors: true}, resets)},
		{Name: "latency", What: "replies of Redis take 20 to 60 ms", run: simple(plan{link: true}, latency)},
		{Name: "memory-full", Short: true, What: "Redis has no memory left", run: simple(plan{}, memoryFull)},
		{Name: "clock-redis", Clock: true, What: "the clock of Redis is set forward and back by 30 s", run: clockOfRedis},
		{Name: "clock-service", Step: true, What: "the clock of a replica of session-svc is set forward and back by 30 s", run: clockOfService},
		{Name: "promotion", Short: true, What: "a replica of Redis is promoted that has not got the last writes", run: promotion},
		{Name: "signed-out", Short: true, User: true, What: "people are signed out in each way, and Redis forgets it or fails over", run: signedOut},
		{Name: "sentinel", What: "the same, by Sentinel", run: sentinel},
		{Name: "resharding", What: "the accounts' slots move between the nodes of a Redis Cluster", run: resharding},
		{Name: "carousel", Short: true, What: "streams are stopped, replaced and started again to get more film", run: film(plan{}, carousel)},
		{Name: "shared", What: "twenty agents play from each address", run: film(plan{}, shared)},
		{Name: "replicas", What: "each address is asked at four replicas of content-svc at once", run: film(plan{contents: 4}, replicas)},
		{Name: "seeks", What: "players seek without end", run: film(plan{}, seeks)},
		{Name: "buffers", Short: true, What: "players play from their buffers in silence, while others want their slots", run: film(plan{}, buffers)},
		{Name: "ahead", What: "a player alone takes all the film that it gets", run: film(plan{}, ahead)},
		{Name: "segments", What: "segments are five times as long as the lease, and others want the slots", run: film(plan{}, segments)},
		{Name: "lowered", What: "a limit is lowered to two, and six streams that had lapsed go on", run: film(plan{}, lowered)},
		{Name: "starts", What: "an account starts and stops as fast as it can", run: film(fewStarts, started)},
		{Name: "ends", What: "streams are stopped while they are fetched, and the news of it is cut off", run: ends},
		{Name: "scaled", What: "replicas of session-svc come and are killed behind one address, and nobody notices", run: scaled},
		{Name: "told", Short: true, What: "another system is told of all, while session-svc, Redis and that system are killed", run: told},
		{Name: "redis-away", What: "Redis is away under load: new streams get 503 at once, the catalogue doesn't notice", run: redisAway},
	}
}

// authorized has other servers send the video. A start by a token that gets no answer is known to nobody, so there is none where answers are lost.
func authorized(tokens bool) plan {
	return plan{asked: true, tokens: tokens, noOrder: true, settings: []string{"AUTHORIZE=true"}}
}

// span returns how long something is broken.
func (t *trial) span() time.Duration {
	if t.setting.Short {
		return 3 * time.Second
	}
	return 8 * time.Second
}

func calm(ctx context.Context, t *trial) error { return wait.For(ctx, t.span()) }

func serviceKilled(ctx context.Context, t *trial) error {
	for i := range 2 {
		service := t.stack.Sessions[i]
		err := t.during(check.Failures|check.Away, func() error {
			service.Kill()
			if err := wait.For(ctx, Lease/2); err != nil {
				return err
			}
			return service.Start(ctx)
		})
		if err != nil || t.setting.Short {
			return err
		}
		if err := t.warm(ctx); err != nil {
			return err
		}
	}
	return nil
}

// stoppedFor is longer than the usual lease.
const stoppedFor = 12 * time.Second

func serviceStopped(ctx context.Context, t *trial) error {
	service := t.stack.Sessions[0]
	defer t.settle(ctx)
	return t.during(check.Failures|check.Away, func() error {
		service.Freeze()
		defer service.Thaw()
		return wait.For(ctx, stoppedFor)
	})
}

func redisKilled(keep []string) func(context.Context, Setting) (Verdict, error) {
	keepsAll := len(keep) == len(stack.KeepAlways) && keep[len(keep)-1] == "always"
	return simple(plan{keep: keep, noOrder: !keepsAll}, func(ctx context.Context, t *trial) error {
		excuse := check.Failures | check.Away
		if !keepsAll {
			excuse |= check.Forgets
		}
		defer t.settle(ctx)
		return t.during(excuse, func() error {
			t.redis.Kill()
			if err := wait.For(ctx, Lease/4); err != nil {
				return err
			}
			return t.redis.Start(ctx)
		})
	})
}

func redisStopped(ctx context.Context, t *trial) error {
	defer t.settle(ctx)
	return t.during(check.Failures|check.Away|check.Cut, func() error {
		t.redis.Freeze()
		defer t.redis.Thaw()
		return wait.For(ctx, stoppedFor)
	})
}

func flushAll(ctx context.Context, t *trial) error {
	for range 2 {
		err := t.during(check.Forgets, func() error { return t.redis.Admin.FlushAll(ctx).Err() })
		if err != nil {
			return err
		}
		if err := wait.For(ctx, 3*Lease); err != nil || t.setting.Short {
			return err
		}
	}
	return nil
}

func scriptFlush(ctx context.Context, t *trial) error {
	for end := t.recorder.Now() + t.span(); t.recorder.Now() < end; {
		if err := t.redis.Admin.ScriptFlush(ctx).Err(); err != nil {
			return err
		}
		if err := wait.For(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// broken sets faults on the link to Redis, and on the doors, for a while, and mends them.
func (t *trial) broken(ctx context.Context, redis, doors []fault.Fault, set func(*fault.Link, ...fault.Fault) error) error {
	defer t.settle(ctx)
	return t.during(check.Failures|check.Away, func() error {
		if err := set(t.link, redis...); err != nil {
			return err
		}
		for _, door := range t.doors {
			if err := set(door, doors...); err != nil {
				return err
			}
		}
		if err := wait.For(ctx, t.span()); err != nil {
			return err
		}
		for _, door := range t.doors {
			if err := door.Set(); err != nil {
				return err
			}
		}
		return t.link.Set()
	})
}

func repliesLost(ctx context.Context, t *trial) error {
	return t.broken(ctx, []fault.Fault{fault.LoseReplies(.05)}, []fault.Fault{fault.LoseReplies(.03)}, (*fault.Link).Set)
}

func timeouts(ctx context.Context, t *trial) error {
	if err := t.broken(ctx, []fault.Fault{fault.HoldReplies(.02)}, []fault.Fault{fault.HoldReplies(.01)}, (*fault.Link).Set); err != nil {
		return err
	}
	return t.during(check.Failures|check.Away|check.Cut, func() error {
		if err := t.link.Set(fault.Silence); err != nil {
			return err
		}
		if err := wait.For(ctx, Lease); err != nil {
			return err
		}
		return t.link.Set()
	})
}

func resets(ctx context.Context, t *trial) error {
	lost := []fault.Fault{fault.LoseRequests(.03), fault.LoseReplies(.03)}
	return t.broken(ctx, lost, lost[1:], (*fault.Link).Reset)
}

// memoryFull excuses starts alone: running streams must go on, and stop, when Redis is full.
func memoryFull(ctx context.Context, t *trial) error {
	set := func(limit string) error { return t.redis.Admin.ConfigSet(ctx, "maxmemory", limit).Err() }
	return t.during(check.Starts, func() error {
		if err := set("1mb"); err != nil { // less than an empty server needs
			return err
		}
		if err := wait.For(ctx, t.span()); err != nil {
			return err
		}
		return set("0")
	})
}

func latency(ctx context.Context, t *trial) error {
	if err := t.during(check.Failures, func() error { return t.link.Set(fault.Latency) }); err != nil {
		return err
	}
	t.settle(ctx)
	if err := wait.For(ctx, t.span()); err != nil {
		return err
	}
	defer t.settle(ctx)
	return t.during(check.Failures, func() error { return t.link.Set() })
}
