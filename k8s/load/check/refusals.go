package check

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"streamgate/k8s/load/history"
)

// refusals checks that no request was refused while a slot was free.
func (v *view) refusals() []Fault { return v.faults(v.wrong) }

// wrong returns why a refusal is not right, or "".
func (v *view) wrong(op *history.Op) string {
	if !op.Refused() || v.rule.excused(Forgets, op.Invoked, op.Returned, v.rule.Lease) {
		return ""
	}
	if least, most := v.rule.limits(op.Account, op.Invoked, op.Returned); op.Answer.Limit < least || op.Answer.Limit > most {
		return fmt.Sprintf("refused by a limit of %d", op.Answer.Limit)
	}
	asked := op.Invoked
	if op.Verb == history.Fetch {
		asked -= refusedFor + v.rule.serving()
	}
	// The instants at which it can have been decided, narrowed by each lease that lived then.
	from, to := v.axis.earliest(asked)-margin, v.axis.latest(op.Returned)+margin
	count := 0
	for _, listed := range op.Answer.Streams {
		began, lapsed, why := v.may(op, asked, listed)
		if why != "" {
			return fmt.Sprintf("refused for stream %s, which %s", listed.ID, why)
		}
		from, to = max(from, began), min(to, lapsed)
		if !v.own(op, listed) {
			count++
		}
	}
	if count < op.Answer.Limit {
		return fmt.Sprintf("refused for %d streams that it would not have replaced, fewer than the limit", count)
	}
	if from > to+margin {
		return "refused for streams that never lived at the same time"
	}
	return ""
}

// own reports whether a listed lease would have been replaced by the request, or is its own.
func (v *view) own(op *history.Op, listed history.Listed) bool {
	if listed.ID == op.Replace || listed.ID == op.Stream {
		return true
	}
	s := v.streams[listed.ID]
	return s != nil && op.Verb == history.Start && op.Player != "" && s.player == op.Player && s.session == op.Session
}

// may returns the span in which a listed lease may have lived, including its end, or why it can't have lived.
func (v *view) may(op *history.Op, asked time.Duration, listed history.Listed) (began, lapsed int64, why string) {
	s := v.streams[listed.ID]
	if s == nil || s.account != op.Account {
		return 0, 0, "no start of the account made"
	}
	began, ok := v.startedAt(s, listed)
	if !ok {
		return 0, 0, "was not started at " + listed.Started.Format(time.StampMilli)
	}
	renewed, set, ok := v.renewedAt(s, listed, op)
	if !ok {
		return 0, 0, "nothing prolonged to " + listed.Expires.Format(time.StampMilli)
	}
	lapsed = v.axis.lapse(listed.Expires, set, true) - 1
	if lapsed+margin < v.axis.earliest(asked) {
		return 0, 0, fmt.Sprintf("had lapsed %d ms before", v.axis.earliest(asked)-lapsed)
	}
	for _, e := range v.enders(s) {
		switch {
		case !e.certain || v.rule.forgot(e.op, op):
		case e.op.Verb == history.Start && e.from <= renewed+margin: // it had lapsed, else it would not have been prolonged since
		default:
			lapsed = min(lapsed, e.to)
		}
	}
	if lapsed+margin < v.axis.earliest(asked) {
		return 0, 0, "had ended before"
	}
	return began, lapsed, ""
}

func (v *view) startedAt(s *stream, listed history.Listed) (int64, bool) {
	for _, g := range s.grants {
		if g.started.Equal(listed.Started) {
			return g.at, true
		}
	}
	return 0, false
}

