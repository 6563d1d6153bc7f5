package check_test

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
)

// A start that is repeated by its key is one stream. One that was granted without an answer may have been taken back before.
func TestAKeyIsOneStream(t *testing.T) {
	t.Parallel()
	const fault = "one Idempotency-Key, more than one stream"
	for name, c := range map[string]struct {
		play  func(p *played, attempt func(answered bool) history.Listed, show func(...history.Listed))
		wrong bool
	}{
		"answered twice": {func(_ *played, attempt func(bool) history.Listed, _ func(...history.Listed)) {
			attempt(true)
			attempt(true)
		}, true},
		"taken back": {func(_ *played, attempt func(bool) history.Listed, show func(...history.Listed)) {
			show(attempt(false))
			show(attempt(false))
			show(attempt(true))
		}, false},
		"still there": {func(p *played, attempt func(bool) history.Listed, show func(...history.Listed)) {
			lost := attempt(false)
			show(lost)
			found := attempt(true)
			p.now += 10 * time.Millisecond
			show(lost, found)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayed()
			p.start("another") // from which the distance of the clocks follows
			n := 0
			c.play(p, func(answered bool) history.Listed {
				n++
				at := p.Began.Add(p.now).Truncate(time.Millisecond)
				made := history.Listed{ID: strconv.Itoa(n), Device: "of it", Started: at, Expires: at.Add(filmRule.Lease)}
				if op := (history.Op{Verb: history.Start, Device: made.Device, Key: "k"}); answered {
					op.Answer = history.Answer{Stream: made.ID, Started: made.Started, Expires: made.Expires, Limit: 1}
					p.add(op, 201)
				} else {
					p.add(op, 503).Answer.Code = "unavailable"
				}
				return made
			}, func(all ...history.Listed) {
				p.add(history.Op{Verb: history.List, Answer: history.Answer{Streams: all}}, 200)
			})
			rule := filmRule
			rule.Limit = 2
			report := check.Run(p.History, rule)
			if found := slices.ContainsFunc(report.Broken, func(f check.Fault) bool { return f.What == fault }); found != c.wrong {
				t.Errorf("%+v", report.Broken)
			}
		})
	}
}

// Nobody who was signed out comes back, and no loss of memory excuses it.
func TestNobodyComesBack(t *testing.T) {
	t.Parallel()
	for verb, status := range map[history.Verb]int{history.Start: 201, history.Heartbeat: 200, history.Refresh: 200} {
		for _, came := range []bool{true, false} {
			p := newPlayed()
			p.start("a")
			p.add(history.Op{Verb: history.SignOut, By: "other"}, 204)
			p.now += time.Second
			if !came {
				status = 401
			}
			p.add(history.Op{Verb: verb, Stream: "a", Device: "of b"}, status)
			rule := filmRule
			rule.Windows = []check.Window{{To: time.Hour, Excuse: check.Any}}
			report := check.Run(p.History, rule)
			if (len(report.Broken) > 0) != came {
				t.Errorf("%s, %d: %+v", verb, status, report.Broken)
			}
		}
	}
}
