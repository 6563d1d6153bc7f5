package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"streamgate/k8s/load/bench/rig"
	"streamgate/k8s/load/bench/wire"
)

// row is one kind of measurement.
type row struct {
	name    string
	floor   string // the row that it is compared with
	do      func() (sample, error)
	samples []sample
}

const (
	renewFloor = "redis-benchmark, renew"
	startFloor = "redis-benchmark, start"
	ginEmpty   = "gin, empty handler"
	ginVerify  = "gin, verifies the token"
	heartbeats = "heartbeats"
	getStarts  = "starts, GET /content/:id/play"
)

// rates measures how many requests of each kind are answered in a second, in rounds: each round measures everything
// once, so that other load on the machine affects all alike.
func (s *stage) rates(ctx context.Context) error {
	empty, err := startServer(ctx, emptyServer)
	if err != nil {
		return err
	}
	defer empty.Kill()
	verify, err := startServer(ctx, verifyServer)
	if err != nil {
		return err
	}
	defer verify.Kill()
	if err := s.warm(ctx); err != nil {
		return err
	}
	load, mixed := s.heartbeats(s.tokens), s.mixed()
	gin := func(server *rig.Server) func() (sample, error) {
		return func() (sample, error) {
			return measure(server, absent{}, self{}, func() (int, error) {
				load, err := wire.Closed(ctx, server.Addr, s.Connections, load, s.lasts())
				if err != nil {
					return 0, err
				}
				return load.Answers(), nil
			})
		}
	}
	begun := func(set func() error, source func() wire.Source) func() (sample, error) {
		return func() (sample, error) {
			if err := set(); err != nil {
				return sample{}, err
			}
			return s.closed(ctx, source())
		}
	}
	full := func() error { return s.playing(ctx, len(s.tokens)) }
	none := func() error { return s.signedIn(ctx, 0, len(s.tokens)) }
	rows := []*row{
		{name: renewFloor, do: func() (sample, error) { return s.floorOfRenewals(ctx) }},
		{name: startFloor, do: func() (sample, error) { return s.floorOfStarts(ctx) }},
		{name: ginEmpty, floor: renewFloor, do: gin(empty)},
		{name: ginVerify, floor: renewFloor, do: gin(verify)},
		{name: heartbeats, floor: renewFloor, do: begun(full, func() wire.Source { return load })},
		{name: getStarts, floor: startFloor, do: begun(none, func() wire.Source { return plays(s.tokens) })},
		{name: "starts, POST /streams", floor: startFloor, do: begun(none, func() wire.Source { return starts(s.tokens) })},
		{name: "stops", floor: renewFloor, do: begun(full, func() wire.Source { return s.stops() })},
		{name: "lists", floor: renewFloor, do: begun(full, func() wire.Source {
			l := s.lists()
			l.once = false
			return l
		})},
		{name: "mix", floor: renewFloor, do: begun(full, func() wire.Source { mixed = s.mixed(); return mixed })},
	}
	for range s.rounds() {
		for _, r := range rows {
			taken, err := s.calmly(r.do)
			if err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
			r.samples = append(r.samples, taken)
		}
	}
	s.printRates(rows)
	return nil
}

func (s *stage) printRates(rows []*row) {
	find := func(name string) *row {
		return rows[slices.IndexFunc(rows, func(r *row) bool { return r.name == name })]
	}
	t := &table{}
	t.add("", "per s", "of redis-benchmark", "of gin+verify", "µs service", "µs Redis", "µs load", "objects", "bytes", "others' CPU")
	for _, r := range rows {
		ofRedis, ofGin := "", ""
		if r.floor != "" {
			ofRedis, ofGin = ratio(r, find(r.floor)).percent(), ratio(r, find(ginVerify)).percent()
		}
		cpu := func(figure func(sample) time.Duration) string {
			return us(time.Duration(spreadOf(r.samples, func(s sample) float64 { return float64(figure(s)) }).median))
		}
		t.add(r.name, whole(spreadOf(r.samples, func(s sample) float64 { return s.rate }).median), ofRedis, ofGin,
			cpu(func(s sample) time.Duration { return s.server }), cpu(func(s sample) time.Duration { return s.redis }),
			cpu(func(s sample) time.Duration { return s.load }),
			whole(spreadOf(r.samples, func(s sample) float64 { return s.objects }).median), whole(spreadOf(r.samples, func(s sample) float64 { return s.bytes }).median),
			percent(spreadOf(r.samples, func(s sample) float64 { return s.foreign }).median))
	}
	t.write(s.Out, fmt.Sprintf("Maximum, %d connections, %d accounts, %d rounds of %v: median, with the least and the largest ratio of a round",
		s.Connections, len(s.tokens), s.rounds(), s.lasts()))
	for _, r := range rows {
		s.complain(r.name, r.samples...)
		if r.name == heartbeats || r.name == getStarts {
			s.goals.goal(r.name+", of redis-benchmark with the same call", "%.0f %%", 60, true, ratio(r, find(r.floor)).asPercent())
			s.goals.goal(r.name+", of gin that only verifies the token", "%.0f %%", 50, true, ratio(r, find(ginVerify)).asPercent())
		}
	}
}

// ratio compares two rows round by round.
func ratio(r, floor *row) spread {
	var ratios []float64
	for i := range r.samples {
		ratios = append(ratios, r.samples[i].rate/floor.samples[i].rate)
	}
	return spreadOver(ratios)
}

// complain names answers of unexpected statuses.
func (s *stage) complain(name string, samples ...sample) {
	statuses := map[int]int{}
	for _, each := range samples {
		if each.loaded == nil {
			continue
		}
		for status, n := range each.loaded.Statuses {
			if status >= 400 {
				statuses[status] += n
			}
		}
	}
	if len(statuses) > 0 {
		line := fmt.Sprint(statuses)
		_, _ = fmt.Fprintf(s.Out, "  %s: refused or failed, by status: %s\n", name, strings.TrimPrefix(line, "map"))
	}
}
