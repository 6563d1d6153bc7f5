package report

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Step is the time that a row counts.
type Step string

// The steps.
const (
	Minute Step = "minute"
	Hour   Step = "hour"
	Day    Step = "day"
)

// Steps lists them.
var Steps = []Step{Minute, Hour, Day}

// Length returns how long a step is. Steps begin at whole ones in UTC.
func (s Step) Length() time.Duration {
	switch s {
	case Hour:
		return time.Hour
	case Day:
		return 24 * time.Hour
	default:
		return time.Minute
	}
}

// Row has the counts of one step.
type Row struct {
	At      time.Time // when it begins
	Minutes int       // how many it counts: less than the step has where reports were off
	Key     string    // a Device, a content's id, or ""
	Counts
}

// Mean returns how many streams held slots at once, on the average.
func (r *Row) Mean() float64 { return r.Played.Minutes() / float64(r.Minutes) }

// Reports are what is told of the facts and the counts.
type Reports struct {
	FactStore

	Counts CountStore
}

// Until returns where the rows of a step end: the step that begins there is not over, or not counted. It is zero if nothing was counted.
func (r *Reports) Until(ctx context.Context, step Step) (time.Time, error) {
	until, err := r.Counts.Until(ctx)
	return until.Truncate(step.Length()), err
}

// Rows calls each with the rows from a time to before another, both of whole steps, by time and key. An error of each ends it, and is returned.
func (r *Reports) Rows(ctx context.Context, step Step, by By, from, to time.Time, each func(*Row) error) error {
	stored := step
	if step == Day {
		stored = Hour
	}
	var sum *Group
	flush := func() error {
		if sum == nil {
			return nil
		}
		for _, key := range slices.Sorted(maps.Keys(sum.Counts)) {
			if err := each(&Row{sum.At, sum.Minutes, key, *sum.Counts[key]}); err != nil {
				return err
			}
		}
		return nil
	}
	err := r.Counts.Groups(ctx, stored, by, from, to, func(g *Group) error {
		at := g.At.UTC().Truncate(step.Length())
		if sum == nil || !sum.At.Equal(at) {
			if err := flush(); err != nil {
				return err
			}
			sum = &Group{At: at, By: by, Counts: map[string]*Counts{}}
		}
		return sum.add(g)
	})
	if err != nil {
		return err
	}
	return flush()
}
