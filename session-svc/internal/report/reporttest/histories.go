package reporttest

import (
	"math/rand/v2"
	"time"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// deviceNames are names of all kinds of devices.
var deviceNames = []string{"Safari on iPhone", "Safari on iPad", "Firefox on Linux", "Living room TV", "curl"}

// account is one whose history is made up.
type account struct {
	random   *rand.Rand
	id       string
	limit    int
	session  session.ID
	sequence int64
	now      time.Time
	contents []string
	streams  []*played
	told     []events.Event
}

type played struct {
	events.Data

	lives bool
}

// Account makes up what an account with a limit did in a time, with contents among a few.
func Account(random *rand.Rand, limit int, from, to time.Time, contents []string) []events.Event {
	a := &account{random: random, id: testkit.NewID(), limit: limit, session: session.NewID(), sequence: from.UnixMilli(), now: from, contents: contents}
	a.tell(events.SessionOpened, events.Data{Session: a.session, Device: "TV"})
	for a.pass(); a.now.Before(to); a.pass() {
		switch random.IntN(4) {
		case 0, 1:
			a.start()
		default:
			if len(a.streams) > 0 {
				a.change(random.IntN(len(a.streams)))
			}
		}
	}
	return a.told
}

// pass lets some time pass, or none.
func (a *account) pass() {
	if a.random.IntN(5) > 0 {
		a.now = a.now.Add(time.Duration(a.random.IntN(40_000)) * time.Millisecond)
	}
	if a.random.IntN(10) == 0 { // to a whole minute
		a.now = a.now.Truncate(time.Minute).Add(time.Minute)
	}
}

func (a *account) tell(kind events.Type, d events.Data) {
	a.sequence++
	a.told = append(a.told, events.Event{Account: a.id, Sequence: a.sequence, Time: a.now.UTC(), Type: kind, Data: d})
}

func (a *account) living() (all []*played) {
	for _, s := range a.streams {
		if s.lives {
			all = append(all, s)
		}
	}
	return all
}

func (a *account) start() {
	d := events.Data{
		Session: a.session, Content: a.contents[a.random.IntN(len(a.contents))], Device: deviceNames[a.random.IntN(len(deviceNames))], Limit: a.limit,
	}
	living := a.living()
	reasons := []events.Reason{events.LimitReached, events.LimitReached, events.TooManyStarts, events.Recovering}
	if reason := reasons[a.random.IntN(len(reasons))]; reason != events.LimitReached && a.random.IntN(5) == 0 || len(living) == a.limit && a.random.IntN(3) > 0 {
		d.Active, d.Reason, d.Times = len(living), reason, 1+a.random.IntN(3)
		a.tell(events.StreamRefused, d)
		return
	}
	if len(living) == a.limit {
		a.end(living[0], events.Reason(stream.Evicted))
	}
	d.Stream, d.Started, d.Active = stream.NewID(), a.now, len(a.living())+1
	a.streams = append(a.streams, &played{d, true})
	a.tell(events.StreamStarted, d)
}

func (a *account) end(s *played, reason events.Reason) {
	s.lives = false
	d := s.Data
	d.Device, d.Limit, d.Active, d.Reason = "", 0, 0, reason
	a.tell(events.StreamEnded, d)
	for i, each := range a.streams {
		if each == s {
			a.streams = append(a.streams[:i], a.streams[i+1:]...)
			return
		}
	}
}

func (a *account) change(i int) {
	s := a.streams[i]
	d := s.Data
	d.Device, d.Limit, d.Active = "", 0, 0
	switch {
	case a.random.IntN(2) == 0:
		reasons := []stream.Reason{stream.Stopped, stream.Replaced, stream.Terminated, stream.SessionEnded, stream.Reason(events.Undone)}
		a.end(s, events.Reason(reasons[a.random.IntN(len(reasons))]))
	case s.lives:
		s.lives = false
		a.tell(events.StreamLapsed, d)
	case len(a.living()) < a.limit:
		s.lives = true
		d.Limit, d.Active = a.limit, len(a.living())
		a.tell(events.StreamResumed, d)
	}
}

// Deliver returns events of accounts as a sink may get them: in order for each account, some again, also long after others followed them.
func Deliver(random *rand.Rand, accounts ...[]events.Event) (all []events.Event) {
	next := make([]int, len(accounts))
	for {
		var left []int
		for i, told := range accounts {
			if next[i] < len(told) {
				left = append(left, i)
			}
		}
		if len(left) == 0 {
			return all
		}
		i := left[random.IntN(len(left))]
		all = append(all, accounts[i][next[i]])
		next[i]++
		for random.IntN(3) == 0 {
			all = append(all, accounts[i][random.IntN(next[i])])
		}
	}
}
