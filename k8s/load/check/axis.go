package check

import (
	"math"
	"slices"
	"time"

	"streamgate/k8s/load/history"
)

// axis relates the recorder's clock to the server's. Its instants are milliseconds of the server's clock with the steps
// taken out, so that later always is more.
type axis struct {
	lo, hi  float64 // bounds of the distance from the recorder's clock, ms
	lease   int64   // ms
	steps   []history.Step
	offsets []int64 // what the steps add up to, ms, before the first and after each
}

const never = math.MaxInt64 / 4

// unknownClock is the error of the distance, in ms, in a history that doesn't tell it.
const unknownClock = 1000

func newAxis(h *history.History, lease time.Duration, decisions []decision) *axis {
	a := &axis{lease: lease.Milliseconds(), lo: math.Inf(-1), hi: math.Inf(1), steps: h.Steps, offsets: []int64{0}}
	for _, s := range h.Steps {
		a.offsets = append(a.offsets, a.offsets[len(a.offsets)-1]+s.By.Milliseconds())
	}
	for _, d := range decisions {
		n := float64(d.at - a.offset(d.op.Invoked))
		a.lo = max(a.lo, n-ms(d.op.Returned))
		a.hi = min(a.hi, n+1-ms(d.op.Invoked))
	}
	if len(decisions) == 0 {
		wall := float64(h.Began.UnixMilli())
		a.lo, a.hi = wall-unknownClock, wall+unknownClock
	}
	return a
}

// decision is a request that tells the instant at which it was decided, in ms of the server's clock.
type decision struct {
	op *history.Op
	at int64
}

// disagreement returns by how much the server's times contradict each other: 0 for times of one clock.
func (a *axis) disagreement() time.Duration {
	return time.Duration(max(0, a.lo-a.hi) * float64(time.Millisecond))
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// earliest and latest bound what the server's clock, steps taken out, showed at a moment of the recorder's.
func (a *axis) earliest(t time.Duration) int64 { return int64(math.Floor(ms(t) + min(a.lo, a.hi))) }

func (a *axis) latest(t time.Duration) int64 {
	if t >= never {
		return never
	}
	return int64(math.Floor(ms(t) + max(a.lo, a.hi)))
}

// epoch counts the steps before a moment.
func (a *axis) epoch(t time.Duration) int {
	n := 0
	for n < len(a.steps) && a.steps[n].At <= t {
		n++
	}
	return n
}

// setBack reports whether the clock was set back between two moments.
func (a *axis) setBack(from, to time.Duration) bool {
	return slices.ContainsFunc(a.steps[a.epoch(from):max(a.epoch(from), a.epoch(to))], func(s history.Step) bool { return s.By < 0 })
}

// offset returns by how much the server's clock had been stepped by a moment.
func (a *axis) offset(t time.Duration) int64 { return a.offsets[a.epoch(t)] }

// instant returns the instant of a time that the server told at a moment.
func (a *axis) instant(server time.Time, told time.Duration) int64 {
	return server.UnixMilli() - a.offset(told)
}

// lapse returns when a lease lapses whose expiry was set at a moment: the earliest possible instant, or the latest. A
// clock that is set forward reaches the expiry earlier. When it is set back, the store moves the account's leases along
// at its next decision: a lease then has what it had left at the last decision before, so it lives longer by the time
// between the two.
func (a *axis) lapse(expires time.Time, set time.Duration, latest bool) int64 {
	raw := expires.UnixMilli()
	for e := a.epoch(set); e < len(a.steps); e++ {
		stepped := a.earliest(a.steps[e].At)
		if latest {
			stepped = a.latest(a.steps[e].At)
		}
		if end := raw - a.offsets[e]; end <= stepped {
			return end
		}
		if a.steps[e].By < 0 {
			raw += a.steps[e].By.Milliseconds()
			if latest {
				raw += a.lease
			}
			continue
		}
		if stepped+a.offsets[e+1] >= raw {
			return stepped
		}
	}
	return raw - a.offsets[len(a.offsets)-1]
}
