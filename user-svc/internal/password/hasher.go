package password

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"streamgate/libs/fault"
	"streamgate/user-svc/internal/account"
)

const (
	// maxWait is how long a request waits for its hash. After that a person tries again anyway, and needs a free place.
	maxWait = 2 * time.Second
	// waitersPerSlot bounds the requests that wait: about as many as are served within maxWait, at 30 ms a hash.
	waitersPerSlot = 64
	// idleAfter is how long after the last hash its memory, 19 MiB, goes back to the system: by itself it would stay for minutes.
	idleAfter = 500 * time.Millisecond
)

// Hasher hashes as many passwords at once as there are processors, and lets a bounded number wait: every hash takes a processor and
// 19 MiB, so that more at once would only take more memory.
type Hasher struct {
	params     Params
	slots      *semaphore.Weighted
	waiting    atomic.Int64
	maxWaiting int64
	maxWait    time.Duration
	observe    func(time.Duration)
	idle       *time.Timer
}

// NewHasher returns a hasher with these costs. It tells observe how long each hash took, without the wait.
func NewHasher(params Params, observe func(time.Duration)) *Hasher {
	slots := runtime.GOMAXPROCS(0)
	return newHasher(params, observe, slots, slots*waitersPerSlot, maxWait)
}

func newHasher(params Params, observe func(time.Duration), slots, maxWaiting int, maxWait time.Duration) *Hasher {
	h := &Hasher{
		params: params, slots: semaphore.NewWeighted(int64(slots)), maxWaiting: int64(maxWaiting), maxWait: maxWait, observe: observe,
		idle: time.AfterFunc(idleAfter, debug.FreeOSMemory),
	}
	h.idle.Stop()
	return h
}

// Waiting returns the number of requests that wait for their hash.
func (h *Hasher) Waiting() int64 { return h.waiting.Load() }

// Hash returns a new hash of the password: a PHC string. Its error is fault.Unavailable when too many requests wait, or
// ctx's.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	var hash string
	err := h.work(ctx, func() { hash = newStored(password, h.params).String() })
	return hash, err
}

// Verify implements account.Passwords. Its error is that of Hash, or that the hash is malformed.
func (h *Hasher) Verify(ctx context.Context, password, hash string) (account.Match, error) {
	if hash == "" {
		return account.Wrong, h.work(ctx, func() { newStored(password, h.params) })
	}
	s, err := parse(hash)
	if err != nil {
		return account.Wrong, err
	}
	right := false
	if err := h.work(ctx, func() { right = s.matches(password) }); err != nil || !right {
		return account.Wrong, err
	}
	if s.params != h.params {
		return account.Outdated, nil
	}
	return account.Right, nil
}

func (h *Hasher) work(ctx context.Context, do func()) error {
	if err := h.acquire(ctx); err != nil {
		return err
	}
	defer func() {
		h.slots.Release(1)
		h.idle.Reset(idleAfter)
	}()
	start := time.Now()
	do()
	h.observe(time.Since(start))
	return nil
}

func (h *Hasher) acquire(ctx context.Context) error {
	if h.slots.TryAcquire(1) {
		return nil
	}
	defer h.waiting.Add(-1)
	if h.waiting.Add(1) > h.maxWaiting {
		return h.busy()
	}
	wait, cancel := context.WithTimeout(ctx, h.maxWait)
	defer cancel()
	if h.slots.Acquire(wait, 1) == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("wait for a password hash: %w", err)
	}
	return h.busy()
}

func (h *Hasher) busy() error {
	return fault.New(fault.Unavailable, "busy", "Too many sign-ins at once; try again.").After(h.maxWait)
}
