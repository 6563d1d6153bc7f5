package check

import (
	"cmp"
	"hash/fnv"
	"slices"
	"strconv"

	"github.com/anishathalye/porcupine"
)

// lease is a lease in the model. Where the history leaves open what happened, it lives surely for a time and maybe for
// longer.
type lease struct {
	id, session, player string

	sure, maybe int64 // when it lapses
	ended       ended
	mayRenew    int64 // until when an open request may prolong it, to a lease later
	mayEnd      int64 // until when an open request may end it
}

type ended uint8

const (
	lives ended = iota
	maybeEnded
	isEnded
)

func (l *lease) surely(t int64) bool { return l.ended == lives && l.sure > t }

func (l *lease) perhaps(t int64) bool { return l.ended != isEnded && l.maybe > t }

// state is an account in the model. States are values: a step copies what it changes.
type state struct {
	now    int64   // the instant of the last decision
	leases []lease // in the order of their ids
	out    []out   // sessions that ended
}

type out struct {
	session string
	surely  bool
}

func (s state) signedOut(session string) (perhaps, surely bool) {
	for _, o := range s.out {
		if o.session == session {
			return true, o.surely
		}
	}
	return false, false
}

func (s state) find(id string) int {
	return slices.IndexFunc(s.leases, func(l lease) bool { return l.id == id })
}

// change returns a copy of the state in which f has changed a lease.
func (s state) change(i int, f func(*lease)) state {
	s.leases = slices.Clone(s.leases)
	f(&s.leases[i])
	return s
}

func (s state) put(l lease) state {
	s.leases = append(slices.Clone(s.leases), l)
	slices.SortFunc(s.leases, func(a, b lease) int { return cmp.Compare(a.id, b.id) })
	return s
}

// count counts the live leases, without those for which skip returns true.
func (s state) count(t int64, skip func(*lease) bool) (surely, perhaps int) {
	for i := range s.leases {
		l := &s.leases[i]
		if skip(l) {
			continue
		}
		if l.surely(t) {
			surely++
		}
		if l.perhaps(t) {
			perhaps++
		}
	}
	return surely, perhaps
}

// model is the stream rule as a sequential program. A step is a function of the kind of its event; each reports whether
// the state allows the answer, and returns the next state.
func model(rule Rule) porcupine.Model {
	r := sequential{limit: rule.Limit, lease: rule.Lease.Milliseconds()}
	steps := [...]func(state, event) (state, bool){
		granted: r.grant, repeated: r.repeat, renewed: r.renew, stopped: r.stop, signedOut: r.signOut,
		refused: r.refuse, shown: r.show, over: r.over, unknown: r.unknown, outside: r.outside,
	}
	return porcupine.Model{
		Init: func() any { return state{} },
		Step: func(from, input, _ any) (bool, any) {
			before, _ := from.(state)
			e, _ := input.(event)
			after, ok := steps[e.kind](before, e)
			return ok, after
		},
		Equal: func(a, b any) bool {
			x, _ := a.(state)
			y, _ := b.(state)
			return x.now == y.now && slices.Equal(x.leases, y.leases) && slices.Equal(x.out, y.out)
		},
		Hash: func(of any) uint64 {
			s, _ := of.(state)
			h := fnv.New64a()
			_, _ = h.Write(strconv.AppendInt(nil, s.now, 36))
			for _, l := range s.leases {
				_, _ = h.Write(strconv.AppendInt([]byte(l.id), l.sure, 36))
			}
			return h.Sum64()
		},
		DescribeOperation: func(input, _ any) string {
			e, _ := input.(event)
			return e.String()
		},
	}
}

type sequential struct {
	limit int
	lease int64 // ms
}

// decide moves time on to the decision of an event: to the instant that it tells, or else as little as possible but at
// least to notBefore.
func (s state) decide(e event, notBefore int64) (state, bool) {
	t := max(s.now, e.lo, notBefore)
	if e.at != 0 {
		t = e.at
	}
	if t < s.now || t < notBefore || t < e.lo || t > e.hi {
		return s, false
	}
	s.now = t
	return s, true
}

// replaces reports whether a start replaces a lease.
func (e event) replaces(l *lease) bool {
	return l.id == e.replace || e.player != "" && l.player == e.player && l.session == e.session
}

func (r sequential) grant(s state, e event) (state, bool) {
	if e.open {
		return r.maybeGrant(s, e), true
	}
	s, ok := s.decide(e, 0)
	perhapsOut, surelyOut := s.signedOut(e.session)
	surely, perhaps := s.count(s.now, func(l *lease) bool { return e.replaces(l) || l.id == e.stream })
	if !ok || surelyOut || surely >= r.limit || e.active != 0 && (e.active <= surely || e.active > perhaps+1) {
		return s, false
	}
	s = r.replace(s, e, func(l *lease) {
		switch {
		case l.surely(s.now):
			l.ended = isEnded
		case l.perhaps(s.now):
			l.ended = maybeEnded
		}
	})
	if i := s.find(e.stream); i >= 0 { // granted again after it had lapsed
		if s.leases[i].surely(s.now) {
			return s, false
		}
		s.leases = slices.Delete(slices.Clone(s.leases), i, i+1)
	}
	l := lease{id: e.stream, session: e.session, player: e.player, sure: e.expires, maybe: e.expires}
	if perhapsOut || e.undone {
		l.ended = maybeEnded
	}
	return s.put(l), true
}

