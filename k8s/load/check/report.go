package check

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"streamgate/k8s/load/history"
)

// Report is what the checks found in a history.
type Report struct {
	Admitted int           // leases granted
	Refused  int           // requests that the rule refused
	Overlap  Overlap       // of leases, by the server's times
	Excused  Overlap       // the same where a loss of memory excuses it
	Served   Overlap       // of video served, on the recorder's clock
	Screens  Overlap       // of players that had film to play, on the recorder's clock
	Film     Excess        // of film sent
	Clock    time.Duration // by how much the server's times contradict each other
	Wrong    []Fault       // refusals while a slot was free
	Broken   []Fault       // other broken promises
	Failed   []Fault       // requests that failed
	Held     int           // requests that failed and may, or were held back
}

// tolerance is by how much clocks may drift apart during a history.
const tolerance = 100 * time.Millisecond

// Run applies all checks but Linearizable.
func Run(h history.History, rule Rule) Report {
	v := newView(&h, rule)
	r := Report{
		Served: v.served(), Screens: v.screens(), Film: v.film(),
		Wrong:  append(v.refusals(), v.lost()...),
		Broken: slices.Concat(v.ends(), v.grace(), v.hold(), v.ahead(), v.overStarted()),
	}
	r.Overlap, r.Excused = v.leases()
	for _, s := range v.streams {
		r.Admitted += len(s.grants)
	}
	if r.Clock = v.axis.disagreement(); r.Clock <= tolerance {
		r.Clock = 0
	}
	for _, op := range v.ops {
		switch {
		case op.Refused():
			r.Refused++
		case !v.failed(op):
		case v.mayFail(op):
			r.Held++
		default:
			r.Failed = append(r.Failed, Fault{"failed", *op})
		}
	}
	return r
}

// faults returns what the checks find wrong with each request; a check returns "" if nothing is.
func (v *view) faults(checks ...func(op *history.Op) string) []Fault {
	var faults []Fault
	for _, op := range v.ops {
		for _, check := range checks {
			if why := check(op); why != "" {
				faults = append(faults, Fault{why, *op})
			}
		}
	}
	return faults
}

// failed reports whether the answer to a request is not one of the contract.
func (v *view) failed(op *history.Op) bool {
	switch op.Answer.Status {
	case http.StatusNotFound:
		return op.Verb == history.Start && op.Replace == ""
	case http.StatusGone:
		return op.Verb == history.Start && op.Key == ""
	case 0, http.StatusBadRequest: // half of a request is a bad one
		return !op.Hasty
	case http.StatusUnauthorized:
		for _, out := range v.signOuts[cmp.Or(op.By, op.Session)] {
			if out.Invoked < op.Returned {
				return false
			}
		}
		return true
	}
	return !op.Done() && !op.Refused() && !op.Slowed()
}

// mayFail reports whether a failure is excused.
func (v *view) mayFail(op *history.Op) bool {
	return op.Held() && v.rule.excused(Any, op.Invoked, op.Returned, 2*v.rule.Lease) ||
		op.Verb == history.Start && v.rule.excused(Starts, op.Invoked, op.Returned, 0) ||
		op.Verb == history.Fetch && v.rule.excused(Away, op.Invoked, op.Returned, v.rule.Lease) ||
		v.rule.excused(Failures, op.Invoked, op.Returned, 0)
}

// OK reports whether nothing was wrong.
func (r *Report) OK() bool {
	exceeded := r.Overlap.Exceeded() || r.Served.Exceeded() || r.Screens.Exceeded() || r.Film.By > 0
	return !exceeded && r.Clock == 0 && len(r.Wrong) == 0 && len(r.Broken) == 0 && len(r.Failed) == 0
}
