package instant_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/instant"
)

func TestTimesAreInUTCWithMilliseconds(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		time time.Time
		want string
	}{
		{time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC), `"2026-01-02T03:04:05.678Z"`},
		{time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), `"2026-01-02T03:04:05.000Z"`},
		{time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 3600)), `"2026-01-02T02:04:05.000Z"`},
	} {
		if text, err := json.Marshal(instant.Time(test.time)); err != nil || string(text) != test.want {
			t.Errorf("%v is written as %s, %v, want %s", test.time, text, err, test.want)
		}
	}
}
