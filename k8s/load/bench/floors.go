package bench

import (
	"context"
	"fmt"
	"strconv"

	"streamgate/k8s/load/bench/rig"
)

// floorOfRenewals measures what redis-benchmark reaches with the call that a heartbeat makes, on the same accounts.
func (s *stage) floorOfRenewals(ctx context.Context) (sample, error) {
	if err := s.playing(ctx, len(s.tokens)); err != nil {
		return sample{}, err
	}
	return s.floor(ctx, s.scripts.renew.Anyone(s.template.ID))
}

// floorOfStarts does the same with starts, on accounts that have none yet, in a database of their own, which is emptied afterwards.
func (s *stage) floorOfStarts(ctx context.Context) (sample, error) {
	call, signedIn := s.scripts.start.OnNew(s.template.ID, s.idle)
	for _, name := range signedIn {
		if err := s.redis.Client.Copy(ctx, name, name, floorDatabase, true).Err(); err != nil {
			return sample{}, fmt.Errorf("floor: %w", err)
		}
	}
	taken, err := s.floor(ctx, call, "--dbnum", strconv.Itoa(floorDatabase))
	if err != nil {
		return sample{}, err
	}
	return taken, s.redis.Forget(ctx, floorDatabase)
}

const floorDatabase = 1

func (s *stage) floor(ctx context.Context, call rig.Command, options ...string) (sample, error) {
	calls := int(s.lasts().Seconds() * 40_000) // about as long as the other measurements take
	keys := len(s.tokens)
	if len(options) > 0 {
		keys = 1_000_000_000
	}
	var rate float64
	taken, err := measure(s.redis, absent{}, children{}, func() (_ int, err error) {
		rate, err = s.redis.Benchmark(ctx, s.Connections, calls, keys, append(options, call...)...)
		return calls, err
	})
	taken.server, taken.redis, taken.rate = 0, taken.server, rate
	return taken, err
}
