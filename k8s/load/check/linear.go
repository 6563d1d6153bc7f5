package check

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"streamgate/k8s/load/history"
)

// Linear is the result of the search for an order.
type Linear struct {
	Accounts  int      // whose requests have an order that the rule explains
	Undecided int      // for which the search took too long
	None      []string // accounts whose requests have none, each with where the search gets no further
	Ops       int      // requests that were ordered
}

// Linearizable looks for an order of each account's requests, one that respects real time, in which the rule as a sequential program gives each
// of the answers (Herlihy and Wing, 1990; the search is porcupine's). It covers starts with their player, replacement and key, heartbeats,
// stops, sign-outs and lists, with the ids, times and numbers in their answers. It doesn't cover video, whose renewals tell no time:
// accounts that fetch some are left out. So are histories with a loss of memory or a step of the clock, which the sequential rule doesn't have.
//
// The instants that answers tell fix the order of most requests, which keeps the search short. A request that tells none is decided as early as
// it can be: an earlier instant leaves all that follows at least as possible. A request without an answer stays open: it may be carried
// out at any time after its call, or never. Instead of trying all these times, the model holds what it may have changed for uncertain
// from its call on; every order with the request somewhere in it is thereby allowed, so that no fault is reported which isn't one.
//
// Only the first so many requests of an account are looked at; a request that was under way then counts as open. Each account is
// searched for at most the timeout.
func Linearizable(h history.History, rule Rule, most int, timeout time.Duration) Linear {
	var result Linear
	byAccount := map[string][]history.Op{}
	for _, op := range h.Ops {
		byAccount[op.Account] = append(byAccount[op.Account], op)
	}
	for account, ops := range byAccount {
		if slices.ContainsFunc(ops, func(op history.Op) bool { return op.Verb == history.Fetch }) {
			continue
		}
		events, rules := operations(history.History{Began: h.Began, Ops: first(ops, most)}, rule), model(rule)
		switch porcupine.CheckOperationsTimeout(rules, events, timeout) {
		case porcupine.Ok:
			result.Accounts++
			result.Ops += len(events)
		case porcupine.Unknown:
			result.Undecided++
		default:
			result.None = append(result.None, account+stuck(rules, events, timeout))
		}
	}
	slices.Sort(result.None)
	return result
}

// stuck returns how far the best order goes, the leases at that point, and the requests that would have to come next.
func stuck(rules porcupine.Model, events []porcupine.Operation, timeout time.Duration) string {
	_, info := porcupine.CheckOperationsVerbose(rules, events, timeout)
	var longest []porcupine.Operation
	for _, order := range info.PartialLinearizationsOperations()[0] {
		if len(order) > len(longest) {
			longest = order
		}
	}
	placed, at := map[int]bool{}, rules.Init()
	for _, op := range longest {
		placed[op.ClientId] = true
		_, at = rules.Step(at, op.Input, op.Output)
	}
	rest := slices.DeleteFunc(slices.Clone(events), func(op porcupine.Operation) bool { return placed[op.ClientId] })
	end := slices.MinFunc(rest, func(a, b porcupine.Operation) int { return cmp.Compare(a.Return, b.Return) }).Return
	text := new(strings.Builder)
	fmt.Fprintf(text, ": after %d of %d requests there is\n  %+v\nand none of these can come next:\n", len(longest), len(events), at)
	for _, op := range rest {
		if op.Call <= end { // else another one was over before it began
			fmt.Fprintf(text, "  %s\n", rules.DescribeOperation(op.Input, op.Output))
		}
	}
	return text.String()
}

// first cuts a history off after so many requests.
func first(ops []history.Op, most int) []history.Op {
	ops = slices.Clone(ops)
	slices.SortFunc(ops, func(a, b history.Op) int { return cmp.Compare(a.Invoked, b.Invoked) })
	if len(ops) <= most {
		return ops
	}
	end := ops[most].Invoked
	ops = ops[:most]
	for i := range ops {
		if ops[i].Returned >= end {
			ops[i].Answer = history.Answer{}
		}
	}
	return ops
}

// event is a request as the model takes it.
type event struct {
	kind    kind
	open    bool  // it is unknown whether it was carried out; lo is its call, hi until when it may have been
	at      int64 // the instant of its decision, 0 if it isn't told
	lo, hi  int64 // bounds of that instant
	stream  string
	session string
	player  string
	replace string
	expires int64
	resumed bool
	undone  bool // a grant to nobody, which may be taken back at any time
	active  int
	listed  []listing
	reason  string
}

type listing struct {
	id      string
	own     bool // the request is about it or would replace it
	expires int64
}

type kind uint8

const (
	granted  kind = iota // a start
	repeated             // a start whose lease lived
	renewed              // a heartbeat
	stopped
	signedOut
	refused // a start or a heartbeat
	shown   // a list
	over    // a heartbeat of a stream that had ended
	unknown // a request about a stream that isn't known any more
	outside // a request of a session that had ended
)

