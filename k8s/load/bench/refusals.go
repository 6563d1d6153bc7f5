package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"streamgate/k8s/load/bench/rig"
)

// refusals measures starts of which a share is refused, since the account has all of its streams.
func (s *stage) refusals(ctx context.Context) error {
	if err := s.warm(ctx); err != nil {
		return err
	}
	shares := []int{0, 10, 50, 90}
	samples := make([][]sample, len(shares))
	for range s.rounds() {
		for i, share := range shares {
			taken, err := s.calmly(func() (sample, error) { return s.refusal(ctx, share) })
			if err != nil {
				return err
			}
			samples[i] = append(samples[i], taken)
		}
	}
	t := &table{}
	t.add("refused", "starts per s", "of none refused", "p99 ms", "µs service", "µs Redis", "objects", "bytes", "others' CPU")
	for i, share := range shares {
		of := func(figure func(sample) float64) float64 { return spreadOf(samples[i], figure).median }
		ratios := make([]float64, len(samples[i]))
		for n := range ratios {
			ratios[n] = samples[i][n].rate / samples[0][n].rate
		}
		t.add(fmt.Sprintf("%d %%", share), whole(of(func(s sample) float64 { return s.rate })), spreadOver(ratios).percent(),
			fmt.Sprintf("%.2f", of(func(s sample) float64 { return s.loaded.Quantile(.99).Seconds() * 1000 })),
			us(time.Duration(of(func(s sample) float64 { return float64(s.server) }))), us(time.Duration(of(func(s sample) float64 { return float64(s.redis) }))),
			whole(of(func(s sample) float64 { return s.objects })), whole(of(func(s sample) float64 { return s.bytes })),
			percent(of(func(s sample) float64 { return s.foreign })))
	}
	t.write(s.Out, "Starts by the share that is refused, closed loop")
	return nil
}

// refusal returns one half of the accounts all of their streams, and the other half none.
func (s *stage) refusal(ctx context.Context, share int) (sample, error) {
	half := len(s.tokens) / 2
	if err := s.playing(ctx, half); err != nil {
		return sample{}, err
	}
	if err := s.signedIn(ctx, half, len(s.tokens)); err != nil {
		return sample{}, err
	}
	granted, random := starts(s.tokens[half:]), rand.New(rand.NewPCG(7, 8)) //nolint:gosec // the same in each run
	mixed := &list{once: true}
	for _, each := range granted.requests {
		for random.IntN(100) < share {
			mixed.requests = append(mixed.requests, startRequest(s.tokens[random.IntN(half)], random.IntN(rig.Limit)))
		}
		mixed.requests = append(mixed.requests, each)
	}
	return s.closed(ctx, mixed)
}
