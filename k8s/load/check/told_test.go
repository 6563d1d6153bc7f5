package check_test

import (
	"fmt"
	"strings"
	"testing"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
)

// events writes down what was told: "1 started s" is number 1, of stream s.
func events(lines ...string) (told []check.Told) {
	for _, line := range lines {
		e := check.Told{Account: "a"}
		if _, err := fmt.Sscan(line, &e.Sequence, &e.Type, &e.Stream); err != nil {
			panic(err)
		}
		if e.Type = "stream." + e.Type; e.Type == "stream.violated" {
			e.Type = "limit.violated"
		}
		e.ID = fmt.Sprint("a-", e.Sequence)
		told = append(told, e)
	}
	return told
}

func TestEventsOfStreams(t *testing.T) {
	t.Parallel()
	granted := history.History{Ops: []history.Op{
		{Verb: history.Start, Account: "a", Answer: history.Answer{Status: 201, Stream: "s"}},
		{Verb: history.Stop, Account: "a", Stream: "s", Answer: history.Answer{Status: 204}},
	}}
	for _, c := range []struct {
		want string // what is found, or ""
		told []check.Told
	}{
		{"", events("1 started s", "2 ended s")},
		{"", events("1 started s", "2 lapsed s", "3 resumed s", "4 lapsed s", "5 ended s")},
		{"", events("1 started s", "1 started s", "2 ended s", "1 started s")},
		{"", events("1 started s", "2 ended s", "5 started t", "6 lapsed t")},
		{"came after", events("2 started s", "1 ended s")},
		{"has no end", events("1 started s", "2 ended s", "3 started t")},
		{"had started", events("1 started s", "2 ended s", "3 started s", "4 lapsed s")},
		{"had ended", events("1 started s", "2 ended s", "3 ended s")},
		{"not lapsed", events("1 started s", "2 resumed s", "3 ended s")},
		{"did not live", events("1 started s", "2 lapsed s", "3 lapsed s", "4 ended s")},
		{"not started", events("1 ended s")},
		{"not told", events("1 started t", "2 ended t")},
		{"end not told", events("1 started s", "2 lapsed s")},
		{"streams of a live", events("1 started s", "2 started t", "3 ended t", "4 started u", "5 started v", "6 ended s", "7 ended u", "8 ended v")},
		{"violated", events("1 started s", "2 violated s", "3 ended s")},
	} {
		found := strings.Join(check.Events(c.told, granted, 2), "\n")
		if (found == "") != (c.want == "") || !strings.Contains(found, c.want) {
			t.Errorf("%+v: found %q, want %q", c.told, found, c.want)
		}
	}
}
