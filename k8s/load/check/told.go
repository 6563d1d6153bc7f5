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
func Events(told []Told, h history.History, limit int) (wrong []string) {
	fault := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	seen, last := map[string]bool{}, map[string]int64{}
	streams, live := map[string]*toldStream{}, map[string]int{}
	for _, e := range told {
		if seen[e.ID] {
			continue
		}
		seen[e.ID] = true
		if e.Sequence <= last[e.Account] {
			fault("%s came after number %d of its account", e.ID, last[e.Account])
		}
		last[e.Account] = e.Sequence
		if e.Stream == "" {
			continue
		}
		s := streams[e.Stream]
		if s == nil {
			s = &toldStream{account: e.Account}
			streams[e.Stream] = s
		}
		lived := s.lives
		if what := s.tell(e.Type); what != "" {
			fault("%s of stream %s: %s", e.Type, e.Stream, what)
		}
		switch {
		case s.lives && !lived:
			live[e.Account]++
		case lived && !s.lives:
			live[e.Account]--
		}
		if live[e.Account] > limit {
			fault("%s of stream %s: by what was told, %d streams of %s live", e.Type, e.Stream, live[e.Account], e.Account)
		}
	}
	for id, s := range streams {
		if s.lives {
			fault("stream %s of %s has no end", id, s.account)
		}
	}
	for i := range h.Ops {
		op := &h.Ops[i]
		switch {
		case op.Verb == history.Start && op.Done() && streams[op.Answer.Stream] == nil:
			fault("stream %s of %s was granted and not told", op.Answer.Stream, op.Account)
		case op.Verb == history.Stop && op.Done() && streams[op.Stream] != nil && !streams[op.Stream].ended:
			fault("stream %s of %s was stopped and its end not told", op.Stream, op.Account)
		}
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

// tell counts an event of the stream, and returns why it can't be, or "".
func (s *toldStream) tell(kind string) string {
	before := *s
	switch kind {
	case "stream.started":
		s.begun, s.lives = true, true
		if before.begun || before.lapses > 0 || before.ended {
			return "it had started"
		}
	case "stream.resumed":
		s.lives = true
		if before.lives || before.ended || before.lapses == 0 {
			return "it had not lapsed"
		}
	case "stream.lapsed":
		s.lives = false
		s.lapses++
		if !before.lives {
			return "it did not live"
		}
	case "stream.ended":
		s.lives, s.ended = false, true
		if before.ended || !before.begun {
			return "it had not started, or had ended"
		}
	case "limit.violated":
		return "the limit was violated"
	default:
		return "no event of a stream"
	}
	return ""
}
