package report_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/report"
	"streamgate/session-svc/internal/report/reporttest"
)

var midnight = time.Date(2026, time.November, 27, 0, 0, 0, 0, time.UTC)

// facts makes facts of a history that comes once and in order, with the domain's own rules alone.
func facts(t *testing.T, told []events.Event) []report.Fact {
	t.Helper()
	s := &memory{}
	for _, e := range told {
		if err := (report.Sink{Store: s}).Send(t.Context(), &e); err != nil {
			t.Fatal(err)
		}
	}
	return s.facts
}

// What is counted of random histories is what a count without a thought finds.
func TestFoldIsANaiveCount(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 13))
		contents := []string{testkit.NewID(), testkit.NewID(), testkit.NewID()}
		var told []events.Event
		for n := range 6 {
			told = append(told, reporttest.Account(random, 1+n%3, midnight, midnight.Add(8*time.Minute), contents)...)
		}
		all := facts(t, told)
		h := reporttest.Read(told, midnight.Add(time.Hour))
		for at := midnight; at.Before(midnight.Add(10 * time.Minute)); at = at.Add(time.Minute) {
			for i, got := range report.Fold(at, all) {
				if diff := cmp.Diff(h.Group(at, report.Bys[i]), got); diff != "" {
					t.Fatalf("history %d, %s by %q: -want +got\n%s", seed, at, report.Bys[i], diff)
				}
			}
		}
	}
}

func at(seconds int) time.Time { return midnight.Add(time.Duration(seconds) * time.Second) }

func TestFold(t *testing.T) {
	t.Parallel()
	const content = "607c55840e977203b4d8b5e5"
	hold := func(account string, from, until int) report.Fact {
		f := report.Fact{Opened: int64(1000 + from), Account: account, Kind: report.Started, Content: content, Device: report.TV, From: at(from), Until: at(until), Level: 1}
		if until == 0 {
			f.Until = time.Time{}
		}
		return f
	}
	for name, test := range map[string]struct {
		facts []report.Fact
		want  report.Counts
	}{
		"nothing": {nil, report.Counts{}},
		"one that lasts": {
			[]report.Fact{hold("a", -600, 0)},
			report.Counts{Peak: 1, Played: time.Minute, Levels: map[int]int{1: 1}},
		},
		"one slot, taken as it is given up": {
			[]report.Fact{hold("a", -10, 30), hold("a", 30, 0)},
			report.Counts{
				Peak: 1, Played: time.Minute, Starts: 1, Levels: map[int]int{1: 1}, Granted: map[int]int{1: 1},
				Durations: [17]int{2: 1}, Held: 40 * time.Second,
			},
		},
		"the same slot by an eviction, which asked for two": {
			[]report.Fact{hold("a", -10, 30), {Opened: 1000, Account: "a", Kind: report.Ended, Content: content, Device: report.TV, From: at(30), Until: at(30), Reason: "evicted"}, hold("a", 30, 0)},
			report.Counts{
				Peak: 1, Played: time.Minute, Starts: 1, Levels: map[int]int{1: 1}, Granted: map[int]int{2: 1}, Ends: [6]int{4: 1},
				Durations: [17]int{2: 1}, Held: 40 * time.Second,
			},
		},
		"two at once, one after the other": {
			[]report.Fact{hold("a", -10, 10), hold("b", 5, 20), hold("a", 30, 40)},
			report.Counts{
				Peak: 2, Played: 35 * time.Second, Starts: 2, Levels: map[int]int{1: 2}, Granted: map[int]int{1: 2},
				Durations: [17]int{0: 1, 1: 2}, Held: 45 * time.Second,
			},
		},
		"what begins with the next minute, and what was over with the last one": {
			[]report.Fact{hold("a", 60, 0), hold("a", -60, 0), hold("b", -90, -1)},
			report.Counts{Peak: 1, Played: time.Minute, Levels: map[int]int{1: 1}},
		},
		"refusals": {
			[]report.Fact{
				{Account: "a", Kind: report.Refused, Content: content, Device: report.TV, From: at(1), Until: at(1), Reason: events.LimitReached, Level: 4, Times: 7},
				{Account: "a", Kind: report.Refused, Content: content, Device: report.TV, From: at(2), Until: at(2), Reason: events.Recovering, Level: 1, Times: 2},
			},
			report.Counts{Refusals: [3]int{7, 0, 2}, Denied: map[int]int{4: 7}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			groups := report.Fold(midnight, test.facts)
			if diff := cmp.Diff(&test.want, groups[0].Counts[""]); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			test.want.Levels = nil
			for i, key := range []string{string(report.TV), content} {
				got := groups[i+1].Counts[key]
				if got == nil {
					got = &report.Counts{}
				}
				if diff := cmp.Diff(&test.want, got); diff != "" {
					t.Errorf("by %s: -want +got\n%s", groups[i+1].By, diff)
				}
			}
		})
	}
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		counts report.Counts
		share  float64
		want   time.Duration
	}{
		"none":                {report.Counts{}, 0.5, 0},
		"one":                 {report.Counts{Durations: [17]int{1: 1}}, 0.5, 20 * time.Second},
		"the middle of many":  {report.Counts{Durations: [17]int{0: 5, 2: 5}}, 0.5, 10 * time.Second},
		"the last":            {report.Counts{Durations: [17]int{0: 5, 2: 5}}, 1, time.Minute},
		"longer than we tell": {report.Counts{Durations: [17]int{16: 3}}, 0.95, 12 * time.Hour},
	} {
		if got := test.counts.Quantile(test.share); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]report.Device{
		"Safari on iPhone": report.Phone, "Chrome on Android": report.Phone, "Erika's phone": report.Phone, "Pixel 9": report.Phone,
		"Safari on iPad": report.Tablet, "Kindle Fire": report.Tablet,
		"Firefox on Linux": report.Computer, "Edge on Windows": report.Computer, "Safari on macOS": report.Computer, "Chrome on ChromeOS": report.Computer,
		"Opa's laptop": report.Computer, "MacBook": report.Computer, "PC": report.Computer,
		"TV": report.TV, "Living room TV": report.TV, "AppleTV": report.TV, "Android TV": report.TV, "Samsung Internet on Tizen": report.TV,
		"Chrome on webOS": report.TV, "Roku": report.TV, "PlayStation 5": report.TV,
		"curl": report.Other, "Unknown device": report.Other, "": report.Other, "ExoPlayer": report.Other,
	} {
		if got := report.DeviceOf(name); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
}
