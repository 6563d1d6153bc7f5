package bench

import (
	"context"
	"fmt"

	"streamgate/k8s/load/bench/wire"
)

// openConnections are more than the load needs, so that a request hardly waits for one.
const openConnections = 256

// latency offers a mix at 10 to 110 % of the maximum, and starts at half of theirs, and measures how long answers take
// from the instant at which a request was due.
func (s *stage) latency(ctx context.Context) error {
	if err := s.warm(ctx); err != nil {
		return err
	}
	t := &table{}
	t.add("", "offered per s", "answered per s", "p50 ms", "p99 ms", "p99.9 ms", "not sent", "others' CPU")
	mixed := s.mixed()
	if err := s.playing(ctx, len(s.tokens)); err != nil {
		return err
	}
	maximum, err := s.calmly(func() (sample, error) { return s.closed(ctx, mixed) })
	if err != nil {
		return err
	}
	shares := []int{10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110}
	if s.Quick {
		shares = []int{10, 50, 90, 110}
	}
	for _, share := range shares {
		rate := maximum.rate * float64(share) / 100
		taken, err := s.calmly(func() (sample, error) { return s.open(ctx, mixed, rate) })
		if err != nil {
			return err
		}
		t.latency(fmt.Sprintf("mix at %d %%", share), rate, taken)
	}

	begin := func() error { return s.signedIn(ctx, 0, len(s.tokens)) }
	maximum, err = s.calmly(func() (sample, error) {
		if err := begin(); err != nil {
			return sample{}, err
		}
		return s.closed(ctx, plays(s.tokens))
	})
	if err != nil {
		return err
	}
	var p99 []float64
	for range s.rounds() {
		taken, err := s.calmly(func() (sample, error) {
			if err := begin(); err != nil {
				return sample{}, err
			}
			return s.open(ctx, plays(s.tokens), maximum.rate/2)
		})
		if err != nil {
			return err
		}
		t.latency("starts at 50 %", maximum.rate/2, taken)
		p99 = append(p99, taken.loaded.Quantile(.99).Seconds()*1000)
	}
	t.write(s.Out, fmt.Sprintf("Latency from the instant at which a request was due, Poisson arrivals, %v each, %d connections", s.lasts(), openConnections))
	s.goals.goal("p99 of a start at half of the maximum", "%.1f ms", 5, false, spreadOver(p99))
	return nil
}

func (s *stage) open(ctx context.Context, source wire.Source, rate float64) (sample, error) {
	return s.drive(ctx, func() (*wire.Load, error) {
		return wire.Open(ctx, s.service.Public, openConnections, source, rate, s.lasts())
	})
}

func (t *table) latency(name string, offered float64, taken sample) {
	l := taken.loaded
	t.add(name, whole(offered), whole(float64(l.Answers()-l.Late)/l.Took.Seconds()), ms(l.Quantile(.5)), ms(l.Quantile(.99)), ms(l.Quantile(.999)),
		whole(float64(l.Late)), percent(taken.foreign))
}
