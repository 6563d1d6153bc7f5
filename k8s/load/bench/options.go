package bench

import (
	"io"
	"slices"
	"time"
)

// Options of a run.
type Options struct {
	Quick       bool
	Lasts       time.Duration // of one measurement; 0 is a default
	Rounds      int           // how often each is repeated; 0 is a default
	Service     string        // a binary of session-svc, or the folder of its sources
	Against     string        // another one, to compare with; "" is none
	Traces      float64       // share of requests that the other one traces, of the same build if no other is given; 0 is none
	Only        []string      // names of parts; none is all
	Settings    []string      // environment of the service, such as GOMAXPROCS=1
	Connections int           // of the load, and of redis-benchmark: as many as the service's pool has
	Patience    time.Duration // how long to wait in all for other programs to be quiet
	Work        string        // a folder for what is built
	Out         io.Writer
}

// lasts returns the length of one measurement.
func (o *Options) lasts() time.Duration {
	if o.Lasts > 0 {
		return o.Lasts
	}
	if o.Quick {
		return time.Second
	}
	return 3 * time.Second
}

// rounds returns how often each measurement is repeated, in turn with the others.
func (o *Options) rounds() int {
	if o.Rounds > 0 {
		return o.Rounds
	}
	if o.Quick {
		return 2
	}
	return 5
}

// accounts returns how many accounts take part, fewer than the 20,000 tokens that the service remembers.
func (o *Options) accounts() int {
	if o.Quick {
		return 4000
	}
	return 12_000
}

// wants reports whether a part is to be run. Profiles measure nothing, so they have to be named.
func (o *Options) wants(part string) bool {
	return len(o.Only) == 0 && part != profilesPart || slices.Contains(o.Only, part)
}
