package report

import (
	"slices"
	"time"

	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/stream"
)

// RefusalReasons are why starts are refused, in the order in which Counts has them.
var RefusalReasons = []events.Reason{events.LimitReached, events.TooManyStarts, events.Recovering}

// EndReasons are why streams end, in the order in which Counts has them.
var EndReasons = []events.Reason{
	events.Reason(stream.Stopped), events.Reason(stream.Replaced), events.Reason(stream.Terminated), events.Reason(stream.SessionEnded),
	events.Reason(stream.Evicted), events.Undone,
}

// Bounds are the upper bounds of durations, in the order in which Counts has them. What is longer is counted behind the last one.
var Bounds = []time.Duration{
	10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
	45 * time.Minute, time.Hour, 90 * time.Minute, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour, 8 * time.Hour, 12 * time.Hour,
}

// Counts say what happened in a time, in all accounts together, or on one kind of device, or with one content.
type Counts struct {
	Peak   int           // the most streams that held slots at once
	Played time.Duration // the time that they held them, all together
	Starts int           // granted
	// Lapses and Resumptions are leases that ran out, and streams that went on afterwards.
	Lapses, Resumptions int
	Refusals            [3]int // refused starts, by RefusalReasons
	Ends                [6]int // by EndReasons
	// Levels has, for each number of streams, the accounts that had as many at once at most in a minute: the sum over all minutes.
	Levels map[int]int
	// Granted and Denied have, for each number of streams, the starts that would have made them as many.
	Granted, Denied map[int]int
	Durations       [17]int       // of holds that were over, by Bounds
	Held            time.Duration // all of them together
}

// Add adds what happened in another time.
func (c *Counts) Add(o *Counts) {
	c.Peak = max(c.Peak, o.Peak)
	c.Played += o.Played
	c.Starts += o.Starts
	c.Lapses += o.Lapses
	c.Resumptions += o.Resumptions
	c.Held += o.Held
	add(c.Refusals[:], o.Refusals[:])
	add(c.Ends[:], o.Ends[:])
	add(c.Durations[:], o.Durations[:])
	for _, each := range []struct{ to, from *map[int]int }{{&c.Levels, &o.Levels}, {&c.Granted, &o.Granted}, {&c.Denied, &o.Denied}} {
		for level, n := range *each.from {
			count(each.to, level, n)
		}
	}
}

func add(to, from []int) {
	for i, n := range from {
		to[i] += n
	}
}

func count(in *map[int]int, level, n int) {
	if *in == nil {
		*in = map[int]int{}
	}
	(*in)[level] += n
}

// over counts a hold that was over.
func (c *Counts) over(lasted time.Duration) {
	i, _ := slices.BinarySearch(Bounds, lasted)
	c.Durations[i]++
	c.Held += lasted
}

// Over returns how many holds were over.
func (c *Counts) Over() (n int) {
	for _, in := range c.Durations {
		n += in
	}
	return n
}

// Quantile returns a duration that such a share of the holds did not last longer than: one between the bounds that theirs is between. It is 0 where
// none was over.
func (c *Counts) Quantile(share float64) time.Duration {
	rank, below := share*float64(c.Over()), 0.
	for i, n := range c.Durations {
		if n == 0 || below+float64(n) < rank {
			below += float64(n)
			continue
		}
		if i == len(Bounds) {
			break
		}
		from := time.Duration(0)
		if i > 0 {
			from = Bounds[i-1]
		}
		return from + time.Duration((rank-below)/float64(n)*float64(Bounds[i]-from)).Round(time.Millisecond)
	}
	if c.Over() == 0 {
		return 0
	}
	return Bounds[len(Bounds)-1]
}
