package redisstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
	"streamgate/libs/wait"
	"streamgate/session-svc/internal/stream"
)

// The tally of the house is a hash for each ten seconds, of numbers that replicas add to:
//
//	start:<outcome>   starts
//	level:<streams>   granted starts that left their account with so many streams
//	lease             milliseconds of lease time
const (
	tallyStep   = 10 * time.Second
	tallyKept   = 2 * time.Hour
	tallyShown  = time.Hour
	tallyEvery  = 2 * time.Second // how often a replica adds what it counted
	leaseWindow = 3               // whole steps whose lease time says how many streams play

	startField, levelField, leaseField = "start:", "level:", "lease"
)

// House is a stream.Tally and a stream.Houses.
type House struct {
	client redis.UniversalClient
	now    func() time.Time

	leased atomic.Int64 // milliseconds; apart, since each renewal adds to it
	mu     sync.Mutex
	counts map[string]int64
}

var (
	_ stream.Tally  = (*House)(nil)
	_ stream.Houses = (*House)(nil)
)

// NewHouse returns a tally. What it counts reaches the others by Run.
func NewHouse(client redis.UniversalClient) *House {
	return &House{client: client, now: time.Now, counts: map[string]int64{}}
}

// Started implements stream.Tally.
func (h *House) Started(outcome string) { h.add(startField+outcome, 1) }

// Granted implements stream.Tally.
func (h *House) Granted(active int) { h.add(levelField+strconv.Itoa(active), 1) }

// Leased implements stream.Tally.
func (h *House) Leased(d time.Duration) { h.leased.Add(d.Milliseconds()) }

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
	counts := h.counts
	h.counts = map[string]int64{}
	h.mu.Unlock()
	if leased := h.leased.Swap(0); leased != 0 {
		counts[leaseField] += leased
	}
	if len(counts) == 0 {
		return
	}
	key := houseKey(h.now())
	_, err := h.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		for field, n := range counts {
			p.HIncrBy(ctx, key, field, n)
		}
		p.Expire(ctx, key, tallyKept)
		return nil
	})
	if err != nil { // the next time
		h.mu.Lock()
		defer h.mu.Unlock()
		for field, n := range counts {
			h.counts[field] += n
		}
	}
}

// House implements stream.Houses.
func (h *House) House(ctx context.Context) (stream.House, error) {
	now := h.now().UTC()
	first := now.Add(-tallyShown).Truncate(time.Minute).Add(time.Minute)
	var steps []time.Time
	for at := first; !at.After(now); at = at.Add(tallyStep) {
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
	sum := houseSum{house: stream.House{Outcomes: map[string]int{}}, levels: map[int]int{}}
	for i, at := range steps {
		sum.add(at, answers[i].Val(), i >= len(steps)-1-leaseWindow && i < len(steps)-1)
	}
	return sum.result(), nil
}

// houseSum adds the steps of the tally up.
type houseSum struct {
	house  stream.House
	levels map[int]int
	leased int // milliseconds within the window
}

// add adds a step. Counts says whether its lease time says how many streams play.
func (s *houseSum) add(at time.Time, step map[string]string, counts bool) {
	if minute := at.Truncate(time.Minute); len(s.house.Minutes) == 0 || s.house.Minutes[len(s.house.Minutes)-1].At != minute {
		s.house.Minutes = append(s.house.Minutes, stream.Minute{At: minute})
	}
	minute := &s.house.Minutes[len(s.house.Minutes)-1]
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
		if field == leaseField && counts {
			s.leased += n
		}
	}
}

func (s *houseSum) result() stream.House {
	for streams, starts := range s.levels {
		s.house.Levels = append(s.house.Levels, stream.Level{Streams: streams, Starts: starts})
	}
	slices.SortFunc(s.house.Levels, func(a, b stream.Level) int { return cmp.Compare(a.Streams, b.Streams) })
	const window = leaseWindow * int(tallyStep/time.Millisecond)
	s.house.Playing = max(0, (s.leased+window/2)/window)
	return s.house
}
