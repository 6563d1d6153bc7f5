package check

import (
	"cmp"
	"slices"
	"time"
)

// span is a time in which something surely lived: from From, up to and without To, in the unit of its axis.
type span struct {
	from, to int64
	id       string
}

// Overlap is by how much the limit was exceeded.
type Overlap struct {
	Worst   time.Duration // the longest time without a break
	Leases  int           // the most above the limit at one instant
	Times   int           // how often it began
	Account string        // where it was worst
	Streams []string      // which lived then
}

// Exceeded reports whether the limit was exceeded at all.
func (o Overlap) Exceeded() bool { return o.Leases > 0 }

func (o *Overlap) add(other Overlap) {
	if other.Worst > o.Worst || !o.Exceeded() {
		o.Worst, o.Account, o.Streams = other.Worst, other.Account, other.Streams
	}
	o.Leases = max(o.Leases, other.Leases)
	o.Times += other.Times
}

// sweep finds where more spans than the limit overlap; those of one id count once. Times are in units.
func sweep(account string, spans []span, limit int, unit time.Duration) Overlap {
	type edge struct {
		at    int64
		begin int
		id    string
	}
	var edges []edge
	for _, s := range spans {
		if s.to > s.from {
			edges = append(edges, edge{s.from, 1, s.id}, edge{s.to, -1, s.id})
		}
	}
	// At one instant, ends come first: a lease that lapses then is not live any more.
	slices.SortFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.begin, b.begin)) })

	var worst Overlap
	live := map[string]int{}
	began, exceeded := int64(0), false
	var during []string
	for i, e := range edges {
		if live[e.id] += e.begin; live[e.id] == 0 {
			delete(live, e.id)
		}
		if i+1 < len(edges) && edges[i+1].at == e.at {
			continue
		}
		over := len(live) - limit
		switch {
		case over > 0 && !exceeded:
			began, exceeded, during = e.at, true, keys(live)
			worst.add(Overlap{Leases: over, Times: 1, Account: account, Streams: during})
		case over > 0:
			worst.Leases = max(worst.Leases, over)
		case exceeded:
			exceeded = false
			worst.add(Overlap{Worst: time.Duration(e.at-began) * unit, Account: account, Streams: during})
		}
	}
	return worst
}

func keys(m map[string]int) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// subtract takes a time out of spans.
func subtract(spans []span, from, to int64) []span {
	var rest []span
	for _, s := range spans {
		if s.to <= from || s.from >= to {
			rest = append(rest, s)
			continue
		}
		if s.from < from {
			rest = append(rest, span{s.from, from, s.id})
		}
		if s.to > to {
			rest = append(rest, span{to, s.to, s.id})
		}
	}
	return rest
}
