package check

import (
	"fmt"
	"slices"
	"time"

	"streamgate/k8s/load/history"
)

// Film is what a history with film is checked against (P8). The zero Film allows anything.
type Film struct {
	Ahead       time.Duration // that a stream is sent ahead of play, at most
	Factor      float64       // of play, that each slot is sent in the long run
	Burst       time.Duration // that each slot is sent beyond
	Reserve     time.Duration // that a replica of content-svc may hold in advance for a stream
	Replicas    int           // of content-svc
	StartsEvery time.Duration // of an account, in the long run; 0 if they are not bounded
	StartsBurst int           // starts at once
}

const (
	// endsWithin is how long an ended stream may still be sent something, from the answer that ended it.
	endsWithin = time.Second
	// filmTolerance allows for the time between the decision to send a piece and its last byte, and for the rounding of times.
	filmTolerance = 500 * time.Millisecond
)

// Excess is by how much an account was sent more film than its slots play.
type Excess struct {
	By      time.Duration // beyond its budget, at the worst moment
	Account string
	Sent    time.Duration // to the account that was sent most
}

// pieces returns the pieces of film that came whole, in the order in which they came.
func pieces(ops []*history.Op) []*history.Op {
	all := slices.DeleteFunc(slices.Clone(ops), func(op *history.Op) bool { return op.Answer.Film == 0 })
	slices.SortStableFunc(all, func(a, b *history.Op) int { return int(a.Answer.LastByte - b.Answer.LastByte) })
	return all
}

// film checks the film that each account was sent against its budget: a bucket that runs out as fast as all slots may be sent film in the
// long run. What is sent while nobody can be asked is not counted anywhere.
func (v *view) film() Excess {
	var worst Excess
	rule := v.rule.Film
	if rule.Factor == 0 {
		return worst
	}
	for account, ops := range v.accounts {
		limit := float64(v.rule.most(account))
		rate := limit * rule.Factor
		most := time.Duration(limit*(float64(rule.Burst)+float64(rule.Replicas)*float64(rule.Reserve)) + rate*float64(filmTolerance))
		level, last, sent := time.Duration(0), time.Duration(0), time.Duration(0)
		for _, op := range pieces(ops) {
			if v.rule.excused(Away, op.Invoked, op.Returned, 2*v.rule.Lease) {
				continue
			}
			at := op.Answer.LastByte
			level = max(0, level-time.Duration(rate*float64(at-last))) + op.Answer.Film
			last, sent = at, sent+op.Answer.Film
			if by := level - most; by > worst.By {
				worst.By, worst.Account = by, account
			}
		}
		worst.Sent = max(worst.Sent, sent)
	}
	return worst
}

// screens checks that at no instant more players than the limit had film to play, of streams that nobody had ended.
func (v *view) screens() Overlap {
	return v.atOnce(v.playing, Forgets|Away, v.rule.Lease+v.rule.Film.Ahead)
}

// playing returns the times in which a stream's player surely had film to play, on the recorder's clock, until something may have ended the
// stream. A player shows what it was sent once, at the pace of play, and forgets it when it seeks.
func (v *view) playing(s *stream) []span {
	heartbeat := func(op *history.Op) bool { return op.Verb == history.Heartbeat }
	if slices.ContainsFunc(s.renewals, heartbeat) {
		return nil // it lives by them
	}
	end := time.Duration(never)
	for _, e := range v.enders(s) {
		end = min(end, e.op.Invoked)
	}
	var spans []span
	var from, until, next time.Duration
	add := func() {
		if to := min(until-filmTolerance, end); to > from {
			spans = append(spans, span{int64(from), int64(to), s.id})
		}
	}
	for _, op := range pieces(s.renewals) {
		first := op.Answer.FirstByte
		switch {
		case op.Piece.At == next && first < until: // it goes on
			until += op.Answer.Film
		default:
			add()
			from, until = first, first+op.Answer.Film
		}
		until = min(until, first+max(v.rule.Film.Ahead, op.Answer.Film))
		next = op.Piece.At + op.Piece.Length
	}
	add()
	return spans
}

// ahead checks that a stream whose player only went forward was never sent more ahead of play than it may be. What a replica has sent is told
// to the others when it needs more in reserve.
func (v *view) ahead() []Fault {
	rule := v.rule.Film
	if rule.Ahead == 0 {
		return nil
	}
	var faults []Fault
	most := rule.Ahead + time.Duration(rule.Replicas-1)*rule.Reserve + filmTolerance
	for _, s := range v.streams {
		var until, next time.Duration
		for i, op := range pieces(s.renewals) {
			if i > 0 && op.Piece.At != next {
				break
			}
			at := op.Answer.LastByte
			until, next = max(until, op.Answer.FirstByte)+op.Answer.Film, op.Piece.At+op.Piece.Length
			if until-at > most {
				faults = append(faults, Fault{fmt.Sprintf("sent film %v ahead of play", until-at), *op})
				break
			}
		}
	}
	return faults
}

// overStarted checks that an account did not start more streams than it may: a bucket as that of film.
func (v *view) overStarted() []Fault {
	rule := v.rule.Film
	if rule.StartsEvery == 0 {
		return nil
	}
	var faults []Fault
	at := map[string][]seen{}
	for _, s := range v.streams {
		at[s.account] = append(at[s.account], s.grants...)
	}
	for account, grants := range at {
		slices.SortFunc(grants, func(a, b seen) int { return int(a.at - b.at) })
		level, last := 0.0, int64(0)
		for _, g := range grants {
			level = max(0, level-float64(g.at-last)/float64(rule.StartsEvery.Milliseconds())) + 1
			last = g.at
			if level > float64(rule.StartsBurst)+1 {
				faults = append(faults, Fault{fmt.Sprintf("account %s started %d streams, at last more than it may", account, len(grants)), *g.attempt})
				break
			}
		}
	}
	return faults
}
