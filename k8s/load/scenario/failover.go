package scenario

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/fault"
	"streamgate/k8s/load/stack"
	"streamgate/libs/wait"
)

// pair is a primary and its replica.
type pair struct{ primary, replica *stack.Redis }

func (t *trial) pair(ctx context.Context) (p pair, err error) {
	if p.primary, err = t.startRedis(ctx, stack.RedisOptions{Name: "redis", Args: stack.KeepNothing}); err != nil {
		return p, err
	}
	args := append([]string{"--replicaof", "127.0.0.1 " + p.primary.Port}, stack.KeepNothing...)
	if p.replica, err = t.startRedis(ctx, stack.RedisOptions{Name: "replica", Args: args}); err != nil {
		return p, err
	}
	return p, until(ctx, func() (bool, error) {
		status, err := p.replica.Info(ctx, "replication", "master_link_status")
		return status == "up", err
	})
}

// cut cuts the link of the replica: it looks for its primary where nothing listens.
func (p pair) cut(ctx context.Context) error {
	return p.replica.Admin.ReplicaOf(ctx, "127.0.0.1", "1").Err()
}

// lag returns how many bytes the replica has not received.
func (p pair) lag(ctx context.Context) (int, error) {
	have, err := p.replica.Info(ctx, "replication", "master_repl_offset")
	if err != nil {
		return 0, err
	}
	has, err := p.primary.Info(ctx, "replication", "master_repl_offset")
	if err != nil {
		return 0, err
	}
	a, errA := strconv.Atoi(has)
	b, errB := strconv.Atoi(have)
	if errA != nil || errB != nil {
		return 0, fmt.Errorf("offsets %q and %q", has, have)
	}
	return a - b, nil
}

// cutOff cuts the link, and lets the primary decide without the replica for a while.
func (p pair) cutOff(ctx context.Context, t *trial) error {
	if err := p.cut(ctx); err != nil {
		return err
	}
	if err := wait.For(ctx, Lease/2); err != nil {
		return err
	}
	lag, err := p.lag(ctx)
	if err != nil {
		return err
	}
	t.notes = append(t.notes, fmt.Sprintf("the replica has not got %d bytes of the primary's writes", lag))
	if lag <= 0 {
		t.wrong = append(t.wrong, "the replica missed nothing, so that its promotion proves nothing")
	}
	return nil
}

// failOver kills the primary, which has decided what the replica has not received. Until it is over, what the players
// see is excused.
func (p pair) failOver(ctx context.Context, t *trial, takeOver func() error) error {
	defer t.settle(ctx)
	return t.during(check.Forgets, func() error {
		if err := p.cutOff(ctx, t); err != nil {
			return err
		}
		return t.during(check.Failures|check.Away, func() error {
			p.primary.Kill()
			return takeOver()
		})
	})
}

// linked starts a primary and its replica. The services reach the primary through the trial's link, which can lead to the replica.
func linked(servers *pair) func(context.Context, *trial) (url, mode string, err error) {
	return func(ctx context.Context, t *trial) (url, mode string, err error) {
		if *servers, err = t.pair(ctx); err != nil {
			return "", "", err
		}
		if t.link, err = fault.NewLink(servers.primary.Addr()); err != nil {
			return "", "", err
		}
		t.closers = append(t.closers, t.link.Close)
		return "redis://" + t.link.Addr() + "/0", "standalone", nil
	}
}

func promotion(ctx context.Context, s Setting) (Verdict, error) {
	var servers pair
	return simple(plan{redis: linked(&servers), noOrder: true}, func(ctx context.Context, t *trial) error {
		return servers.failOver(ctx, t, func() error {
			if err := wait.For(ctx, Lease/4); err != nil {
				return err
			}
			if err := servers.replica.Admin.ReplicaOf(ctx, "NO", "ONE").Err(); err != nil {
				return err
			}
			return t.link.Lead(servers.replica.Addr())
		})
	})(ctx, s)
}

// sentinels is how many watch; most of them must agree.
const sentinels = 3

func sentinel(ctx context.Context, s Setting) (Verdict, error) {
	var servers pair
	var watcher *redis.SentinelClient
	servicesRedis := func(ctx context.Context, t *trial) (url, mode string, err error) {
		if servers, err = t.pair(ctx); err != nil {
			return "", "", err
		}
		addresses, err := t.sentinels(ctx, servers.primary)
		if err != nil {
			return "", "", err
		}
		watcher = redis.NewSentinelClient(&redis.Options{Addr: addresses[0]})
		t.closers = append(t.closers, func() { _ = watcher.Close() })
		return "redis://" + addresses[0] + "/0?master_name=streams&addr=" + strings.Join(addresses[1:], "&addr="), "sentinel", nil
	}
	return simple(plan{redis: servicesRedis, noOrder: true}, func(ctx context.Context, t *trial) error {
		return servers.failOver(ctx, t, func() error {
			began := t.recorder.Now()
			err := until(ctx, func() (bool, error) {
				address, err := watcher.GetMasterAddrByName(ctx, "streams").Result()
				if err != nil || address[1] != servers.replica.Port {
					return false, nil //nolint:nilerr // it is electing
				}
				role, err := servers.replica.Info(ctx, "replication", "role")
				return role == "master", err
			})
			t.notes = append(t.notes, fmt.Sprintf("Sentinel took %v", (t.recorder.Now()-began).Round(time.Millisecond)))
			return err
		})
	})(ctx, s)
}

// sentinels starts the Sentinels of a primary, and waits until they know each other and its replica.
func (t *trial) sentinels(ctx context.Context, primary *stack.Redis) ([]string, error) {
	var addresses []string
	for i := range sentinels {
		name := fmt.Sprint("sentinel-", i)
		file := filepath.Join(t.setting.Dir, name+".conf")
		config := fmt.Sprintf("sentinel monitor streams 127.0.0.1 %s %d\nsentinel down-after-milliseconds streams 500\nsentinel failover-timeout streams 4000\n",
			primary.Port, sentinels/2+1)
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			return nil, err
		}
		s, err := t.startRedis(ctx, stack.RedisOptions{Name: name, Sentinel: file})
		if err != nil {
			return nil, err
		}
		addresses = append(addresses, s.Addr())
	}
	for _, address := range addresses {
		c := redis.NewSentinelClient(&redis.Options{Addr: address})
		err := until(ctx, func() (bool, error) {
			known, err := c.Master(ctx, "streams").Result()
			return known["num-slaves"] == "1" && known["num-other-sentinels"] == strconv.Itoa(sentinels-1), err
		})
		_ = c.Close() // nothing is lost
		if err != nil {
			return nil, fmt.Errorf("sentinel %s: %w", address, err)
		}
	}
	return addresses, nil
}

// until waits until done returns true.
func until(ctx context.Context, done func() (bool, error)) error {
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		if err := wait.For(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}
