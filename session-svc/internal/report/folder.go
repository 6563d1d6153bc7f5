package report

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"streamgate/libs/service"
)

const (
	// stepEvery is how often a replica looks whether there is a minute to count.
	stepEvery = 5 * time.Second
	// turnFor is how long nobody else counts, after the last thing that was put.
	turnFor = 2 * time.Minute
	// atOnce is how much time is counted with one look at the facts.
	atOnce = 15 * time.Minute
	// mostBehind bounds what is counted after a long absence: no event is kept for longer.
	mostBehind = 8 * 24 * time.Hour
	// factsLonger is how much longer than events facts are kept, for what was on its way and for clocks that differ.
	factsLonger = time.Hour
	// unseenFor is how long a hold lasts until it is looked after, and looks are how many are at a time.
	unseenFor, looks = time.Hour, 5000
	// settles is how long after a minute its events come at most, where nothing fails, besides the leases below.
	settles = 10 * time.Second
	// settleLeases is how many leases it takes to tell of a lapse after the kill of a replica.
	settleLeases = 3
)

// ErrTurnLost says that somebody else counts now.
var ErrTurnLost = errors.New("another replica counts")

// Folder counts minutes that are over.
type Folder struct {
	Store  CountStore
	Lease  time.Duration    // of streams
	Events time.Duration    // how long events may come late
	Keep   time.Duration    // how long counts are kept
	Now    func() time.Time // about the time of the events
	Leases Leases           // or nil
}

// Leases tell what lasts. Events tell of each end, but for those that Redis lost with its memory.
type Leases interface {
	// Live returns the ids of the streams of an account that hold slots. It returns false where there are events that tell more.
	Live(ctx context.Context, account string) (streams []string, all bool, err error)
}

// Run counts again and again, until the context ends. Before that it takes a step, as often as it takes, such as to make indexes.
func (f *Folder) Run(ctx context.Context, log *slog.Logger, first func(context.Context) error) {
	prepared := false
	service.Every(stepEvery, log, service.Step{Name: "count the minutes of reports", Do: func(ctx context.Context) error {
		if !prepared {
			if err := first(ctx); err != nil {
				return err
			}
			prepared = true
		}
		return f.Fold(ctx)
	}})(ctx)
}

// Closed returns until when minutes can be counted.
func (f *Folder) Closed() time.Time {
	return f.Now().Add(-settleLeases*f.Lease - settles).UTC().Truncate(time.Minute)
}

// Fold counts the minutes that are over, and those before to which something was added. Several may do it at once: one of them does.
func (f *Folder) Fold(ctx context.Context) error {
	closed := f.Closed()
	if until, err := f.Store.Until(ctx); err != nil || !closed.After(until) {
		return err
	}
	turn, until, ok, err := f.Store.Claim(ctx, turnFor)
	if err != nil || !ok {
		return err
	}
	if err = f.lookAfter(ctx); err == nil {
		err = f.fold(ctx, turn, until, closed)
	}
	if errors.Is(err, ErrTurnLost) {
		return nil
	}
	return errors.Join(err, f.Store.Release(context.WithoutCancel(ctx), turn))
}

func (f *Folder) fold(ctx context.Context, turn int64, until, closed time.Time) error {
	from, err := f.from(ctx, until, closed)
	if err != nil {
		return err
	}
	var folded []Fact
	for at := from; at.Before(closed); at = at.Add(atOnce) {
		end := at.Add(atOnce)
		if end.After(closed) {
			end = closed
		}
		facts, err := f.Store.Touching(ctx, at, end)
		if err != nil {
			return err
		}
		var groups []*Group
		for m := at; m.Before(end); m = m.Add(time.Minute) {
			groups = append(groups, Fold(m, facts)...)
		}
		if err := f.Store.Put(ctx, turn, turnFor, Minute, groups); err != nil {
			return err
		}
		for _, fact := range facts {
			if !fact.Unfolded.IsZero() && fact.Unfolded.Before(end) && !fact.Unfolded.Before(at) {
				folded = append(folded, fact)
			}
		}
	}
	for at := from.Truncate(time.Hour); !at.Add(time.Hour).After(closed); at = at.Add(time.Hour) {
		if err := f.hour(ctx, turn, at); err != nil {
			return err
		}
	}
	if err := f.Store.Counted(ctx, turn, closed, folded); err != nil {
		return err
	}
	if closed.Truncate(time.Hour).Equal(until.Truncate(time.Hour)) {
		return nil
	}
	return f.Store.Forget(ctx, closed.Add(-f.Events-factsLonger), day(closed.Add(-f.Keep)))
}

// lookAfter ends holds that nobody will tell the end of.
func (f *Folder) lookAfter(ctx context.Context) error {
	if f.Leases == nil {
		return nil
	}
	now := f.Now()
	unseen, err := f.Store.Unseen(ctx, now.Add(-unseenFor), looks)
	if err != nil {
		return err
	}
	var last, lost []Fact
	for _, fact := range unseen {
		live, all, err := f.Leases.Live(ctx, fact.Account)
		switch {
		case err != nil:
			return err
		case slices.Contains(live, fact.Stream):
			last = append(last, fact)
		case all:
			lost = append(lost, fact)
		}
	}
	return f.Store.Saw(ctx, now, last, lost)
}

// from returns the first minute to count.
func (f *Folder) from(ctx context.Context, until, closed time.Time) (time.Time, error) {
	oldest := closed.Add(-mostBehind)
	unfolded, err := f.Store.Unfolded(ctx, oldest)
	if err != nil {
		return time.Time{}, err
	}
	from := until
	if !unfolded.IsZero() && (from.IsZero() || unfolded.Before(from)) {
		from = unfolded.Truncate(time.Minute)
	}
	if from.IsZero() {
		from = closed // nothing has happened yet
	}
	if from.Before(oldest) {
		from = oldest
	}
	return from, nil
}

// hour makes an hour of its minutes.
func (f *Folder) hour(ctx context.Context, turn int64, at time.Time) error {
	var hours []*Group
	for _, by := range Bys {
		hour := &Group{At: at, By: by, Counts: map[string]*Counts{}}
		if err := f.Store.Groups(ctx, Minute, by, at, at.Add(time.Hour), hour.add); err != nil {
			return err
		}
		if hour.Minutes == 0 {
			return nil // reports were off
		}
		hours = append(hours, hour)
	}
	return f.Store.Put(ctx, turn, turnFor, Hour, hours)
}

// add adds another group.
func (g *Group) add(o *Group) error {
	g.Minutes += o.Minutes
	for key, c := range o.Counts {
		g.of(key).Add(c)
	}
	return nil
}

// day returns when the day of a time begins.
func day(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }
