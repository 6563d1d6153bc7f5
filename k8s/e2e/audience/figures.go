package audience

import (
	"fmt"
	"slices"
	"time"

	"streamgate/k8s/load/check"
)

// Request is a request that was made.
type Request struct {
	What string
	Due  time.Time
	Took time.Duration // since it was due
	// Status is 0 if no answer came.
	Status     int
	RetryAfter bool
	// Fault says what is wrong with the answer, if anything is.
	Fault string
}

// Figures are the results of a load.
type Figures struct {
	Began    time.Time
	Took     time.Duration
	Requests []Request // in the order of their ends
	Lost     []string  // streams that ended or lapsed without being stopped
	// Rule is the report of the checks of the stream rule on all that the players were told.
	Rule check.Report
}

// Failed returns the requests that failed.
func (f *Figures) Failed() []Request {
	return slices.DeleteFunc(slices.Clone(f.Requests), func(r Request) bool { return r.Fault == "" })
}

// Quantile returns the time within which this share of the requests was answered.
func (f *Figures) Quantile(share float64) time.Duration {
	times := make([]time.Duration, 0, len(f.Requests))
	for _, r := range f.Requests {
		times = append(times, r.Took)
	}
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(int(share*float64(len(times))), len(times)-1)]
}

// Broken returns how the stream rule was broken, if it was.
func (f *Figures) Broken() []string {
	var all []string
	for what, overlap := range map[string]check.Overlap{"leases lived": f.Rule.Overlap, "streams were served": f.Rule.Served} {
		if overlap.Exceeded() {
			all = append(all, fmt.Sprintf("%d more %s than the limit, up to %v: account %s, streams %v",
				overlap.Leases, what, overlap.Worst, overlap.Account, overlap.Streams))
		}
	}
	for _, fault := range slices.Concat(f.Rule.Wrong, f.Rule.Broken) {
		all = append(all, fmt.Sprintf("%s: %s of stream %q: %d %s", fault.What, fault.Op.Verb, fault.Op.Stream, fault.Op.Answer.Status, fault.Op.Answer.Code))
	}
	return all
}
