package screens

import (
	"regexp"
	"testing"
	"time"
)

func TestSent(t *testing.T) {
	t.Parallel()
	film := &Film{known: []Piece{
		{"high", 1000, 2000, 0, 6, topHeight}, {"high", 2000, 3000, 6, 12, topHeight}, {"low", 100, 200, 0, 6, lowHeight}, {"low", 200, 300, 6, 12, lowHeight},
	}}
	const s = time.Second
	for name, test := range map[string]struct {
		transfers   []Transfer
		from, until time.Duration
		want        float64
	}{
		"nothing":            {nil, 0, minute, 0},
		"a head, and sound":  {[]Transfer{{s, "high", 0, 1000, 3000}, {s, "sound", 0, 1 << 20, 1 << 20}}, 0, minute, 0},
		"a segment":          {[]Transfer{{s, "high", 1000, 2000, 3000}}, 0, minute, 6},
		"half of two":        {[]Transfer{{s, "high", 1500, 2500, 3000}}, 0, minute, 6},
		"in two renditions":  {[]Transfer{{s, "high", 1000, 2000, 3000}, {s, "low", 100, 200, 300}}, 0, minute, 6},
		"twice":              {[]Transfer{{s, "low", 0, 300, 300}, {2 * s, "low", 0, 300, 300}}, 0, minute, 12},
		"one after another":  {[]Transfer{{s, "low", 100, 200, 300}, {s, "high", 2000, 3000, 3000}}, 0, minute, 12},
		"an overlap":         {[]Transfer{{s, "high", 1000, 1750, 3000}, {s, "low", 150, 200, 300}}, 0, minute, 6},
		"the end first":      {[]Transfer{{s, "high", 2000, 3000, 3000}, {s, "low", 100, 200, 300}}, 0, minute, 12},
		"a gap":              {[]Transfer{{s, "high", 1000, 1100, 3000}, {s, "high", 2900, 3000, 3000}}, 0, minute, 1.2},
		"the long one first": {[]Transfer{{s, "low", 100, 300, 300}, {s, "high", 1100, 1200, 3000}}, 0, minute, 12},
		"too late":           {[]Transfer{{s, "low", 100, 200, 300}, {9 * s, "low", 200, 300, 300}}, 0, 8 * s, 6},
		"too early":          {[]Transfer{{s, "low", 100, 200, 300}, {9 * s, "low", 200, 300, 300}}, 5 * s, minute, 6},
	} {
		if got := Sent(test.transfers, film, test.from, test.until); got < test.want-1e-9 || got > test.want+1e-9 {
			t.Errorf("%s: %.2f s, want %.2f", name, got, test.want)
		}
	}
	live := &Film{seconds: 4, segments: regexp.MustCompile(`^(high)-(\d+)\.m4s$`), heights: map[string]int{"high": topHeight}}
	transfers := []Transfer{{s, "high-7.m4s", 0, 500, 500}, {s, "high-8.m4s", 0, 250, 500}, {s, "high-init.m4s", 0, 9, 9}}
	if got := Sent(transfers, live, 0, minute); got != 6 {
		t.Errorf("of a channel: %.2f s, want 6", got)
	}
}
