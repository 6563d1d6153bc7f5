package redisstore

import (
	"encoding"
	"strconv"
	"sync"
	"time"
)

// clock knows how far a server's clock is ahead of ours, from the times in its answers. By it a script is told until when its answer is
// waited for, and decides alone, on its own clock, whether that has passed. What is known may be wrong after a failover or where a clock was
// set: a script that is told a time which can't be meant says so, and its answer tells the right one.
type clock struct {
	mu    sync.Mutex
	base  time.Time     // monotonic
	ahead time.Duration // of the time since base, at least
	known bool
}

func newClock() *clock { return &clock{base: time.Now()} }

// learn takes the time in an answer, in Unix milliseconds, and when the call was sent and the answer received.
func (c *clock) learn(now int64, sent, received time.Time) {
	told := time.Duration(now) * time.Millisecond
	least, most := told-received.Sub(c.base), told+time.Millisecond-sent.Sub(c.base)
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.known || c.ahead < least || c.ahead > most {
		c.known, c.ahead = true, least
	}
}

// at is an argument of scripts: an instant of ours in Unix milliseconds on the server's clock, at the latest then. Its value is taken when
// the client writes the command to a connection, so that a repetition knows what was learnt meanwhile.
func (c *clock) at(instant time.Time) encoding.BinaryMarshaler { return serverTime{c, instant} }

type serverTime struct {
	clock   *clock
	instant time.Time
}

// MarshalBinary implements encoding.BinaryMarshaler.
func (t serverTime) MarshalBinary() ([]byte, error) {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	return strconv.AppendInt(nil, (t.instant.Sub(t.clock.base) + t.clock.ahead).Milliseconds(), 10), nil
}
