package check

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"streamgate/k8s/load/history"
)

// view is a history, put in order for the checks.
type view struct {
	rule     Rule
	axis     *axis
	ops      []*history.Op // in the order of their calls
	streams  map[string]*stream
	starts   map[string]*start // by device
	accounts map[string][]*history.Op
	signOuts map[string][]*history.Op // by session
	ended    map[string][]ender       // by stream, once asked for
}

// start is a start with its repetitions, in the order of their calls.
type start struct {
	attempts []*history.Op
	streams  []string // that it started: none, one, or by a fault more
	seen     map[grantKey]seen
}

// grantKey distinguishes the grants of a stream: a stream that has lapsed and whose start is repeated is granted again.
type grantKey struct {
	stream  string
	started int64 // ms, as told
}

// seen is a grant that some answer told of.
type seen struct {
	at      int64 // instant of the grant
	started time.Time
	attempt *history.Op // whose decision it may be
}

// stream is what is known of a stream.
type stream struct {
	id, account, session, player string

	start    *start
	shown    *history.Op   // the last answer that lists it, or nil
	renewals []*history.Op // starts, heartbeats and fetches: what may have renewed it
	stops    []*history.Op // answered and open ones
	replaced []*history.Op // starts that may have ended it
	grants   []seen
}

// granted reports whether a start was answered with the stream. Else nobody may play by it, and the service may take it back, though others have
// seen it.
func (s *stream) granted() bool {
	return slices.ContainsFunc(s.start.attempts, func(op *history.Op) bool { return op.Done() && op.Answer.Stream == s.id })
}

// margin allows for the rounding of times to milliseconds, ms.
const margin = 1

func newView(h *history.History, rule Rule) *view {
	v := &view{
		rule: rule, streams: map[string]*stream{}, starts: map[string]*start{},
		accounts: map[string][]*history.Op{}, signOuts: map[string][]*history.Op{}, ended: map[string][]ender{},
	}
	for i := range h.Ops {
		v.ops = append(v.ops, &h.Ops[i])
	}
	slices.SortStableFunc(v.ops, func(a, b *history.Op) int { return cmp.Compare(a.Invoked, b.Invoked) })
	for _, op := range v.ops {
		v.accounts[op.Account] = append(v.accounts[op.Account], op)
		if op.Verb == history.Start {
			s := v.starts[op.Device]
			if s == nil {
				s = &start{seen: map[grantKey]seen{}}
				v.starts[op.Device] = s
			}
			s.attempts = append(s.attempts, op)
		}
	}
	v.axis = newAxis(h, rule.Lease, v.decisions())
	for _, op := range v.ops {
		v.learn(op)
	}
	for _, op := range v.ops {
		v.connect(op)
	}
	return v
}

// decisions returns the requests that tell when they were decided.
func (v *view) decisions() []decision {
	var all []decision
	for _, op := range v.ops {
		at := op.Answer.Expires.Add(-v.rule.Lease).UnixMilli()
		switch {
		case !op.Done():
		case op.Verb == history.Heartbeat:
			all = append(all, decision{op, at})
		case op.Verb == history.Start && len(v.starts[op.Device].attempts) == 1 && op.Answer.Started.UnixMilli() == at:
			all = append(all, decision{op, at})
		}
	}
	return all
}

// learn notes the streams and grants that an answer tells of.
func (v *view) learn(op *history.Op) {
	if op.Verb == history.Start && op.Done() {
		v.granted(v.starts[op.Device], op.Answer.Stream, op.Answer.Started)
	}
	for _, listed := range op.Answer.Streams {
		if s := v.starts[listed.Device]; s != nil && s.attempts[0].Account == op.Account {
			v.granted(s, listed.ID, listed.Started)
		}
		if s := v.streams[listed.ID]; s != nil {
			s.shown = op
		}
	}
}

// granted notes a grant, unless its time is not one of the start that it shows.
func (v *view) granted(s *start, id string, started time.Time) {
	key := grantKey{id, started.UnixMilli()}
	if _, known := s.seen[key]; known {
		return
	}
	grant, ok := v.attempted(s, started)
	if !ok {
		return
	}
	s.seen[key] = grant
	known := v.streams[id]
	if known == nil {
		first := s.attempts[0]
		known = &stream{id: id, account: first.Account, session: first.Session, player: first.Player, start: s}
		v.streams[id] = known
		s.streams = append(s.streams, id)
	}
	known.grants = append(known.grants, grant)
}

