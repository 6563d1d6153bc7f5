package check

import (
	"net/http"
	"slices"
	"time"

	"streamgate/k8s/load/history"
)

// ends checks that what has ended stays ended, and that some request explains each end.
func (v *view) ends() []Fault {
	faults := v.faults(v.resurrected, unadvised, v.unexplained)
	for _, s := range v.starts {
		if s.attempts[0].Key != "" && v.divided(s) {
			faults = append(faults, Fault{"one Idempotency-Key, more than one stream", *s.attempts[0]})
		}
	}
	return faults
}

// divided reports whether a start made more than one stream. One that was granted to nobody may have been taken back before the next was granted;
// then nothing shows it afterwards.
func (v *view) divided(s *start) bool {
	for n, id := range s.streams {
		one := v.streams[id]
		for _, other := range s.streams[n+1:] {
			two := v.streams[other]
			if one.granted() && two.granted() || one.shownAfter(v, two) || two.shownAfter(v, one) {
				return true
			}
		}
	}
	return false
}

// shownAfter reports whether a stream that was granted to nobody, before another, was still shown after the grant of that.
func (s *stream) shownAfter(v *view, other *stream) bool {
	begun := other.grants[0].at
	return !s.granted() && s.shown != nil && s.grants[0].at <= begun && v.axis.earliest(s.shown.Invoked) > begun+margin
}

// resurrected returns why a request should not have been carried out, since what it asks about has ended.
func (v *view) resurrected(op *history.Op) string {
	if !op.Done() {
		return ""
	}
	if v.signedOut(op) {
		return "carried out for a session that had been signed out"
	}
	s := v.streams[op.Stream]
	if s == nil || (op.Verb != history.Heartbeat && op.Verb != history.Fetch) {
		return ""
	}
	asked := op.Invoked
	if op.Verb == history.Fetch {
		if v.rule.excused(Away, op.Invoked, op.Returned, 2*v.rule.Lease) {
			return ""
		}
		asked = op.Answer.LastByte - endsWithin
		if v.rule.excused(Unpushed, op.Invoked, op.Returned, v.rule.serving()) {
			asked = op.Invoked - v.rule.serving()
		}
	}
	if v.answeredBefore(s.stops, asked, op) || op.Verb == history.Fetch && v.answeredBefore(v.signOuts[s.session], asked, op) {
		return "carried out for a stream that had been stopped"
	}
	return ""
}

// signedOut reports whether a request speaks for a session whose end was answered before. No loss of memory excuses that (P7).
func (v *view) signedOut(op *history.Op) bool {
	if op.Verb != history.Start && op.Verb != history.Heartbeat && op.Verb != history.Refresh {
		return false
	}
	return slices.ContainsFunc(v.signOuts[op.Session], func(end *history.Op) bool { return end.Done() && end.Returned < op.Invoked })
}

// unadvised returns what a start that is answered 503 lacks, or "".
func unadvised(op *history.Op) string {
	if op.Verb == history.Start && op.Answer.Status == http.StatusServiceUnavailable && op.Answer.Code != "" && !op.Answer.RetryAfter {
		return "503 without Retry-After"
	}
	return ""
}

// unexplained returns why an end that an answer tells of is wrong: no request explains it.
func (v *view) unexplained(op *history.Op) string {
	if op.Answer.Status == http.StatusGone && op.Answer.Reason != "" && !v.explained(op) {
		return "ended as " + op.Answer.Reason + ", which no request explains"
	}
	return ""
}

// answeredBefore reports whether one of these ends was answered before a moment, and can't have been forgotten by the
// request.
func (v *view) answeredBefore(ends []*history.Op, moment time.Duration, op *history.Op) bool {
	return slices.ContainsFunc(ends, func(end *history.Op) bool { return end.Done() && end.Returned < moment && !v.rule.forgot(end, op) })
}

// explained reports whether some request can have ended a stream for the reason that was told.
func (v *view) explained(op *history.Op) bool {
	s := v.streams[op.Stream]
	if s == nil {
		return true // no answer tells of its start
	}
	for _, e := range v.enders(s) {
		if e.op.Invoked > op.Returned {
			continue
		}
		switch op.Answer.Reason {
		case "stopped":
			if e.op.Verb == history.Stop && e.op.Session == s.session {
				return true
			}
		case "terminated":
			if e.op.Verb == history.Stop && e.op.Session != s.session {
				return true
			}
		case "replaced":
			if e.op.Verb == history.Start {
				return true
			}
		case "session_ended":
			if e.op.Verb == history.SignOut {
				return true
			}
		}
	}
	return false
}
