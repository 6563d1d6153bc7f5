package instant

import "time"

// Time is a time that is written as RFC 3339 in UTC with milliseconds.
type Time time.Time

const format = "2006-01-02T15:04:05.000Z"

// AppendText implements encoding.TextAppender. It never fails.
func (t Time) AppendText(b []byte) ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(b, format), nil
}

// UnmarshalText implements encoding.TextUnmarshaler, for any time of RFC 3339.
func (t *Time) UnmarshalText(text []byte) error { return (*time.Time)(t).UnmarshalText(text) }

// MarshalText implements encoding.TextMarshaler. It never fails.
func (t Time) MarshalText() ([]byte, error) { return t.AppendText(nil) }
