package check

import (
	"time"

	"streamgate/k8s/load/history"
)

// fetches returns the requests for a stream's video that were served.
func (s *stream) fetches() []*history.Op {
	var all []*history.Op
	for _, op := range s.renewals {
		if op.Verb == history.Fetch && op.Done() && op.Answer.FirstByte > 0 {
			all = append(all, op)
		}
	}
	return all
}

// served checks the limit by bytes: from first to last byte, on the recorder's clock.
func (v *view) served() Overlap { return v.atOnce(v.watched, Forgets, v.rule.Lease) }

// atOnce checks the limit by the times that each stream has, except for windows of an excuse and a while after each.
func (v *view) atOnce(times func(*stream) []span, excuse Excuse, after time.Duration) Overlap {
	byAccount := map[string][]span{}
	for _, s := range v.streams {
		byAccount[s.account] = append(byAccount[s.account], times(s)...)
	}
	var overlap Overlap
	for account, spans := range byAccount {
		for _, w := range v.rule.Windows {
			if w.Excuse&excuse != 0 {
				spans = subtract(spans, int64(w.From), int64(w.To+after))
			}
		}
		overlap.add(sweep(account, spans, v.rule.most(account), 1))
	}
	return overlap
}

// watched returns the times in which a stream surely lived, since its video was served closely enough.
func (v *view) watched(s *stream) []span {
	serving := v.rule.serving()
	var spans []span
	var from, last time.Duration // of a row of requests; last is the call of the last one
	end := func() {
		if to := last - serving; to > from && from > 0 {
			spans = append(spans, span{int64(from), int64(to), s.id})
		}
		from = 0
	}
	for _, op := range s.fetches() {
		if v.rule.excused(Away, op.Invoked, op.Returned, 2*v.rule.Lease) {
			end()
			continue
		}
		broken := op.Answer.FirstByte-last+serving > v.rule.Lease || v.axis.epoch(op.Invoked) != v.axis.epoch(last)
		if from > 0 && broken {
			end()
		}
		if from == 0 {
			from = op.Answer.FirstByte
		}
		last = op.Invoked
	}
	end()
	return spans
}

// grace checks that when no lease could be renewed, nothing was served for longer than one lease after the end of the
// last one.
func (v *view) grace() []Fault {
	var faults []Fault
	for _, s := range v.streams {
		for _, op := range s.fetches() {
			for _, w := range v.rule.Windows {
				if w.Excuse&Cut != 0 && op.Invoked > w.From+2*v.rule.Lease && op.Returned < w.To {
					faults = append(faults, Fault{"served after a lease of grace, while no lease could be renewed", *op})
				}
			}
		}
	}
	return faults
}
