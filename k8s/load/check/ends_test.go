package check_test

import (
	"testing"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
)

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
