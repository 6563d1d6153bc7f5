package check

import (
	"fmt"
	"slices"

	"streamgate/k8s/load/history"
)

// Told is an event as another system got it.
type Told struct {
	ID, Account string
	Sequence    int64
	Type        string // such as stream.started
	Stream      string
	Reason      string
}

// toldStream is what was told of a stream so far.
type toldStream struct {
	account      string
	begun, lives bool
	ended        bool
	lapses       int
}

// Events returns what is wrong with what another system was told, in the order in which it came, given what the players saw. What came again
// counts once. Then an account's events come in their order; a stream has one start and, once nobody plays, one end: it has ended, or has lapsed
// last; and by what was told so far, no more streams of an account live than its limit.
func Events(told []Told, h history.History, limit int) []string {
	v := toldView{limit: limit, seen: map[string]bool{}, last: map[string]int64{}, streams: map[string]*toldStream{}, live: map[string]int{}}
	for _, e := range told {
		if !v.seen[e.ID] {
			v.seen[e.ID] = true
			v.add(e)
		}
	}
	for id, s := range v.streams {
		if s.lives {
			v.fault("stream %s of %s has no end", id, s.account)
		}
	}
	for i := range h.Ops {
		v.compare(&h.Ops[i])
	}
	slices.Sort(v.wrong)
	return slices.Compact(v.wrong)
}

// toldView is what was told so far.
type toldView struct {
	limit   int
	seen    map[string]bool        // events
	last    map[string]int64       // numbers of accounts
	live    map[string]int         // streams of accounts
	streams map[string]*toldStream // by id
	wrong   []string
}

func (v *toldView) fault(format string, args ...any) {
	v.wrong = append(v.wrong, fmt.Sprintf(format, args...))
}

// add counts an event that did not come before.
func (v *toldView) add(e Told) {
	if e.Sequence <= v.last[e.Account] {
		v.fault("%s came after number %d of its account", e.ID, v.last[e.Account])
	}
	v.last[e.Account] = e.Sequence
	if e.Stream == "" {
		return
	}
	s := v.streams[e.Stream]
	if s == nil {
		s = &toldStream{account: e.Account}
		v.streams[e.Stream] = s
	}
	lived := s.lives
	if what := s.tell(e.Type); what != "" {
		v.fault("%s of stream %s: %s", e.Type, e.Stream, what)
	}
	switch {
	case s.lives && !lived:
		v.live[e.Account]++
	case lived && !s.lives:
		v.live[e.Account]--
	}
	if v.live[e.Account] > v.limit {
		v.fault("%s of stream %s: by what was told, %d streams of %s live", e.Type, e.Stream, v.live[e.Account], e.Account)
	}
}

// compare holds what a player saw against what was told in the end.
func (v *toldView) compare(op *history.Op) {
	switch {
	case op.Verb == history.Start && op.Done() && v.streams[op.Answer.Stream] == nil:
		v.fault("stream %s of %s was granted and not told", op.Answer.Stream, op.Account)
	case op.Verb == history.Stop && op.Done() && v.streams[op.Stream] != nil && !v.streams[op.Stream].ended:
		v.fault("stream %s of %s was stopped and its end not told", op.Stream, op.Account)
	}
}

// tell counts an event of the stream, and returns why it can't be, or "".
func (s *toldStream) tell(kind string) (wrong string) {
	before := *s
	right := false
	switch kind {
	case "stream.started":
		s.begun, s.lives = true, true
		right, wrong = before == (toldStream{account: s.account}), "it had started"
	case "stream.resumed":
		s.lives = true
		right, wrong = !before.lives && !before.ended && before.lapses > 0, "it had not lapsed"
	case "stream.lapsed":
		s.lives = false
		s.lapses++
		right, wrong = before.lives, "it did not live"
	case "stream.ended":
		s.lives, s.ended = false, true
		right, wrong = before.begun && !before.ended, "it had not started, or had ended"
	default:
		wrong = "must never be told"
	}
	if right {
		return ""
	}
	return wrong
}
