package httpapi

import "time"

// instant is a time as the API writes it: RFC 3339 in UTC with milliseconds.
type instant time.Time

const instantFormat = "2006-01-02T15:04:05.000Z"

// MarshalText is encoding.TextMarshaler's.
func (i instant) MarshalText() ([]byte, error) {
	return i.append(nil), nil
}

func (i instant) append(b []byte) []byte { return time.Time(i).UTC().AppendFormat(b, instantFormat) }
