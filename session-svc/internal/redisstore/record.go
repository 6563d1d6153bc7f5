package redisstore

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// What an account plays is one value: the account, then its streams one behind the other in the order of their starts. The scripts write
// it with these formats of Redis' struct library, unpack reads it. Numbers are big-endian; times are Unix milliseconds.
//
// The account:
//
//	I6    spent: until when what it was sent is paid off, by Rules.Budget
//	I6    starts: until when its starts are, by Rules.Starts
//
// A stream:
//
//	c1    state: of a lease, live or lapsed, l, h if it sent heartbeats, or p while it is paused; L, H or P once an event has told that it
//	      lapsed; of an ended stream, the letter of its reason
//	I6    seen: the last sign of life; of a pause that holds its slot for less than a lease, so much before that; of an ended stream, its end
//	I3    cover: how much longer, in ms, what it was sent takes to play, or its pause may last; 1 at least, once a start was
//	      repeated; of an ended stream, how much longer its lease would have lived
//	c16   stream id
//	c8    session id
//	I6    started
//	c12   content id
//	c4    player
//	Bc0   name: of a lease, its device's, or "" where its session has it; of an ended stream, that of who ended it
const (
	accountFormat = ">I6I6"
	leaseFormat   = ">c1I6I3c16c8I6c12c4Bc0"
)

// leaseStates are the states of leases, and toldStates the same once an event has told that they lapsed.
const (
	leaseStates = "lhp"
	toldStates  = "LHP"
)

const (
	accountLength = 6 + 6
	nameLengthAt  = 1 + 6 + 3 + 16 + 8 + 6 + 12 + 4
	headerLength  = nameLengthAt + 1
)

// reasons maps the state of an ended stream to why it ended. The others are those of leases.
var reasons = map[byte]stream.Reason{
	's': stream.Stopped, 'r': stream.Replaced, 't': stream.Terminated, 'e': stream.SessionEnded, 'v': stream.Evicted,
}

// entry is one packed stream.
type entry struct {
	ended stream.Reason // "" of a lease
	seen  time.Time
	told  bool // an event has told that it lapsed: it lives no more, whatever becomes of the clock
	lease stream.Lease
	by    string // who ended it
}

var errRecord = errors.New("record of leases: damaged")

// unpack reads a record whose leases live for lease. sessions are those of the leases in their order, for the names that they keep, or nil.
func unpack(record string, lease time.Duration, sessions []any) ([]entry, error) {
	if record == "" {
		return nil, nil
	}
	if len(record) < accountLength {
		return nil, errRecord
	}
	record = record[accountLength:]
	var entries []entry
	for len(record) > 0 {
		if len(record) < headerLength || len(record) < headerLength+int(record[nameLengthAt]) {
			return nil, errRecord
		}
		rest := record
		next := func(n int) string {
			field := rest[:n]
			rest = rest[n:]
			return field
		}
		state := next(1)[0]
		e := entry{ended: reasons[state], told: strings.ContainsRune(toldStates, rune(state)), seen: instant(number(next(6)))}
		cover := time.Duration(number(next(3))) * time.Millisecond
		e.lease.Expires = e.seen.Add(max(lease, cover))
		if e.ended != "" {
			e.lease.Expires = e.seen.Add(cover)
		}
		e.lease.ID = stream.ID([]byte(next(16)))
		e.lease.Session = session.ID([]byte(next(8)))
		e.lease.Started = instant(number(next(6)))
		e.lease.Content = hex.EncodeToString([]byte(next(12)))
		e.lease.Player = stream.Player([]byte(next(4)))
		name := next(int(next(1)[0]))
		switch {
		case e.ended != "":
			e.by = name
		case len(sessions) > 0:
			e.lease.Device = cmp.Or(name, sessionName(sessions[0]))
			sessions = sessions[1:]
		default:
			e.lease.Device = name
		}
		entries = append(entries, e)
		record = rest
	}
	return entries, nil
}

// live returns the live leases, oldest first.
func live(entries []entry, now time.Time) []stream.Lease {
	var leases []stream.Lease
	for _, e := range entries {
		if e.ended == "" && !e.told && e.lease.Expires.After(now) {
			leases = append(leases, e.lease)
		}
	}
	slices.SortStableFunc(leases, func(a, b stream.Lease) int { return cmp.Compare(a.Started.UnixMilli(), b.Started.UnixMilli()) })
	return leases
}

// packContent returns a content's id as the record has it.
func packContent(id string) ([]byte, error) {
	b, err := hex.DecodeString(id)
	if err != nil || len(b) != 12 {
		return nil, fmt.Errorf("content %q is not 24 hex digits", id)
	}
	return b, nil
}

func number(field string) int64 {
	var b [8]byte
	copy(b[len(b)-len(field):], field)
	return int64(binary.BigEndian.Uint64(b[:])) //nolint:gosec // at most 48 bits
}

func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