// attempted returns the grant of a start at a time, and false if no attempt can have been decided then.
func (v *view) attempted(s *start, started time.Time) (seen, bool) {
	for _, attempt := range s.attempts {
		if at := v.axis.instant(started, attempt.Invoked); v.within(at, attempt) {
			return seen{at, started, attempt}, true
		}
	}
	return seen{}, false
}

// within reports whether a request may have been decided at an instant.
func (v *view) within(at int64, op *history.Op) bool {
	return at+margin >= v.axis.earliest(op.Invoked) && at-margin <= v.axis.latest(v.effective(op))
}

// effective returns until when a request may take effect, on the recorder's clock.
func (v *view) effective(op *history.Op) time.Duration {
	if op.Open() || op.Verb == history.Fetch { // its question about the lease may outlive it
		return max(op.Invoked+v.rule.Late, op.Returned)
	}
	return op.Returned
}

// connect adds a request to the streams that it may have prolonged or ended.
func (v *view) connect(op *history.Op) {
	if s := v.streams[op.Stream]; s != nil {
		switch op.Verb {
		case history.Heartbeat, history.Fetch:
			s.renewals = append(s.renewals, op)
		case history.Stop:
			if op.Done() || op.Open() {
				s.stops = append(s.stops, op)
			}
		default:
		}
	}
	if op.Verb == history.SignOut && (op.Done() || op.Open()) {
		v.signOuts[op.Session] = append(v.signOuts[op.Session], op)
	}
	if op.Verb != history.Start {
		return
	}
	for _, id := range v.starts[op.Device].streams {
		v.streams[id].renewals = append(v.streams[id].renewals, op)
	}
	if !op.Done() && !op.Open() {
		return
	}
	if s := v.streams[op.Replace]; s != nil {
		s.replaced = append(s.replaced, op)
	}
}

// enders returns the requests that may have ended a stream.
func (v *view) enders(s *stream) []ender {
	all, ok := v.ended[s.id]
	if ok {
		return all
	}
	for _, op := range slices.Concat(s.stops, v.signOuts[s.session]) {
		all = append(all, ender{op: op, from: v.axis.earliest(op.Invoked), to: v.axis.latest(v.effective(op)), certain: op.Done()})
	}
	for _, op := range slices.Concat(s.replaced, v.samePlayer(s)) {
		all = append(all, v.replacement(op, s.id)...)
	}
	if !s.granted() {
		for _, g := range s.grants { // the service takes it back as soon as it can ask its store
			all = append(all, ender{op: g.attempt, from: g.at, to: v.axis.latest(v.effective(g.attempt) + v.rule.Lease)})
		}
	}
	v.ended[s.id] = all
	return all
}

// ender is a request that may have ended a stream, between two instants.
type ender struct {
	op       *history.Op
	from, to int64
	certain  bool // it did, if the stream was live then
}

// replacement returns what a start did to a stream that it replaces: at the instant of its grant if that is known. An attempt without an answer may
// also have been granted and taken back, and granted by another one.
func (v *view) replacement(op *history.Op, except string) []ender {
	s := v.starts[op.Device]
	if slices.Contains(s.streams, except) {
		return nil // its own repetition
	}
	var all []ender
	if op.Open() {
		all = append(all, ender{op: op, from: v.axis.earliest(op.Invoked), to: v.axis.latest(v.effective(op))})
	}
	for _, grant := range s.seen {
		all = append(all, ender{op: op, from: grant.at, to: grant.at, certain: true})
	}
	return all
}

// samePlayer returns the starts by the player of a stream, which replace it.
func (v *view) samePlayer(s *stream) []*history.Op {
	if s.player == "" {
		return nil
	}
	var all []*history.Op
	for _, op := range v.accounts[s.account] {
		if op.Verb == history.Start && op.Session == s.session && op.Player == s.player && (op.Done() || op.Open()) {
			all = append(all, op)
		}
	}
	return all
}

// turnedAway reports whether a request about a stream was answered as if the stream were over, or unknown.
func turnedAway(op *history.Op) bool {
	switch op.Answer.Status {
	case http.StatusNotFound, http.StatusGone, http.StatusUnauthorized:
		return true
	}
	return op.Refused()
}
