package redisstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
	"streamgate/libs/wait"
	"streamgate/session-svc/internal/stream"
)

// The tally of the house is a hash for each minute, of numbers that replicas add to:
//
//	start:<outcome>   starts
//	level:<streams>   granted starts that left their account with so many streams
//	until:<second>    streams whose lease lives until then, Unix time; what lapsed has no part in what is still to come, so that nothing
//	                  has to be taken from it, and what Redis forgets is known again after a lease
const (
	tallyStep  = time.Minute
	tallyShown = time.Hour
	tallyKept  = 2*tallyShown + stream.MaxAhead
	tallyEvery = 2 * time.Second // how often a replica adds what it counted

	startField, levelField, untilField = "start:", "level:", "until:"
)

// House is a stream.Tally and a stream.Houses.
type House struct {
	client redis.UniversalClient
	now    func() time.Time

	mu     sync.Mutex
	counts map[string]int64 // of this minute
	until  map[int64]int64  // streams by the second until which they hold their slots
}

var (
	_ stream.Tally  = (*House)(nil)
	_ stream.Houses = (*House)(nil)
)

// NewHouse returns a tally. What it counts reaches the others by Run.
func NewHouse(client redis.UniversalClient) *House {
	return &House{client: client, now: time.Now, counts: map[string]int64{}, until: map[int64]int64{}}
}

// Started implements stream.Tally.
func (h *House) Started(outcome string) { h.add(startField+outcome, 1) }

// Granted implements stream.Tally.
func (h *House) Granted(active int) { h.add(levelField+strconv.Itoa(active), 1) }

// Holds implements stream.Tally.
func (h *House) Holds(until time.Time, n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.until[until.Unix()] += n
}

func (h *House) add(field string, n int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counts[field] += n
}

// Run adds what was counted to the record of all replicas, until the context ends. While the record is away, it goes on counting.
func (h *House) Run(ctx context.Context) {
	wait.Every(ctx, tallyEvery, func() { h.flush(ctx) })
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), tallyEvery)
	defer cancel()
	h.flush(last)
}

func (h *House) flush(ctx context.Context) {
	h.mu.Lock()
	counts, until := h.counts, h.until
	h.counts, h.until = map[string]int64{}, map[int64]int64{}
	h.mu.Unlock()
	if len(counts)+len(until) == 0 {
		return
	}
	present := houseKey(h.now())
	_, err := h.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		keys := map[string]bool{present: true}
		for field, n := range counts {
			p.HIncrBy(ctx, present, field, n)
		}
		for second, n := range until {
			key := houseKey(time.Unix(second, 0))
			keys[key] = true
			p.HIncrBy(ctx, key, untilField+strconv.FormatInt(second, 10), n)
		}
		for key := range keys {
			p.Expire(ctx, key, tallyKept)
		}
		return nil
	})
	if err != nil { // the next time
		h.mu.Lock()
		defer h.mu.Unlock()
		for field, n := range counts {
			h.counts[field] += n
		}
		for second, n := range until {
			h.until[second] += n
		}
	}
}

// House implements stream.Houses.
func (h *House) House(ctx context.Context) (stream.House, error) {
	now := h.now().UTC()
	var steps []time.Time
	for at := now.Truncate(tallyStep).Add(tallyStep - tallyShown); !at.After(now.Add(stream.MaxAhead)); at = at.Add(tallyStep) {
		steps = append(steps, at)
	}
	answers := make([]*redis.MapStringStringCmd, len(steps))
	_, err := h.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, at := range steps {
			answers[i] = p.HGetAll(ctx, houseKey(at))
		}
		return nil
	})
	if err != nil {
		return stream.House{}, redisdb.Fault(err)
	}
	sum := houseSum{now: now, house: stream.House{Outcomes: map[string]int{}}, levels: map[int]int{}}
	for i, at := range steps {
		sum.add(at, answers[i].Val())
	}
	return sum.result(), nil
}

// houseSum adds the steps of the tally up.
type houseSum struct {
	now    time.Time
	house  stream.House
	levels map[int]int
}

// add adds a minute, also one to come, of which only the leases that live until then are known.
func (s *houseSum) add(at time.Time, step map[string]string) {
	minute := stream.Minute{At: at}
	for field, text := range step {
		n, _ := strconv.Atoi(text) // we wrote it
		if outcome, ok := strings.CutPrefix(field, startField); ok {
			s.house.Outcomes[outcome] += n
			switch stream.Outcome(outcome) {
			case stream.Granted:
				minute.Granted += n
			case stream.Repeated: // of one that was counted
			default:
				minute.Refused += n
			}
		}
		if level, ok := strings.CutPrefix(field, levelField); ok {
			streams, _ := strconv.Atoi(level)
			s.levels[streams] += n
		}
		if until, ok := strings.CutPrefix(field, untilField); ok {
			if second, _ := strconv.ParseInt(until, 10, 64); second > s.now.Unix() {
				s.house.Playing += n
			}
		}
	}
	if !at.After(s.now) {
		s.house.Minutes = append(s.house.Minutes, minute)
	}
}

func (s *houseSum) result() stream.House {
	for streams, starts := range s.levels {
		s.house.Levels = append(s.house.Levels, stream.Level{Streams: streams, Starts: starts})
	}
	slices.SortFunc(s.house.Levels, func(a, b stream.Level) int { return cmp.Compare(a.Streams, b.Streams) })
	s.house.Playing = max(0, s.house.Playing) // ends of streams that Redis forgot
	return s.house
}
