package redisstore

import (
	"sync"

	"streamgate/session-svc/internal/stream"
)

// endsAhead is how many ends a watcher may lag behind, before it is told that it has missed some.
const endsAhead = 4096

// endWatchers are those who are told of each end.
type endWatchers struct {
	mu  sync.Mutex
	all map[*endWatcher]bool
}

type endWatcher struct {
	ended  chan stream.ID
	missed bool
}

// WatchEnds implements stream.Changes.
func (c *Changes) WatchEnds() (ended <-chan stream.ID, stop func()) {
	w := &endWatcher{ended: make(chan stream.ID, endsAhead)}
	c.ends.mu.Lock()
	defer c.ends.mu.Unlock()
	if c.ends.all == nil {
		c.ends.all = map[*endWatcher]bool{}
	}
	c.ends.all[w] = true
	return w.ended, func() {
		c.ends.mu.Lock()
		defer c.ends.mu.Unlock()
		delete(c.ends.all, w)
	}
}

func (e *endWatchers) tell(payload string) {
	if len(payload) == len(stream.ID{}) {
		e.send(stream.ID([]byte(payload)))
	}
}

// missed tells that ends may have happened unheard.
func (e *endWatchers) missed() { e.send(stream.AnyStream) }

func (e *endWatchers) send(id stream.ID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for w := range e.all {
		tell := id
		if w.missed {
			tell = stream.AnyStream
		}
		select {
		case w.ended <- tell:
			w.missed = false
		default:
			w.missed = true
		}
	}
}
