package wire

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// Load is the result of a load.
type Load struct {
	Took     time.Duration
	Statuses map[int]int
	// Late is how many requests were due and never sent, since no connection was free in time.
	Late int

	latencies []time.Duration
	sorted    bool
}

func newLoad() *Load {
	return &Load{Statuses: map[int]int{}, latencies: make([]time.Duration, 0, 1<<18)}
}

func (l *Load) add(status int, took time.Duration) {
	l.Statuses[status]++
	l.latencies = append(l.latencies, took)
}

// Answers returns the number of answers.
func (l *Load) Answers() int { return len(l.latencies) }

// Rate returns the answers per second.
func (l *Load) Rate() float64 { return float64(len(l.latencies)) / l.Took.Seconds() }

// Quantile returns the latency that a share q of all requests did not exceed, exactly. A request that was never sent
// counts with at least the whole time that it waited.
func (l *Load) Quantile(q float64) time.Duration {
	if len(l.latencies) == 0 {
		return 0
	}
	if !l.sorted {
		slices.Sort(l.latencies)
		l.sorted = true
	}
	return l.latencies[min(int(q*float64(len(l.latencies))), len(l.latencies)-1)]
}

// Failures returns how many answers had a status other than these.
func (l *Load) Failures(expected ...int) int {
	n := 0
	for status := range maps.Keys(l.Statuses) {
		if !slices.Contains(expected, status) {
			n += l.Statuses[status]
		}
	}
	return n
}

// Closed keeps every connection busy: the next request follows the answer. It ends with the time or the source's last
// request, and so finds the maximum. Latencies count from sending.
func Closed(ctx context.Context, addr string, connections int, source Source, lasts time.Duration) (*Load, error) {
	return run(ctx, addr, connections, source, asap(lasts))
}

type asap time.Duration

func (a asap) due(now time.Duration) (at, wait time.Duration, ok bool) { return now, 0, true }

func (a asap) over(now time.Duration) bool { return now >= time.Duration(a) }

// Open sends requests at a rate, at random instants (Poisson's), whatever the answers do. Latencies count from the instant at which a
// request was due, so that a server that stalls cannot hide it (no coordinated omission).
func Open(ctx context.Context, addr string, connections int, source Source, rate float64, lasts time.Duration) (*Load, error) {
	random := rand.New(rand.NewPCG(1, uint64(rate))) //nolint:gosec // the same instants in each run
	p := &poisson{lasts: lasts}
	for at := time.Duration(0); at < lasts; {
		at += time.Duration(random.ExpFloat64() / rate * float64(time.Second))
		p.instants = append(p.instants, at)
	}
	load, err := run(ctx, addr, connections, source, p)
	if err != nil {
		return nil, err
	}
	for _, at := range p.instants {
		if at < lasts {
			load.Late++
			load.latencies = append(load.latencies, load.Took-at)
		}
	}
	return load, nil
}

type poisson struct {
	instants []time.Duration // still to come
	lasts    time.Duration
}

func (p *poisson) due(now time.Duration) (at, wait time.Duration, ok bool) {
	if p.over(now) {
		return 0, time.Second, false
	}
	if next := p.instants[0]; next > now {
		return 0, next - now, false
	}
	at, p.instants = p.instants[0], p.instants[1:]
	return at, 0, true
}

func (p *poisson) over(now time.Duration) bool { return len(p.instants) == 0 || now >= p.lasts }
