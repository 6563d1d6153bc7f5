package redisstore

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"streamgate/session-svc/internal/stream"
)

// The leases of an account are packed one behind the other. Numbers are big-endian, times are milliseconds since 1970.
//
//	 0   1  state: l for a lease, live or lapsed; of an ended stream the letter of its reason
//	 1   6  when the lease lapses; of an ended stream, when it is forgotten
//	 7  16  stream id
//	23   8  session id
//	31   6  when it started
//	37   1  length of the detail
//	38   …  detail. Of a lease: content 12, player 4, device …; of an ended stream: who ended it
const (
	headerLength  = 38
	contentLength = 12
	fixedDetail   = contentLength + 4
	stateLease    = 'l'
)

// reasons gives the letter's meaning. The scripts write them.
var reasons = map[byte]stream.Reason{'s': stream.Stopped, 'r': stream.Replaced, 't': stream.Terminated, 'e': stream.SessionEnded, 'v': stream.Evicted}

// entry is one packed stream.
type entry struct {
	state byte
	lease stream.Lease // Expires is when an ended stream is forgotten
	by    string
}

var errRecord = errors.New("record of leases: damaged")

// unpack reads what the scripts wrote.
func unpack(record string) ([]entry, error) {
	var entries []entry
	for len(record) > 0 {
		if len(record) < headerLength || len(record) < headerLength+int(record[37]) {
			return nil, errRecord
		}
		detail := record[headerLength : headerLength+int(record[37])]
		e := entry{state: record[0]}
		e.lease.Expires = instant(number(record[1:7]))
		copy(e.lease.ID[:], record[7:23])
		copy(e.lease.Session[:], record[23:31])
		e.lease.Started = instant(number(record[31:37]))
		switch {
		case e.state != stateLease:
			e.by = detail
		case len(detail) < fixedDetail:
			return nil, errRecord
		default:
			e.lease.Content = hex.EncodeToString([]byte(detail[:12]))
			copy(e.lease.Player[:], detail[12:16])
			e.lease.Device = detail[16:]
		}
		entries = append(entries, e)
		record = record[headerLength+len(detail):]
	}
	return entries, nil
}

// live gives the live leases, oldest first.
func live(entries []entry, now time.Time) []stream.Lease {
	var leases []stream.Lease
	for _, e := range entries {
		if e.state == stateLease && e.lease.Expires.After(now) {
			leases = append(leases, e.lease)
		}
	}
	slices.SortStableFunc(leases, func(a, b stream.Lease) int { return cmp.Compare(a.Started.UnixMilli(), b.Started.UnixMilli()) })
	return leases
}

// packDetail gives the detail of a lease.
func packDetail(s stream.Start) (string, error) {
	content, err := hex.DecodeString(s.Content)
	if err != nil || len(content) != contentLength || len(s.Device) > 255-fixedDetail {
		return "", fmt.Errorf("content %q or device %q can't be kept", s.Content, s.Device)
	}
	return string(content) + string(s.Player[:]) + s.Device, nil
}

// packTime gives a time as the record has it.
func packTime(t time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(t.UnixMilli()))
	return string(b[2:])
}

func number(b string) int64 {
	n := int64(0)
	for i := range len(b) {
		n = n<<8 | int64(b[i])
	}
	return n
}

func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
