package reporttest

import (
	"cmp"
	"slices"
	"time"

	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/report"
	"streamgate/session-svc/internal/stream"
)

// hold is a time in which a stream had its slot.
type hold struct {
	account, content string
	device           report.Device
	from, until      time.Time
	lapsed           bool
}

// happening is an event with what other events of its stream tell.
type happening struct {
	events.Event

	device report.Device
	asked  int
}

// History is what happened, as the events told it.
type History struct {
	holds []hold
	all   []happening
	end   time.Time
}

// Read reads the events of all accounts, each once. Holds that last do so until end.
func Read(all []events.Event, end time.Time) *History {
	h := &History{end: end}
	accounts := map[string][]events.Event{}
	for _, e := range all {
		accounts[e.Account] = append(accounts[e.Account], e)
	}
	for _, told := range accounts {
		slices.SortFunc(told, func(a, b events.Event) int { return cmp.Compare(a.Sequence, b.Sequence) })
		h.read(told)
	}
	return h
}

func (h *History) read(told []events.Event) {
	devices, open := map[stream.ID]report.Device{}, map[stream.ID]*hold{}
	var evicted []time.Time
	for _, e := range told {
		of := happening{Event: e, device: report.DeviceOf(e.Data.Device), asked: e.Data.Active}
		switch e.Type {
		case events.StreamStarted, events.StreamResumed:
			if e.Type == events.StreamStarted {
				devices[e.Data.Stream] = of.device
				for len(evicted) > 0 && evicted[0].Equal(e.Time) {
					of.asked++
					evicted = evicted[1:]
				}
			}
			open[e.Data.Stream] = &hold{account: e.Account, content: e.Data.Content, device: devices[e.Data.Stream], from: e.Time}
		case events.StreamLapsed, events.StreamEnded:
			if last := open[e.Data.Stream]; last != nil {
				last.until, last.lapsed = e.Time, e.Type == events.StreamLapsed
				h.holds = append(h.holds, *last)
				delete(open, e.Data.Stream)
			}
			if e.Data.Reason == events.Reason(stream.Evicted) {
				evicted = append(evicted, e.Time)
			}
		case events.StreamRefused:
			of.asked++
		default:
			continue
		}
		if e.Type != events.StreamStarted && e.Type != events.StreamRefused {
			of.device = devices[e.Data.Stream]
		}
		h.all = append(h.all, of)
	}
	for _, last := range open {
		last.until = h.end
		h.holds = append(h.holds, *last)
	}
}

// Group returns what happened in a minute.
func (h *History) Group(at time.Time, by report.By) *report.Group {
	g := &report.Group{At: at, By: by, Minutes: 1, Counts: map[string]*report.Counts{}}
	keys := map[string]bool{}
	if by == report.All {
		keys[""] = true
	}
	end := at.Add(time.Minute)
	in := func(t time.Time) bool { return !t.Before(at) && t.Before(end) }
	key := func(device report.Device, content string) string {
		return map[report.By]string{report.ByDevice: string(device), report.ByContent: content}[by]
	}
	for _, o := range h.holds {
		if o.from.Before(end) && !o.until.Before(at) {
			keys[key(o.device, o.content)] = true
		}
	}
	for _, e := range h.all {
		if in(e.Time) {
			keys[key(e.device, e.Data.Content)] = true
		}
	}
	for k := range keys {
		g.Counts[k] = h.counts(at, end, func(device report.Device, content string) bool { return key(device, content) == k })
		if by == report.All {
			g.Counts[k].Levels = h.levels(at, end)
		}
	}
	return g
}

func (h *History) counts(at, end time.Time, of func(report.Device, string) bool) *report.Counts {
	c := &report.Counts{}
	in := func(t time.Time) bool { return !t.Before(at) && t.Before(end) }
	h.atOnce(c, at, end, of)
	for _, o := range h.holds {
		if !of(o.device, o.content) || !in(o.until) || o.until.Equal(h.end) {
			continue
		}
		lasted := o.until.Sub(o.from)
		c.Held += lasted
		i := 0
		for i < len(report.Bounds) && lasted > report.Bounds[i] {
			i++
		}
		c.Durations[i]++
		if o.lapsed {
			c.Lapses++
		}
	}
	for _, e := range h.all {
		if of(e.device, e.Data.Content) && in(e.Time) {
			happened(c, e)
		}
	}
	return c
}

// atOnce counts how many streams there were at once.
func (h *History) atOnce(c *report.Counts, at, end time.Time, of func(report.Device, string) bool) {
	instants := h.instants(at, end)
	for i, t := range instants[:len(instants)-1] {
		n := 0
		for _, o := range h.holds {
			if of(o.device, o.content) && !o.from.After(t) && o.until.After(t) {
				n++
			}
		}
		c.Peak = max(c.Peak, n)
		c.Played += time.Duration(n) * instants[i+1].Sub(t)
	}
}

// happened counts an event.
func happened(c *report.Counts, e happening) {
	switch e.Type { //nolint:exhaustive // all that is told of streams
	case events.StreamStarted:
		c.Starts++
		one(&c.Granted, e.asked, 1)
	case events.StreamResumed:
		c.Resumptions++
	case events.StreamEnded:
		c.Ends[slices.Index(report.EndReasons, e.Data.Reason)]++
	case events.StreamRefused:
		c.Refusals[slices.Index(report.RefusalReasons, e.Data.Reason)] += e.Data.Times
		if e.Data.Reason != events.Recovering {
			one(&c.Denied, e.asked, e.Data.Times)
		}
	}
}

// instants returns all times in a minute at which something may have changed, its ends among them.
func (h *History) instants(at, end time.Time) []time.Time {
	all := []time.Time{at, end}
	for _, o := range h.holds {
		for _, t := range []time.Time{o.from, o.until} {
			if t.After(at) && t.Before(end) {
				all = append(all, t)
			}
		}
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// levels returns how many accounts had so many streams at once at most.
func (h *History) levels(at, end time.Time) map[int]int {
	most := map[string]int{}
	for _, t := range h.instants(at, end) {
		now := map[string]int{}
		for _, o := range h.holds {
			if !o.from.After(t) && o.until.After(t) && t.Before(end) {
				now[o.account]++
			}
		}
		for account, n := range now {
			most[account] = max(most[account], n)
		}
	}
	var levels map[int]int
	for _, n := range most {
		one(&levels, n, 1)
	}
	return levels
}

func one(in *map[int]int, level, n int) {
	if *in == nil {
		*in = map[int]int{}
	}
	(*in)[level] += n
}
