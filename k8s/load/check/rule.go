package check

import (
	"time"

	"streamgate/k8s/load/history"
)

// Rule is what a history is held to.
type Rule struct {
	Lease time.Duration
	Limit int
	// Late is for how long after its call a request without an answer may still be carried out: as long as a process was stopped, and a bit.
	Late    time.Duration
	Windows []Window
}

// Window is a time in which something was broken on purpose, and what is excused by it.
type Window struct {
	From, To time.Duration
	Excuse   Excuse
}

// Excuse says what a window excuses.
type Excuse uint8

// The excuses.
const (
	// Failures excuses requests that fail between From and To.
	Failures Excuse = 1 << iota
	// Forgets says that the store may have lost, between From and To, what it was told before, or not have got it: ended streams may be back, and
	// for one lease after To, more leases may live than it knows of.
	Forgets
	// Away says that content-svc had nobody to ask: it serves on for a lease of grace.
	Away
	// Starts excuses starts that fail.
	Starts
	// Cut says that no replica of session-svc could ask the store: no lease was renewed, so that a lease of grace later nothing is served.
	Cut
)

// Any is every excuse.
const Any = Failures | Forgets | Away | Starts | Cut

// excused says whether a moment lies in a window of this kind, extended by so much at its end.
func (r *Rule) excused(excuse Excuse, from, to, extended time.Duration) bool {
	for _, w := range r.Windows {
		if w.Excuse&excuse != 0 && from <= w.To+extended && to >= w.From {
			return true
		}
	}
	return false
}

// forgot says whether the store may have forgotten, by a second request, what the first one did.
func (r *Rule) forgot(first, second *history.Op) bool {
	for _, w := range r.Windows {
		if w.Excuse&Forgets != 0 && first.Invoked <= w.To && second.Returned >= w.From {
			return true
		}
	}
	return false
}

// serving is how long an ended stream may still be served by what a replica of content-svc was told before.
func (r *Rule) serving() time.Duration { return r.Lease / 3 }

// refusedFor is how long content-svc repeats a refusal.
const refusedFor = time.Second

// Fault is a broken promise.
type Fault struct {
	What string
	Op   history.Op
}
