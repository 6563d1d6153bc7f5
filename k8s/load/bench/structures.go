package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"streamgate/k8s/load/bench/structures"
)

// structures compares ways of keeping leases in Redis.
func (s *stage) structures(ctx context.Context) (err error) {
	present := &structures.Present{Account: s.template, Start: s.scripts.start, Renew: s.scripts.renew, Stop: s.scripts.stop}
	b, err := structures.New(ctx, s.redis, present, s.accounts())
	if b != nil {
		defer func() { err = errors.Join(err, b.Close(ctx)) }()
	}
	if err != nil {
		return err
	}
	var rounds [][]structures.Result
	for range s.rounds() {
		results, err := b.Round(ctx)
		if err != nil {
			return err
		}
		rounds = append(rounds, results)
	}
	cost, sent := &table{}, &table{}
	cost.add("", "start µs", "", "renew µs", "", "refused µs", "", "stop µs", "", "renew, of the first")
	sent.add("", "bytes by account", "MEMORY USAGE", "start commands", "bytes", "renew commands", "bytes", "stop commands", "bytes")
	for i, result := range rounds[0] {
		of := func(figure func(structures.Result) float64) float64 {
			var all []float64
			for _, results := range rounds {
				all = append(all, figure(results[i]))
			}
			return spreadOver(all).median
		}
		row, more := []string{result.Name}, []string{result.Name, whole(result.Used), whole(result.Usage)}
		for _, verb := range []func(structures.Result) structures.Verb{
			func(r structures.Result) structures.Verb { return r.Start }, func(r structures.Result) structures.Verb { return r.Renew },
			func(r structures.Result) structures.Verb { return r.Refused }, func(r structures.Result) structures.Verb { return r.Stop },
		} {
			row = append(row, us(time.Duration(of(func(r structures.Result) float64 { return float64(verb(r).Script) }))),
				us(time.Duration(of(func(r structures.Result) float64 { return float64(verb(r).CPU) }))))
		}
		for _, verb := range []structures.Verb{result.Start, result.Renew, result.Stop} {
			more = append(more, fmt.Sprintf("%.2f", verb.Commands), whole(verb.Bytes))
		}
		var ratios []float64
		for _, results := range rounds {
			ratios = append(ratios, float64(results[i].Renew.Script)/float64(results[0].Renew.Script))
		}
		cost.add(append(row, spreadOver(ratios).percent())...)
		sent.add(more...)
	}
	cost.write(s.Out, fmt.Sprintf("Ways of keeping leases, %d accounts with three streams: µs of Redis in the script (commandstats),\n"+
		"then of its CPU with all around the script, pipelined", s.accounts()))
	sent.write(s.Out, "The same: memory of the leases by account, and what is propagated to a replica and the append-only file by call")
	return nil
}
