package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"streamgate/k8s/load/bench/rig"
	"streamgate/k8s/load/bench/wire"
)

// mostTokens is how many accounts take part in one measurement through the service at most: each needs a token.
const mostTokens = 60_000

// sizes measures how memory and speed depend on the number of accounts.
func (s *stage) sizes(ctx context.Context) error {
	sizes := []int{1000, 10_000, 100_000, 1_000_000}
	if s.Quick {
		sizes = sizes[:3]
	}
	t := &table{}
	var bytes []float64
	t.add("", "bytes of leases", "of sessions", "renewals per s", "µs Redis", "heartbeats per s", "µs Redis", "µs service", "tokens", "others' CPU")
	for _, n := range sizes {
		row, each, err := s.size(ctx, n)
		if err != nil {
			return err
		}
		t.add(row...)
		bytes = append(bytes, each)
	}
	t.write(s.Out, "Accounts, three streams each: bytes of Redis by account (used_memory), renewals by redis-benchmark, heartbeats through the service")
	s.goals.goal("bytes of Redis for an account with three streams", "%.0f", 300, false, spreadOver(bytes))
	return nil
}

// size returns a row of the table, and the bytes of an account's leases.
func (s *stage) size(ctx context.Context, n int) ([]string, float64, error) {
	state, err := s.full(ctx)
	if err != nil {
		return nil, 0, err
	}
	leases := state.Without(s.idle)
	// What was there before must not be measured too.
	for _, c := range []*rig.Copy{leases, s.idle} {
		if err := s.redis.Clear(ctx, c, 0, max(n, len(s.tokens))); err != nil {
			return nil, 0, err
		}
	}
	before := s.redis.Info(ctx, "memory", "used_memory")
	if err := s.redis.Paste(ctx, s.idle, 0, n); err != nil {
		return nil, 0, err
	}
	signedIn := s.redis.Info(ctx, "memory", "used_memory")
	if err := s.redis.Paste(ctx, leases, 0, n); err != nil {
		return nil, 0, err
	}
	playing := s.redis.Info(ctx, "memory", "used_memory")
	each := func(bytes int64) float64 { return float64(bytes) / float64(n) }

	floor, err := s.calmly(func() (sample, error) {
		calls := int(s.lasts().Seconds() * 40_000)
		var rate float64
		taken, err := measure(absent{}, s.redis, children{}, func() (_ int, err error) {
			rate, err = s.redis.Benchmark(ctx, s.Connections, calls, n, s.scripts.renew.Anyone(s.template.ID)...)
			return calls, err
		})
		taken.rate = rate
		return taken, err
	})
	if err != nil {
		return nil, 0, err
	}
	tokens, err := s.drawn(n)
	if err != nil {
		return nil, 0, err
	}
	source := s.heartbeats(tokens)
	// Once around, so that the service has seen every token.
	if _, err := wire.Closed(ctx, s.service.Public, s.Connections, source, 2*time.Second); err != nil {
		return nil, 0, err
	}
	taken, err := s.calmly(func() (sample, error) { return s.closed(ctx, source) })
	if err != nil {
		return nil, 0, err
	}
	s.complain(fmt.Sprint(n, " accounts"), taken)
	return []string{
		strconv.Itoa(n), whole(each(playing - signedIn)), whole(each(signedIn - before)), whole(floor.rate), us(floor.redis),
		whole(taken.rate), us(taken.redis), us(taken.server),
		strconv.Itoa(len(tokens)), percent(max(floor.foreign, taken.foreign)),
	}, each(playing - signedIn), nil
}

// drawn returns the tokens of accounts drawn at random from n.
func (s *stage) drawn(n int) ([]string, error) {
	if n <= len(s.tokens) {
		return s.tokens[:n], nil
	}
	tokens := make([]string, 0, min(n, mostTokens))
	for _, account := range rand.New(rand.NewPCG(5, 6)).Perm(n)[:min(n, mostTokens)] { //nolint:gosec // the same in each run
		token, err := s.world.Token(rig.AccountID(account), s.template.Session)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}