// operations translates the requests of one account for porcupine.
func operations(h history.History, rule Rule) []porcupine.Operation {
	v := newView(&h, rule)
	var all []porcupine.Operation
	add := func(e event, call, end time.Duration) {
		all = append(all, porcupine.Operation{ClientId: len(all), Input: e, Call: int64(call), Return: int64(end)})
	}
	for _, s := range v.starts {
		for key, g := range s.seen {
			e := v.event(g.attempt)
			e.kind, e.open, e.at, e.stream, e.expires = granted, false, g.at, key.stream, g.at+rule.Lease.Milliseconds()
			told := v.told(s, key)
			if told == g.attempt { // a repetition counts the leases of later
				e.active = told.Answer.Active
			}
			e.undone = !v.streams[key.stream].granted()
			add(e, g.attempt.Invoked, told.Returned)
		}
	}
	for _, op := range v.ops {
		e, ok := v.request(op)
		switch {
		case !ok:
		case e.open:
			add(e, op.Invoked, op.Invoked)
		default:
			add(e, op.Invoked, op.Returned)
		}
	}
	return all
}

// told returns the first answer that shows a grant.
func (v *view) told(s *start, key grantKey) *history.Op {
	var earliest *history.Op
	shows := func(op *history.Op, id string, started time.Time) {
		if (grantKey{id, started.UnixMilli()}) == key && (earliest == nil || op.Returned < earliest.Returned) {
			earliest = op
		}
	}
	for _, op := range s.attempts {
		if op.Done() {
			shows(op, op.Answer.Stream, op.Answer.Started)
		}
	}
	for _, op := range v.accounts[s.attempts[0].Account] {
		for _, listed := range op.Answer.Streams {
			shows(op, listed.ID, listed.Started)
		}
	}
	return earliest
}

// event returns the fields that all kinds share.
func (v *view) event(op *history.Op) event {
	e := event{
		open: op.Open(), lo: v.axis.earliest(op.Invoked) - margin, hi: v.axis.latest(v.effective(op)) + margin,
		stream: op.Stream, session: op.Session, player: op.Player, replace: op.Replace, active: op.Answer.Active, reason: op.Answer.Reason,
	}
	for _, listed := range op.Answer.Streams {
		e.listed = append(e.listed, listing{listed.ID, v.own(op, listed), listed.Expires.UnixMilli()})
	}
	return e
}

// request returns the event of a request, without grants, which come from what is seen of them. It returns false for a
// request without an effect.
func (v *view) request(op *history.Op) (event, bool) {
	e := v.event(op)
	switch {
	case op.Open():
		return v.openRequest(e, op)
	case op.Refused():
		e.kind = refused
		return e, true
	case op.Answer.Status == http.StatusUnauthorized:
		e.kind, e.session = outside, cmp.Or(op.By, op.Session)
		return e, true
	case op.Answer.Status == http.StatusNotFound && op.Stream != "":
		e.kind = unknown
		return e, true
	case op.Answer.Status == http.StatusGone && op.Stream != "":
		e.kind = over
		return e, true
	case op.Done():
		return v.doneRequest(e, op)
	}
	return e, false
}

func (v *view) openRequest(e event, op *history.Op) (event, bool) {
	if op.Verb == history.Start {
		e.kind, e.stream = granted, "of "+op.Device
		return e, true
	}
	var known bool
	e.kind, known = kinds[op.Verb]
	return e, known && op.Verb != history.List
}

// kinds are those of what is carried out, but for starts.
var kinds = map[history.Verb]kind{history.Heartbeat: renewed, history.Stop: stopped, history.SignOut: signedOut, history.List: shown}

func (v *view) doneRequest(e event, op *history.Op) (event, bool) {
	if op.Verb == history.Start {
		s := v.starts[op.Device]
		e.kind, e.stream, e.expires = repeated, op.Answer.Stream, op.Answer.Expires.UnixMilli()
		grant, seen := s.seen[grantKey{op.Answer.Stream, op.Answer.Started.UnixMilli()}]
		return e, !seen || len(s.attempts) > 1 || grant.attempt != op
	}
	if op.Verb == history.Heartbeat {
		e.resumed, e.expires = op.Answer.Resumed, op.Answer.Expires.UnixMilli()
		e.at = e.expires - v.rule.Lease.Milliseconds()
	}
	var known bool
	e.kind, known = kinds[op.Verb]
	return e, known
}

// String returns a text for people who look at a history without an order.
func (e event) String() string {
	names := [...]string{"granted", "repeated", "renewed", "stopped", "signed out", "refused", "shown", "over", "unknown", "outside"}
	type plain event // which has no String of its own
	return fmt.Sprintf("%s: %+v", names[e.kind], plain(e))
}