// renewedAt returns the instant from which a listed expiry counts, and when on the recorder's clock it may have been
// set.
func (v *view) renewedAt(s *stream, listed history.Listed, told *history.Op) (int64, time.Duration, bool) {
	for _, renewal := range s.renewals {
		if renewal.Invoked > told.Returned {
			continue
		}
		if at := v.axis.instant(listed.Expires.Add(-v.rule.Lease), renewal.Invoked); v.within(at, renewal) {
			return at, renewal.Invoked, true
		}
		// What a fetch told of life is told to the store within a third of a lease, and the clock may have been stepped meanwhile: then the lease
		// may have lapsed, and been taken again when the store was told.
		if at := v.axis.instant(listed.Expires.Add(-v.rule.Lease), told.Invoked); renewal.Verb == history.Fetch && v.within(at, renewal) {
			return v.axis.latest(v.effective(renewal)), told.Invoked, true
		}
		if at, ok := v.covered(listed, renewal); ok {
			return at, renewal.Invoked, true
		}
		if v.axis.setBack(renewal.Invoked, told.Invoked) { // and the lease was moved along
			at := v.axis.instant(listed.Expires.Add(-v.rule.Lease), told.Invoked)
			if at+margin >= v.axis.earliest(renewal.Invoked) && at-margin <= v.axis.latest(v.effective(renewal)+v.rule.Lease) {
				return at, told.Invoked, true
			}
		}
	}
	return 0, 0, false
}

// covered reports whether a listed expiry may be when the film that a request was sent will have been played, and returns the latest instant
// at which that can have been decided.
func (v *view) covered(listed history.Listed, renewal *history.Op) (int64, bool) {
	if renewal.Piece.Length == 0 {
		return 0, false
	}
	at := v.axis.instant(listed.Expires, renewal.Invoked)
	from, to := v.axis.earliest(renewal.Invoked)+v.rule.Lease.Milliseconds(), v.axis.latest(v.effective(renewal))
	return to, at+margin >= from && at-margin <= to+max(v.rule.Film.Ahead, renewal.Piece.Length).Milliseconds()
}

// lost checks that no request was turned away while its lease surely lived. A start may be refused because of streams
// that came back after the store lost its memory of their end. Nothing else may be, since a running stream goes on
// (P4).
func (v *view) lost() []Fault {
	var faults []Fault
	for _, s := range v.streams {
		spans := slices.Concat(v.lived(s), v.fetched(s), v.held(s))
		for _, op := range s.renewals {
			if op.Verb == history.Start || !turnedAway(op) || op.Refused() && v.rule.excused(Forgets, op.Invoked, op.Returned, v.rule.Lease) {
				continue
			}
			from, to := v.axis.earliest(op.Invoked)-margin, v.axis.latest(op.Returned)+margin
			if op.Verb == history.Fetch { // it may be told what the one before it was told
				from -= refusedFor.Milliseconds()
			}
			for _, lived := range spans {
				if lived.from <= from && lived.to > to {
					faults = append(faults, Fault{fmt.Sprintf("turned away with %d %s while its lease lived", op.Answer.Status, http.StatusText(op.Answer.Status)), *op})
					break
				}
			}
		}
	}
	return faults
}

// fetched returns the times in which a lease surely lived since video was served: from its first byte until a lease
// after the question that allowed it. That question may be older by the time for which content-svc remembers answers.
func (v *view) fetched(s *stream) []span {
	var spans []span
	for _, op := range s.fetches() {
		if v.rule.excused(Away, op.Invoked, op.Returned, 2*v.rule.Lease) || v.epochEnds(op) {
			continue
		}
		lived := span{v.axis.latest(op.Answer.FirstByte), v.axis.earliest(op.Invoked-v.rule.serving()+v.rule.Lease) - margin, s.id}
		for _, e := range v.enders(s) {
			if e.to >= v.axis.earliest(op.Invoked-v.rule.serving()) {
				lived.to = min(lived.to, e.from)
			}
		}
		spans = append(spans, lived)
	}
	return spans
}

// held returns the times in which a lease surely lived since its player had film to play.
func (v *view) held(s *stream) []span {
	var spans []span
	for _, playing := range v.playing(s) {
		if !v.rule.excused(Away, time.Duration(playing.from), time.Duration(playing.to), 2*v.rule.Lease) {
			spans = append(spans, span{v.axis.latest(time.Duration(playing.from)), v.axis.earliest(time.Duration(playing.to)) - margin, s.id})
		}
	}
	return spans
}

// epochEnds reports whether the server's clock is stepped within a lease of a request.
func (v *view) epochEnds(op *history.Op) bool {
	return v.axis.epoch(op.Invoked-v.rule.Lease) != v.axis.epoch(op.Invoked+v.rule.Lease)
}
