package check_test

import (
	"testing"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
	"streamgate/k8s/load/naive"
	"streamgate/k8s/load/player"
)

const (
	shortLease = 300 * time.Millisecond
	limit      = 3
)

var shortRule = check.Rule{Lease: shortLease, Limit: limit, Late: time.Second}

// watch lets players loose on a server, and returns what they saw.
func watch(t *testing.T, flaw naive.Flaw, seed uint64) history.History {
	t.Helper()
	server := naive.Open(flaw, shortLease, limit)
	t.Cleanup(server.Close)
	recorder := history.NewRecorder()
	load, err := player.Begin(t.Context(), server.System, player.Options{
		Accounts: 4, Players: 7, Lease: shortLease, Timeout: 2 * time.Second, Content: "607c55840e977203b4d8b5e5", SignOuts: true, Seed: seed,
	}, recorder)
	if err != nil {
		t.Fatal(err)
	}
	<-time.After(5 * shortLease)
	load.End()
	return recorder.History()
}

// finding says which checks found something.
type finding struct{ overlap, wrong, broken, clock, order bool }

func judge(h history.History) (check.Report, check.Linear, finding) {
	report := check.Run(h, shortRule)
	linear := check.Linearizable(h, shortRule, 200, 20*time.Second)
	return report, linear, finding{
		overlap: report.Overlap.Exceeded(), wrong: len(report.Wrong) > 0, broken: len(report.Broken) > 0, clock: report.Clock > 0,
		order: len(linear.None) > 0,
	}
}

func TestACorrectServerIsFoundCorrect(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		report, linear, found := judge(watch(t, naive.None, seed))
		if found != (finding{}) || linear.Undecided > 0 {
			t.Errorf("seed %d: %+v\n%+v\n%+v", seed, found, report, linear)
		}
		if report.Admitted < 20 || report.Refused == 0 || linear.Accounts != 4 {
			t.Errorf("seed %d: nothing happened: %d admitted, %d refused, %d accounts ordered", seed, report.Admitted, report.Refused, linear.Accounts)
		}
	}
}

// Each flaw is found by the check that is meant for it.
func TestFlawsAreFound(t *testing.T) {
	t.Parallel()
	for flaw, means := range map[naive.Flaw]func(finding) bool{
		naive.Race:         func(f finding) bool { return f.overlap && f.order },
		naive.Counter:      func(f finding) bool { return f.wrong && f.order },
		naive.TwoClocks:    func(f finding) bool { return f.clock && f.overlap },
		naive.Early:        func(f finding) bool { return f.wrong && f.order },
		naive.NoPurge:      func(f finding) bool { return f.wrong },
		naive.NoCount:      func(f finding) bool { return f.overlap && f.order },
		naive.NoSession:    func(f finding) bool { return f.broken && f.order },
		naive.TwoSteps:     func(f finding) bool { return f.order },
		naive.Resurrection: func(f finding) bool { return f.broken && f.order },
		naive.Forgetful:    func(f finding) bool { return f.broken },
		naive.Vague:        func(f finding) bool { return f.wrong && f.order },
	} {
		t.Run(string(flaw), func(t *testing.T) {
			t.Parallel()
			found := finding{}
			for seed := uint64(0); seed < 5 && !means(found); seed++ { // what happens is a matter of chance
				_, _, each := judge(watch(t, flaw, seed))
				found = finding{
					found.overlap || each.overlap, found.wrong || each.wrong, found.broken || each.broken, found.clock || each.clock,
					found.order || each.order,
				}
			}
			t.Logf("%+v", found)
			if !means(found) {
				t.Errorf("not found: %+v", found)
			}
		})
	}
}
