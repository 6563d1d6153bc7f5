package history

import (
	"slices"
	"sync"
	"time"
)

// Recorder collects a History from many clients at once.
type Recorder struct {
	began time.Time

	mu    sync.Mutex
	ops   []Op
	steps []Step
}

// NewRecorder returns a recorder whose recording begins now.
func NewRecorder() *Recorder { return &Recorder{began: time.Now()} }

// Now returns the time on the recorder's monotonic clock.
func (r *Recorder) Now() time.Duration { return time.Since(r.began) }

// Add records a request that has ended.
func (r *Recorder) Add(op Op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ops = append(r.ops, op)
}

// Stepped records that the server's clock was set forward, or back, now.
func (r *Recorder) Stepped(by time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps = append(r.steps, Step{At: r.Now(), By: by})
}

// History returns what was recorded so far.
func (r *Recorder) History() History {
	r.mu.Lock()
	defer r.mu.Unlock()
	return History{Began: r.began, Ops: slices.Clone(r.ops), Steps: slices.Clone(r.steps)}
}
