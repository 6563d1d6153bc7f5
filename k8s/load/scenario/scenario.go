package scenario

import (
	"context"
	"fmt"
	"time"

	"streamgate/k8s/load/check"
)

// Lease and Limit are those of all scenarios. The lease is the shortest that session-svc allows, since all times of the rule are multiples of it.
const (
	Lease = 2 * time.Second
	Limit = 3
)

// Programs are the files of the programs that a scenario runs.
type Programs struct {
	Session string // session-svc
	Stepped string // session-svc with a clock that can be set, or "" if no scenario needs it
	Content string // content-svc
	User    string // user-svc, or "" if no scenario needs it
	Clock   string // the library that gives Redis a clock that can be set, or ""
}

// Setting is what a scenario runs in.
type Setting struct {
	Programs

	Dir      string // its own, for logs and files
	MongoURI string
	Short    bool
	Seed     uint64
}

// Scenario is one thing that is broken.
type Scenario struct {
	Name  string
	What  string
	Short bool // it is part of the shorter cut
	Clock bool // it needs Programs.Clock
	Step  bool // it needs Programs.Stepped
	User  bool // it needs Programs.User

	run func(ctx context.Context, s Setting) (Verdict, error)
}

// Verdict is the result of a scenario.
type Verdict struct {
	check.Report

	Linear  check.Linear
	Leaked  int      // slots that were not free a lease after all players had stopped or died
	Besides []string // what else is not as promised
	Notes   []string // figures worth showing
	Took    time.Duration
}

// OK reports whether everything was as promised.
func (v *Verdict) OK() bool {
	return v.Report.OK() && v.Leaked == 0 && len(v.Besides) == 0 && len(v.Linear.None) == 0 && v.Linear.Undecided == 0
}

// Kinds names the checks that found something, for a table.
func (v *Verdict) Kinds() []string {
	var kinds []string
	for _, k := range []struct {
		found bool
		name  string
	}{
		{v.Overlap.Exceeded(), "overlap"},
		{v.Served.Exceeded(), "served"},
		{v.Screens.Exceeded(), "screens"},
		{v.Film.By > 0, "film"},
		{v.Clock > 0, "clock"},
		{v.Leaked > 0, "leaked"},
		{len(v.Wrong) > 0, "wrong refusals"},
		{len(v.Broken) > 0, "broken"},
		{len(v.Failed) > 0, "failed"},
		{len(v.Besides) > 0, "besides"},
		{len(v.Linear.None) > 0, "no order"},
		{v.Linear.Undecided > 0, "undecided"},
	} {
		if k.found {
			kinds = append(kinds, k.name)
		}
	}
	return kinds
}

// Run runs the scenario in a bounded time.
func (s *Scenario) Run(ctx context.Context, in Setting) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	began := time.Now()
	v, err := s.run(ctx, in)
	v.Took = time.Since(began)
	if err == nil && ctx.Err() != nil {
		err = fmt.Errorf("out of time: %w", ctx.Err())
	}
	return v, err
}

// Faults returns what was wrong, at most this many examples of each kind.
func (v *Verdict) Faults(most int) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	for what, overlap := range map[string]check.Overlap{
		"leases lived": v.Overlap, "streams were served": v.Served, "players had film to play": v.Screens,
	} {
		if overlap.Exceeded() {
			add("%d more %s than the limit, %d times, up to %v: account %s, streams %v",
				overlap.Leases, what, overlap.Times, overlap.Worst, overlap.Account, overlap.Streams)
		}
	}
	if v.Film.By > 0 {
		add("account %s was sent %v of film beyond what its slots may be sent", v.Film.Account, v.Film.By)
	}
	if v.Clock > 0 {
		add("the times of the answers contradict each other by %v", v.Clock)
	}
	if v.Leaked > 0 {
		add("%d slots were still taken a lease after all players had stopped or died", v.Leaked)
	}
	for _, faults := range [][]check.Fault{v.Wrong, v.Broken, v.Failed} {
		for i, f := range faults {
			if i == most {
				add("… and %d more", len(faults)-most)
				break
			}
			add("%s: %s of account %s, stream %q, session %s, at %v to %v: %d %s %s %+v", f.What, f.Op.Verb, f.Op.Account, f.Op.Stream, f.Op.Session,
				f.Op.Invoked, f.Op.Returned, f.Op.Answer.Status, f.Op.Answer.Code, f.Op.Answer.Detail, f.Op.Answer.Streams)
		}
	}
	if len(v.Linear.None) > 0 {
		add("no order explains the answers of accounts %v", v.Linear.None)
	}
	if v.Linear.Undecided > 0 {
		add("no order was found in time for %d accounts", v.Linear.Undecided)
	}
	for i, besides := range v.Besides {
		if i == most {
			add("… and %d more", len(v.Besides)-most)
			break
		}
		add("%s", besides)
	}
	return all
}
