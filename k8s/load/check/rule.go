package check

import (
	"time"

	"streamgate/k8s/load/history"
)

// Rule is what a history is checked against.
type Rule struct {
	Lease time.Duration
	Limit int
	// Late is how long after its call a request without an answer may still be carried out: as long as a process was
	// stopped, and a bit more.
	Late    time.Duration
	Windows []Window
	Film    Film
	// Limits are those of accounts that were changed, in the order of time.
	Limits []Limit
}

// Limit is a limit that an account got.
type Limit struct {
	Account  string
	From, To time.Duration // when it was set: the call and the return
	Limit    int
}

// Window is a time in which something was broken on purpose, and what it excuses.
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
	// Forgets means that between From and To the store may have lost what it was told before, or may not have received
	// it: ended streams may be back, and for one lease after To, more leases may live than it knows of.
	Forgets
	// Unpushed means that content-svc was not told of ends: it asks about each stream once in a third of a lease.
	Unpushed
	// Away means that content-svc could not ask session-svc: it serves on for a lease of grace.
	Away
	// Starts excuses starts that fail.
	Starts
	// Cut means that no replica of session-svc could ask the store: no lease was renewed, so nothing is served once a
	// lease of grace is over.
	Cut
)

// Any is every excuse.
const Any = Failures | Forgets | Unpushed | Away | Starts | Cut

// excused reports whether a time overlaps a window of this kind, whose end is extended by this much.
func (r *Rule) excused(excuse Excuse, from, to, extended time.Duration) bool {
	for _, w := range r.Windows {
		if w.Excuse&excuse != 0 && from <= w.To+extended && to >= w.From {
			return true
		}
	}
	return false
}

// limits returns the lowest and the highest limit that may have counted for an account between two moments.
func (r *Rule) limits(account string, from, to time.Duration) (least, most int) {
	least, most = r.Limit, r.Limit
	for _, l := range r.Limits {
		switch {
		case l.Account != account || l.From > to:
		case l.To < from:
			least, most = l.Limit, l.Limit
		default:
			least, most = min(least, l.Limit), max(most, l.Limit)
		}
	}
	return least, most
}

// most returns the highest limit that an account ever had.
func (r *Rule) most(account string) int {
	_, most := r.limits(account, 0, never)
	return most
}

// forgot reports whether the store may have forgotten, by a second request, what the first one did.
func (r *Rule) forgot(first, second *history.Op) bool {
	for _, w := range r.Windows {
		if w.Excuse&Forgets != 0 && first.Invoked <= w.To && second.Returned >= w.From {
			return true
		}
	}
	return false
}

// serving returns how long a replica of content-svc may still serve an ended stream because of an earlier answer.
func (r *Rule) serving() time.Duration { return r.Lease / 3 }

// refusedFor is how long content-svc repeats a refusal.
const refusedFor = time.Second

// Fault is a broken promise.
type Fault struct {
	What string
	Op   history.Op
}
