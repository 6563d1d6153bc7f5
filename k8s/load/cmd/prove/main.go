// Command prove puts the stream rule to the proof: it runs the real services on real Redis servers on this machine, breaks one thing after
// the other while many players watch, and prints a verdict on each.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"streamgate/k8s/load/command"
	"streamgate/k8s/load/stack"
)

const usage = `prove puts the stream rule to the proof, on this machine. It wants redis-server, a C compiler and, in TEST_MONGODB_URI, a server of
MongoDB's protocol: devstack test -- go run ./cmd/prove

`

type options struct {
	short, list, keep, mutants bool
	only                       string
	source, programs           string
	seed                       uint64
}

func main() {
	var o options
	flag.BoolVar(&o.short, "short", false, "run the shorter cut")
	flag.BoolVar(&o.list, "list", false, "list the scenarios and run none")
	flag.BoolVar(&o.keep, "keep", false, "keep the logs, and say where they are")
	flag.BoolVar(&o.mutants, "mutants", false, "break the rule itself in the source, one thing after the other, and see that each is found")
	flag.StringVar(&o.only, "only", "", "run these scenarios, or mutants, alone: their names, with commas between")
	flag.StringVar(&o.source, "session-svc", "", "the source of session-svc, if it is another than the repository's")
	flag.StringVar(&o.programs, "programs", "", "a folder with session-svc, content-svc, user-svc and session-svc-stepped, which are then not built")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "what the players' choices follow from")
	command.Main("prove", usage, func(ctx context.Context) (bool, error) { return prove(ctx, o) })
}

// prove reports whether all verdicts are right.
func prove(ctx context.Context, o options) (right bool, err error) {
	if o.list {
		return true, list(o)
	}
	mongo := os.Getenv("TEST_MONGODB_URI")
	if mongo == "" {
		return false, errors.New("TEST_MONGODB_URI is not set; run: devstack test -- go run ./cmd/prove")
	}
	if _, err := stack.FindRedis(); err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "streamgate-prove-")
	if err != nil {
		return false, err
	}
	if o.keep {
		_, _ = fmt.Fprintln(os.Stdout, "logs:", dir)
	} else {
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	if o.mutants {
		return proveMutants(ctx, dir, mongo, o)
	}
	return proveScenarios(ctx, dir, mongo, o)
}
