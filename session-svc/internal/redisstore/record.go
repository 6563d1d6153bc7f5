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

// The leases of an account are packed one behind the other. Numbers are big-endian, times are milliseconds since the start of 2020, in
// 40 bits, which last until 2054.
//
//	 0   1  state: l for a lease, live or lapsed; of an ended stream the letter of its reason
//	 1   5  when the lease lapses; of an ended stream, when it is forgotten
//	 6  16  stream id
//	22   8  session id
//	30   5  when it started
//	35   1  length of the detail
//	36   …  detail. Of a lease: content 12, player 4, and the device's name unless it is its session's; of an ended stream: who ended it
const (
	headerLength  = 36
	contentLength = 12
	fixedDetail   = contentLength + 4
	stateLease    = 'l'
	// epoch is the start of 2020, in milliseconds since 1970.
	epoch = 1_577_836_800_000
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

// unpack reads what the scripts wrote. Sessions are those of the leases in their order, for the names that are kept there, or nil.
func unpack(record string, sessions []any) ([]entry, error) {
	var entries []entry
	for len(record) > 0 {
		if len(record) < headerLength || len(record) < headerLength+int(record[35]) {
			return nil, errRecord
		}
		detail := record[headerLength : headerLength+int(record[35])]
		e := entry{state: record[0]}
		e.lease.Expires = instant(epoch + number(record[1:6]))
		copy(e.lease.ID[:], record[6:22])
		copy(e.lease.Session[:], record[22:30])
		e.lease.Started = instant(epoch + number(record[30:35]))
		switch {
		case e.state != stateLease:
			e.by = detail
		case len(detail) < fixedDetail:
			return nil, errRecord
		default:
			e.lease.Content = hex.EncodeToString([]byte(detail[:12]))
			copy(e.lease.Player[:], detail[12:16])
			e.lease.Device = detail[16:]
			if len(sessions) > 0 {
				if e.lease.Device == "" {
					e.lease.Device = sessionName(sessions[0])
				}
				sessions = sessions[1:]
			}
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
func packDetail(content string, player stream.Player, device string) (string, error) {
	b, err := hex.DecodeString(content)
	if err != nil || len(b) != contentLength || len(device) > 255-fixedDetail {
		return "", fmt.Errorf("content %q or device %q can't be kept", content, device)
	}
	return string(b) + string(player[:]) + device, nil
}

// packTime gives a time as the record has it.
func packTime(t time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(max(0, t.UnixMilli()-epoch)))
	return string(b[3:])
}

func number(b string) int64 {
	n := int64(0)
	for i := range len(b) {
		n = n<<8 | int64(b[i])
	}
	return n
}

func instant(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
