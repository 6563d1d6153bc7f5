package check

import (
	"time"

	"streamgate/k8s/load/history"
)

// leases checks that at no instant more leases than the limit surely lived, by the server's own times. Excesses that a
// loss of memory excuses are returned apart.
func (v *view) leases() (overlap, excused Overlap) {
	byAccount := map[string][]span{}
	for _, s := range v.streams {
		byAccount[s.account] = append(byAccount[s.account], v.lived(s)...)
	}
	for account, spans := range byAccount {
		all := sweep(account, spans, v.rule.most(account), time.Millisecond)
		for _, w := range v.rule.Windows {
			if w.Excuse&Forgets != 0 {
				spans = subtract(spans, v.axis.earliest(w.From), v.axis.latest(w.To+v.rule.Lease))
			}
		}
		inside := sweep(account, spans, v.rule.most(account), time.Millisecond)
		overlap.add(inside)
		if all.Exceeded() && !inside.Exceeded() {
			excused.add(all)
		}
	}
	for _, op := range v.ops { // what one answer shows lives at one instant
		if over := len(op.Answer.Streams) - v.rule.most(op.Account); over > 0 {
			shown := Overlap{Leases: over, Times: 1, Account: op.Account}
			for _, listed := range op.Answer.Streams {
				shown.Streams = append(shown.Streams, listed.ID)
			}
			if v.rule.excused(Forgets, op.Invoked, op.Returned, v.rule.Lease) {
				excused.add(shown)
			} else {
				overlap.add(shown)
			}
		}
	}
	return overlap, excused
}

// lived returns the times in which a lease surely lived.
func (v *view) lived(s *stream) []span {
	ends := v.enders(s)
	var spans []span
	add := func(from int64, expires time.Time, set time.Duration) {
		to := v.axis.lapse(expires, set, false)
		for _, e := range ends {
			switch {
			case e.to < from: // the lease lived after that, so that didn't end it: an end is final
			default:
				to = min(to, max(from, e.from))
			}
		}
		if to > from {
			spans = append(spans, span{from, to, s.id})
		}
	}
	for _, g := range s.grants {
		add(g.at, g.started.Add(v.rule.Lease), g.attempt.Invoked)
	}
	for _, op := range s.renewals {
		if !op.Done() || op.Verb == history.Fetch {
			continue
		}
		at := v.axis.instant(op.Answer.Expires.Add(-v.rule.Lease), op.Invoked)
		// A repeated start tells when its lease was last renewed, which may have been by another request.
		if op.Verb == history.Heartbeat || v.within(at, op) {
			add(at, op.Answer.Expires, op.Invoked)
		}
	}
	return spans
}
