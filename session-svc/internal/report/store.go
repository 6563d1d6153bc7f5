package report

import (
	"context"
	"time"
)

// FactStore keeps facts. Its errors are fault.Unavailable when the store doesn't answer.
type FactStore interface {
	// Write ends holds, if closing is not nil, and then adds a fact, if add is not nil, unless it is there already or has been. Writing the same
	// again changes nothing, whatever was written since.
	Write(ctx context.Context, closing *Closing, add *Fact) error

	// Device returns the kind of the device on which a stream started, or Other if that is not known.
	Device(ctx context.Context, stream string) (Device, error)

	// Facts returns those of an account, the earliest first.
	Facts(ctx context.Context, account string) ([]Fact, error)

	// Erase makes the facts of an account nobody's.
	Erase(ctx context.Context, account string) error
}

// CountStore keeps what is counted, and of facts whether that is done. Its errors are fault.Unavailable when the store doesn't answer.
type CountStore interface {
	Turns
	Unfinished
	GroupStore
}

// Turns keep two replicas from counting at once.
type Turns interface {
	// Claim gives the caller the turn to count, unless another one has it: a number that grows from turn to turn. Until then, all minutes are
	// counted. The turn is over after hold, or when it is released.
	Claim(ctx context.Context, hold time.Duration) (turn int64, until time.Time, ok bool, err error)

	// Release ends a turn.
	Release(ctx context.Context, turn int64) error

	// Counted notes that all minutes before a time are counted, with these facts as they are. It returns ErrTurnLost when the turn is another
	// one's, and then notes nothing.
	Counted(ctx context.Context, turn int64, until time.Time, facts []Fact) error

	// Until returns until when all minutes are counted, or zero.
	Until(ctx context.Context) (time.Time, error)
}

// Unfinished are the facts that may change a minute that is to be counted.
type Unfinished interface {
	// Unfolded returns the earliest time, since another, that a fact has and no minute has counted, or zero.
	Unfolded(ctx context.Context, since time.Time) (time.Time, error)

	// Touching returns the facts that touch a time, from its beginning to before its end.
	Touching(ctx context.Context, from, to time.Time) ([]Fact, error)

	// Unseen returns holds that last, and were known to do so before a time and not since, count at most, the longest unknown first.
	Unseen(ctx context.Context, before time.Time, count int) ([]Fact, error)

	// Saw notes of holds that they last at a time, and of others, as they are, that they were over when that was known last.
	Saw(ctx context.Context, at time.Time, last, lost []Fact) error
}

// GroupStore keeps the counts.
type GroupStore interface {
	// Put puts groups, which are in the order of their times, in place of all that are there from the first to the last,
	// but for those of a later turn. It prolongs the turn by hold, and returns ErrTurnLost when it is another one's.
	Put(ctx context.Context, turn int64, hold time.Duration, step Step, groups []*Group) error

	// Groups calls each with the groups of Minute or Hour from a time to before another, in order. A large one may come in parts, with the
	// minutes in the first part. An error of each ends it, and is returned.
	Groups(ctx context.Context, step Step, by By, from, to time.Time, each func(*Group) error) error

	// Forget deletes facts that were over before a time, and groups that began before another.
	Forget(ctx context.Context, facts, groups time.Time) error
}
