package bench

import (
	"context"
	"runtime"
	"slices"
	"syscall"
	"time"

	"streamgate/k8s/load/bench/rig"
	"streamgate/k8s/load/bench/wire"
)

// sample is one measurement.
type sample struct {
	rate float64
	// CPU by request: of the server; of its Redis, if it has one; and of what makes the load.
	server, redis, load time.Duration
	objects, bytes      float64 // allocated by request
	foreign             float64 // share of the cores that other programs used meanwhile
	loaded              *wire.Load
}

// part is a program, or several, that takes part in a measurement.
type part interface{ CPU() time.Duration }

type self struct{}

// CPU implements part.
func (self) CPU() time.Duration { return used(syscall.RUSAGE_SELF) }

// children are the programs that this one started and that have ended, such as redis-benchmark.
type children struct{}

// CPU implements part.
func (children) CPU() time.Duration { return used(syscall.RUSAGE_CHILDREN) }

func used(whose int) time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(whose, &usage) // fails for no other argument
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// absent is a part that a measurement does without.
type absent struct{}

// CPU implements part.
func (absent) CPU() time.Duration { return 0 }

// calm is the share of the cores that other programs may use before a measurement is made again.
const calm = 0.1

// attempts is how often a measurement is made at most; the least disturbed one counts.
const attempts = 3

// patience is how long a run waits in all for other programs to be quiet.
type patience struct{ left time.Duration }

// calmly waits until other programs are quiet, and measures again while they disturb it.
func (p *patience) calmly(do func() (sample, error)) (sample, error) {
	var best sample
	for n := range attempts {
		p.wait()
		taken, err := do()
		if err != nil {
			return sample{}, err
		}
		if n == 0 || taken.foreign < best.foreign {
			best = taken
		}
		if best.foreign < calm {
			break
		}
	}
	return best, nil
}

// glance is how long it takes to see whether other programs are busy.
const glance = 200 * time.Millisecond

func (p *patience) wait() {
	for p.left > 0 {
		busy, began := rig.Busy(), time.Now()
		time.Sleep(glance)
		took := time.Since(began)
		if (rig.Busy() - busy).Seconds() < calm*took.Seconds()*float64(runtime.NumCPU()) {
			return
		}
		p.left -= took
	}
}

// measure runs a load and returns what it cost. do returns the number of requests.
func measure(server, redis, load part, do func() (int, error)) (sample, error) {
	parts := []part{server, redis, load}
	before := make([]time.Duration, len(parts))
	for i, p := range parts {
		before[i] = p.CPU()
	}
	busy, began := rig.Busy(), time.Now()
	n, err := do()
	if err != nil {
		return sample{}, err
	}
	took := time.Since(began)
	others := rig.Busy() - busy
	used := make([]time.Duration, len(parts))
	for i, p := range parts {
		used[i] = p.CPU() - before[i]
		others -= used[i]
	}
	n = max(n, 1)
	return sample{
		rate: float64(n) / took.Seconds(), server: used[0] / time.Duration(n), redis: used[1] / time.Duration(n), load: used[2] / time.Duration(n),
		foreign: max(0, others.Seconds()/took.Seconds()/float64(runtime.NumCPU())),
	}, nil
}

// drive measures a load on the service.
func (s *stage) drive(ctx context.Context, do func() (*wire.Load, error)) (sample, error) {
	var load *wire.Load
	heap := s.service.Heap(ctx)
	taken, err := measure(s.service, s.redis, self{}, func() (n int, err error) {
		if load, err = do(); err != nil {
			return 0, err
		}
		return load.Answers() - load.Late, nil
	})
	if err != nil {
		return sample{}, err
	}
	after := s.service.Heap(ctx)
	n := float64(max(load.Answers(), 1))
	taken.objects, taken.bytes = (after.Objects-heap.Objects)/n, (after.Bytes-heap.Bytes)/n
	taken.rate, taken.loaded = load.Rate(), load
	return taken, nil
}

// closed measures the maximum rate.
func (s *stage) closed(ctx context.Context, source wire.Source) (sample, error) {
	return s.drive(ctx, func() (*wire.Load, error) {
		return wire.Closed(ctx, s.service.Public, s.Connections, source, s.lasts())
	})
}

// spread is the median of some figures, with the least and the largest.
type spread struct{ median, least, largest float64 }

func spreadOf(samples []sample, figure func(sample) float64) spread {
	all := make([]float64, len(samples))
	for i, each := range samples {
		all[i] = figure(each)
	}
	return spreadOver(all)
}

func spreadOver(figures []float64) spread {
	if len(figures) == 0 {
		return spread{}
	}
	all := slices.Sorted(slices.Values(figures))
	return spread{all[len(all)/2], all[0], all[len(all)-1]}
}
