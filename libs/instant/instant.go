package instant

import "time"

// Time is a time that is written in RFC 3339, in UTC and with milliseconds.
type Time time.Time

const format = "2006-01-02T15:04:05.000Z"

// AppendText implements encoding.TextAppender. It doesn't fail.
func (t Time) AppendText(b []byte) ([]byte, error) {
	return time.Time(t).UTC().AppendFormat(b, format), nil
}

// MarshalText implements encoding.TextMarshaler. It doesn't fail.
func (t Time) MarshalText() ([]byte, error) { return t.AppendText(nil) }
