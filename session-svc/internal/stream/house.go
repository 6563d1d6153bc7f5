package stream

import (
	"context"
	"time"
)

// Tally counts what goes on in all accounts together, for the page of the house. No account is in it. It must cost the rule next to nothing.
type Tally interface {
	// Started counts a start by its outcome.
	Started(outcome string)
	// Granted counts a start after which the account had so many streams.
	Granted(active int)
	// Holds counts a stream that holds its slot until a time, or, with -1, takes one back that was counted so.
	Holds(until time.Time, n int64)
}

// House is what went on in all accounts together.
type House struct {
	Playing int      // streams that hold a slot, as was known some seconds ago
	Minutes []Minute // of the last hour, the oldest first, the last one not over yet
	Levels  []Level  // by their streams
	// Outcomes are the starts of the last hour by outcome.
	Outcomes map[string]int
}

// Minute is a minute of the house.
type Minute struct {
	At               time.Time // its beginning
	Granted, Refused int       // starts
}

// Level says how many starts of the last hour left their account with so many streams.
type Level struct {
	Streams, Starts int
}

// Houses keeps the tally of all replicas.
type Houses interface {
	// House returns what went on. Its error is fault.Unavailable when the store doesn't answer.
	House(ctx context.Context) (House, error)
}
