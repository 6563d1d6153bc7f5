package scenario

import (
	"context"
	"fmt"
	"strconv"
	"sync"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
	"streamgate/k8s/load/player"
	"streamgate/k8s/load/stack"
	"streamgate/libs/wait"
)

const (
	// atOnce is how many starts a round has.
	atOnce    = 200
	allRounds = 1000
	fewRounds = 60
)

// rounds starts many streams at once on an account, at two replicas. Each round has an account of its own.
func rounds(ctx context.Context, s Setting) (Verdict, error) {
	t := &trial{setting: s, recorder: history.NewRecorder()}
	defer t.close()
	url, err := t.usualRedis(ctx, plan{})
	if err != nil {
		return Verdict{}, err
	}
	t.stack, err = stack.Open(ctx, stack.Options{Dir: s.Dir, Session: s.Session, Sessions: 2, RedisURL: url, Lease: Lease, Limit: Limit})
	if err != nil {
		return Verdict{}, err
	}
	t.closers = append(t.closers, t.stack.Close)
	count := allRounds
	if s.Short {
		count = fewRounds
	}
	var total Verdict
	for range count {
		v, err := round(ctx, t.stack.System())
		if err != nil {
			return total, err
		}
		total.Admitted += v.Admitted
		total.Refused += v.Refused
		total.Held += v.Held
		total.Wrong = append(total.Wrong, v.Wrong...)
		total.Broken, total.Failed = append(total.Broken, v.Broken...), append(total.Failed, v.Failed...)
		if v.Overlap.Exceeded() {
			total.Overlap = v.Overlap
		}
		if v.Admitted != Limit || v.Refused != atOnce-Limit {
			total.Besides = append(total.Besides, fmt.Sprintf("%d of %d starts were granted and %d refused", v.Admitted, atOnce, v.Refused))
		}
	}
	total.Notes = append(total.Notes, fmt.Sprintf("%d rounds", count))
	return total, nil
}

func round(ctx context.Context, system player.System) (Verdict, error) {
	d, err := system.SignIn(ctx, player.NewAccount())
	if err != nil {
		return Verdict{}, err
	}
	recorder := history.NewRecorder()
	var running sync.WaitGroup
	begin := make(chan struct{})
	for i := range atOnce {
		client := player.NewClient(i, startsTimeout, recorder, system.Transport)
		o := player.StartOptions{Content: stack.Content, Name: fmt.Sprint("start ", i), Key: strconv.Itoa(i)}
		running.Go(func() {
			<-begin
			// An overloaded service answers some starts with 503 at once: these are repeated.
			for op := client.Start(ctx, system.Sessions[i%2], d, o); op.Open() && wait.For(ctx, Lease/20) == nil; {
				op = client.Start(ctx, system.Sessions[i%2], d, o)
			}
		})
	}
	close(begin)
	running.Wait()
	busy := check.Window{To: recorder.Now(), Excuse: check.Failures}
	rule := check.Rule{Lease: Lease, Limit: Limit, Late: usualLate, Windows: []check.Window{busy}}
	return Verdict{Report: check.Run(recorder.History(), rule)}, ctx.Err()
}

// startsTimeout is long: two hundred at once on a slow machine take a while.
const startsTimeout = 5 * requestTimeout
