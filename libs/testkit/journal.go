package testkit

import "sync"

// Journal keeps what happens in its order, for tests in which it happens at the same time as others.
type Journal struct {
	mu     sync.Mutex
	events []string
}

// Add notes an event.
func (j *Journal) Add(event string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, event)
}

// Take returns the events since it was last called.
func (j *Journal) Take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	events := j.events
	j.events = nil
	return events
}
