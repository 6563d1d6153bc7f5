package report

import (
	"cmp"
	"slices"
	"time"

	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/stream"
)

// By says what rows are told apart by.
type By string

// What rows are told apart by.
const (
	All       By = "" // nothing
	ByDevice  By = "device"
	ByContent By = "content"
)

// Bys lists them.
var Bys = []By{All, ByDevice, ByContent}

// Group has the counts of a time, by a Device, a content's id, or "".
type Group struct {
	At      time.Time // when it begins
	By      By
	Minutes int // how many minutes it counts
	Counts  map[string]*Counts
}

// of returns the counts of a key.
func (g *Group) of(key string) *Counts {
	c := g.Counts[key]
	if c == nil {
		c = &Counts{}
		g.Counts[key] = c
	}
	return c
}

// edge is a change of how many streams there are.
type edge struct {
	at time.Time
	by int
}

// levels follow how many streams there were in a minute.
type levels struct {
	first int // when it began
	edges []edge
}

// most returns how many there were at most. A slot that is given up and taken at the same time is one.
func (l *levels) most() int {
	slices.SortFunc(l.edges, func(a, b edge) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.by, b.by)) })
	now, most := l.first, l.first
	for _, e := range l.edges {
		now += e.by
		most = max(most, now)
	}
	return most
}

// minute is a minute that is being counted.
type minute struct {
	at, end  time.Time
	groups   []*Group // by Bys
	streams  []map[string]*levels
	accounts map[string]*levels
	evicted  map[moment]int // streams, for a start that comes next
}

// moment is a time in an account.
type moment struct {
	account string
	at      time.Time
}

// Fold returns what happened in the minute that begins at a time, by each of Bys. The facts must be all that touch it; others may be among them.
func Fold(at time.Time, facts []Fact) []*Group {
	m := &minute{at: at, end: at.Add(time.Minute), accounts: map[string]*levels{}, evicted: map[moment]int{}}
	for _, by := range Bys {
		m.groups = append(m.groups, &Group{At: at, By: by, Minutes: 1, Counts: map[string]*Counts{}})
		m.streams = append(m.streams, map[string]*levels{})
	}
	m.groups[0].of("") // also of a minute in which nothing happened
	// In the order of each account, so that evictions come right before the start that they were for.
	for _, f := range slices.SortedFunc(touching(m, facts), func(a, b *Fact) int { return cmp.Compare(a.Opened, b.Opened) }) {
		m.count(f)
	}
	for i, g := range m.groups {
		for key, l := range m.streams[i] {
			g.of(key).Peak = l.most()
		}
	}
	for _, l := range m.accounts {
		count(&m.groups[0].of("").Levels, l.most(), 1)
	}
	return m.groups
}

const evicted = events.Reason(stream.Evicted)

// touching returns the facts that touch a minute.
func touching(m *minute, facts []Fact) func(yield func(*Fact) bool) {
	return func(yield func(*Fact) bool) {
		for i := range facts {
			f := &facts[i]
			if f.From.Before(m.end) && (f.Until.IsZero() || !f.Until.Before(m.at)) && !yield(f) {
				return
			}
		}
	}
}

// has reports whether a time is in the minute.
func (m *minute) has(at time.Time) bool { return !at.Before(m.at) && at.Before(m.end) }

// keys returns by what a fact is counted in each of the groups.
func keys(f *Fact) [3]string { return [3]string{"", string(f.Device), f.Content} }

// count counts a fact that touches the minute.
func (m *minute) count(f *Fact) {
	asked, now := f.Level, moment{f.Account, f.From}
	switch {
	case f.Kind == Ended && f.Reason == evicted:
		m.evicted[now]++
	case f.Kind == Started:
		asked += m.evicted[now]
		delete(m.evicted, now)
	}
	for i, key := range keys(f) {
		c := m.groups[i].of(key)
		if m.has(f.From) {
			c.begins(f, asked)
		}
		if f.hold() && m.has(f.Until) {
			c.over(f.Until.Sub(f.From))
			if f.Lapsed {
				c.Lapses++
			}
		}
	}
	from, until := f.From, f.Until
	if until.IsZero() || until.After(m.end) {
		until = m.end
	}
	if from.Before(m.at) {
		from = m.at
	}
	if !f.hold() || !from.Before(until) {
		return
	}
	for i, key := range keys(f) {
		m.groups[i].of(key).Played += until.Sub(from)
		m.holds(m.streams[i], key, from, until)
	}
	m.holds(m.accounts, f.Account, from, until)
}

// begins counts what begins or happens with a fact.
func (c *Counts) begins(f *Fact, asked int) {
	switch f.Kind {
	case Started:
		c.Starts++
		count(&c.Granted, asked, 1)
	case Resumed:
		c.Resumptions++
	case Ended:
		if i := slices.Index(EndReasons, f.Reason); i >= 0 {
			c.Ends[i]++
		}
	case Refused:
		if i := slices.Index(RefusalReasons, f.Reason); i >= 0 {
			c.Refusals[i] += f.Times
		}
		if f.Reason != events.Recovering { // then nobody knows how many there are
			count(&c.Denied, asked, f.Times)
		}
	}
}

// holds notes that one more slot is held for a part of the minute.
func (m *minute) holds(in map[string]*levels, key string, from, until time.Time) {
	l := in[key]
	if l == nil {
		l = &levels{}
		in[key] = l
	}
	if from.Equal(m.at) {
		l.first++
	} else {
		l.edges = append(l.edges, edge{from, 1})
	}
	if until.Before(m.end) {
		l.edges = append(l.edges, edge{until, -1})
	}
}
