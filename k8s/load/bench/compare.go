package bench

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"streamgate/k8s/load/bench/rig"
	"streamgate/k8s/load/bench/wire"
)

// Kinds are the names of what can be compared.
var Kinds = []string{"heartbeats", "starts", "stops", "lists", "mix"}

// compare measures two builds of the service in turn, each over a Redis of its own, and prints how the second differs from the first.
func compare(ctx context.Context, o Options, world *rig.World) error {
	traces, stop, err := o.tracing(ctx)
	if err != nil {
		return err
	}
	defer stop()
	var stages []*stage
	for i, source := range []string{o.Service, cmp.Or(o.Against, o.Service)} {
		each := o
		if i == 1 {
			each.Settings = slices.Concat(o.Settings, traces)
		}
		each.Work = filepath.Join(o.Work, fmt.Sprintf("build%d", i+1))
		s, err := newStage(ctx, each, world, source)
		if err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		defer s.close()
		if err := s.warm(ctx); err != nil {
			return err
		}
		stages = append(stages, s)
	}
	kinds := slices.DeleteFunc(slices.Clone(Kinds), func(kind string) bool { return !o.wants(kind) })
	samples := map[string][][]sample{}
	for range o.rounds() {
		for _, kind := range kinds {
			var pair []sample
			for _, s := range stages {
				taken, err := s.kind(ctx, kind)
				if err != nil {
					return fmt.Errorf("%s: %w", kind, err)
				}
				pair = append(pair, taken)
			}
			samples[kind] = append(samples[kind], pair)
		}
	}
	t := &table{}
	t.add("", "per s", "of the other", "rate", "µs service", "of the other", "µs Redis", "of the other", "CPU of both", "objects", "of the other", "others' CPU")
	for _, kind := range kinds {
		t.add(compared(kind, samples[kind])...)
	}
	other := cmp.Or(o.Against, "the same")
	if o.Traces > 0 {
		other += fmt.Sprintf(" with traces of %g", o.Traces)
	}
	t.write(o.Out, fmt.Sprintf("%s, then %s, in turn: median, with the least and the largest ratio of a round", o.Service, other))
	return nil
}

// compared returns the row for rounds of two samples.
func compared(kind string, rounds [][]sample) []string {
	of := func(which int, figure func(sample) float64) float64 {
		var all []float64
		for _, pair := range rounds {
			all = append(all, figure(pair[which]))
		}
		return spreadOver(all).median
	}
	change := func(figure func(sample) float64) string {
		var all []float64
		for _, pair := range rounds {
			all = append(all, figure(pair[1])/figure(pair[0]))
		}
		return spreadOver(all).percent()
	}
	rate := func(s sample) float64 { return s.rate }
	server, redis := func(s sample) float64 { return float64(s.server) }, func(s sample) float64 { return float64(s.redis) }
	both, objects := func(s sample) float64 { return float64(s.server + s.redis) }, func(s sample) float64 { return s.objects }
	foreign := func(s sample) float64 { return s.foreign }
	cpu := func(which int, figure func(sample) float64) string { return us(time.Duration(of(which, figure))) }
	return []string{
		kind, whole(of(0, rate)), whole(of(1, rate)), change(rate), cpu(0, server), cpu(1, server), cpu(0, redis), cpu(1, redis), change(both),
		whole(of(0, objects)), whole(of(1, objects)), percent(max(of(0, foreign), of(1, foreign))),
	}
}

// kind measures one kind of requests.
func (s *stage) kind(ctx context.Context, kind string) (sample, error) {
	var source wire.Source
	set := func() error { return s.playing(ctx, len(s.tokens)) }
	switch kind {
	case "heartbeats":
		source = s.heartbeats(s.tokens)
	case "starts":
		source, set = plays(s.tokens), func() error { return s.signedIn(ctx, 0, len(s.tokens)) }
	case "stops":
		source = s.stops()
	case "lists":
		source = s.lists()
	default:
		source = s.mixed()
	}
	if err := set(); err != nil {
		return sample{}, err
	}
	return s.closed(ctx, source)
}
