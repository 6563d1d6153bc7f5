// Bench measures Streamgate against floors of the same run, and prints ratios.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"streamgate/k8s/load/bench"
)

// longest is how long a run takes at most; a whole one takes about ten minutes.
const longest = 30 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) == 3 && arguments[0] == "serve" {
		return bench.Serve(ctx, arguments[1], arguments[2])
	}
	o := bench.Options{Out: os.Stdout}
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	flags.BoolVar(&o.Quick, "quick", false, "measure shorter and less")
	flags.StringVar(&o.Service, "service", "../../session-svc", "the sources of session-svc, or a binary")
	flags.StringVar(&o.Against, "against", "", "another one, to compare with it in turn")
	flags.Float64Var(&o.Traces, "traces", 0, "share of requests that the other one traces, by default the same build")
	flags.IntVar(&o.Connections, "connections", 64, "connections of the load and of redis-benchmark: as many as the service's pool has")
	flags.StringVar(&o.Work, "work", "../../.local/bench", "a folder for what is built")
	flags.DurationVar(&o.Lasts, "lasts", 0, "length of one measurement; 3s by default, 1s with -quick")
	flags.IntVar(&o.Rounds, "rounds", 0, "how often each is repeated; 5 by default, 2 with -quick")
	flags.DurationVar(&o.Patience, "patience", time.Minute, "how long to wait, in all, for others on this machine to be quiet")
	parts, kinds := strings.Join(bench.Parts, ","), strings.Join(bench.Kinds, ",")
	only := flags.String("only", "", "what to measure, of "+parts+"; with -against or -traces of "+kinds+"; all by default")
	settings := flags.String("settings", "", "more environment of the service, such as GOMAXPROCS=1,GOGC=200")
	_ = flags.Parse(arguments) // exits
	o.Only, o.Settings = list(*only), list(*settings)
	for _, name := range o.Only {
		if !slices.Contains(slices.Concat(bench.Parts, bench.Kinds), name) {
			return fmt.Errorf("-only: %q is not one of what can be measured", name)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	return bench.Run(ctx, o)
}

func list(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