// maybeGrant notes a start of which it is unknown whether it was carried out.
func (r sequential) maybeGrant(s state, e event) state {
	s = r.replace(s, e, func(l *lease) { l.ended, l.mayEnd = max(l.ended, maybeEnded), max(l.mayEnd, e.hi) })
	if i := s.find(e.stream); i >= 0 { // one more try of the same start
		return s.change(i, func(l *lease) { l.maybe = max(l.maybe, e.hi+r.lease) })
	}
	return s.put(lease{id: e.stream, session: e.session, player: e.player, maybe: e.hi + r.lease, mayRenew: e.hi})
}

// replace applies f to the leases that a start replaces.
func (r sequential) replace(s state, e event, f func(*lease)) state {
	for i := range s.leases {
		if l := &s.leases[i]; l.id != e.stream && e.replaces(l) {
			s = s.change(i, f)
		}
	}
	return s
}

func (r sequential) repeat(s state, e event) (state, bool) {
	s, ok := s.decide(e, 0)
	i := s.find(e.stream)
	return s, ok && i >= 0 && s.leases[i].perhaps(s.now)
}

func (r sequential) renew(s state, e event) (state, bool) {
	i := s.find(e.stream)
	if e.open {
		if i < 0 {
			return s, true
		}
		return s.change(i, func(l *lease) { l.mayRenew = max(l.mayRenew, e.hi); l.maybe = max(l.maybe, e.hi+r.lease) }), true
	}
	s, ok := s.decide(e, 0)
	if !ok || i < 0 || s.leases[i].ended == isEnded {
		return s, false
	}
	if _, surelyOut := s.signedOut(e.session); surelyOut {
		return s, false
	}
	// A service that gets no answer from its store asks again, so a heartbeat may be carried out twice before it is
	// answered: the first time may have resumed the stream, and the answer, which is that of the second, doesn't tell.
	others, _ := s.count(s.now, func(l *lease) bool { return l.id == e.stream })
	resumes := !s.leases[i].surely(s.now) && others < r.limit
	ok = resumes || !e.resumed && s.leases[i].maybe > s.now
	return s.change(i, func(l *lease) {
		l.sure, l.maybe = e.expires, e.expires
		if l.mayRenew > s.now {
			l.maybe = max(l.maybe, l.mayRenew+r.lease)
		}
		if l.ended == maybeEnded && l.mayEnd <= s.now {
			l.ended = lives
		}
	}), ok
}

func (r sequential) stop(s state, e event) (state, bool) {
	i := s.find(e.stream)
	if e.open {
		if i < 0 {
			return s, true
		}
		return s.change(i, func(l *lease) { l.ended, l.mayEnd = max(l.ended, maybeEnded), max(l.mayEnd, e.hi) }), true
	}
	s, ok := s.decide(e, 0)
	if !ok || i < 0 {
		return s, false
	}
	return s.change(i, func(l *lease) { l.ended = isEnded }), true
}

func (r sequential) signOut(s state, e event) (state, bool) {
	ok, to := true, maybeEnded
	if !e.open {
		s, ok = s.decide(e, 0)
		to = isEnded
	}
	for i := range s.leases {
		if s.leases[i].session == e.session {
			s = s.change(i, func(l *lease) { l.ended, l.mayEnd = max(l.ended, to), never })
		}
	}
	s.out = slices.DeleteFunc(slices.Clone(s.out), func(o out) bool { return o.session == e.session && !e.open })
	if perhaps, _ := s.signedOut(e.session); !perhaps {
		s.out = append(s.out, out{e.session, !e.open})
		slices.SortFunc(s.out, func(a, b out) int { return cmp.Compare(a.session, b.session) })
	}
	return s, ok
}

// show allows an answer that lists leases: all that surely live and none that doesn't perhaps live.
func (r sequential) show(s state, e event) (state, bool) {
	isListed := func(id string) bool {
		return slices.ContainsFunc(e.listed, func(l listing) bool { return l.id == id })
	}
	notBefore := int64(0)
	for i := range s.leases {
		if l := &s.leases[i]; l.ended == lives && !isListed(l.id) {
			notBefore = max(notBefore, l.sure)
		}
	}
	s, ok := s.decide(e, notBefore)
	for _, listed := range e.listed {
		i := s.find(listed.id)
		ok = ok && i >= 0 && s.leases[i].perhaps(s.now) && listed.expires > s.now
	}
	return s, ok
}

func (r sequential) refuse(s state, e event) (state, bool) {
	others := 0
	for _, listed := range e.listed {
		if !listed.own {
			others++
		}
	}
	if others < r.limit || e.stream != "" && len(e.listed) > others { // a heartbeat of a live lease needs no slot
		return s, false
	}
	return r.show(s, e)
}

func (r sequential) over(s state, e event) (state, bool) {
	s, ok := s.decide(e, 0)
	i := s.find(e.stream)
	if !ok || i < 0 || s.leases[i].ended == lives {
		return s, false
	}
	return s.change(i, func(l *lease) { l.ended = isEnded }), true
}

// unknown allows a stream to be forgotten once it has ended or lapsed. How soon depends on how many ended since, which isn't modelled.
func (r sequential) unknown(s state, e event) (state, bool) {
	i := s.find(e.stream)
	if i < 0 {
		return s.decide(e, 0)
	}
	notBefore := int64(0)
	if s.leases[i].ended == lives {
		notBefore = s.leases[i].sure
	}
	s, ok := s.decide(e, notBefore)
	return s.change(i, func(l *lease) { l.ended = isEnded }), ok
}

func (r sequential) outside(s state, e event) (state, bool) {
	s, ok := s.decide(e, 0)
	perhaps, _ := s.signedOut(e.session)
	return s, ok && perhaps
}
