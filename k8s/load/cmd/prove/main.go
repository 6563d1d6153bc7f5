// Command prove puts the stream rule to the proof: it runs the real services on real Redis servers on this machine, breaks one thing after
// the other while many players watch, and prints a verdict on each.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"streamgate/k8s/load/fault"
	"streamgate/k8s/load/mutant"
	"streamgate/k8s/load/scenario"
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
	flag.BoolVar(&o.mutants, "mutants", false, "break the rule itself in the scripts of session-svc, one thing after the other, and see that each is found")
	flag.StringVar(&o.only, "only", "", "run these scenarios, or mutants, alone: their names, with commas between")
	flag.StringVar(&o.source, "session-svc", "", "the source of session-svc, if it is another than the repository's")
	flag.StringVar(&o.programs, "programs", "", "a folder with session-svc, content-svc and session-svc-stepped, which are then not built")
	flag.Uint64Var(&o.seed, "seed", uint64(time.Now().UnixNano()), "what the players' choices follow from")
	flag.Usage = func() {
		_, _ = io.WriteString(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	right, err := prove(ctx, o)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "prove:", err)
	}
	if err != nil || !right {
		os.Exit(1)
	}
}

func choose(o options) ([]scenario.Scenario, error) {
	all := scenario.All()
	if o.only == "" {
		return slices.DeleteFunc(all, func(s scenario.Scenario) bool { return o.short && !s.Short }), nil
	}
	var chosen []scenario.Scenario
	for name := range strings.SplitSeq(o.only, ",") {
		i := slices.IndexFunc(all, func(s scenario.Scenario) bool { return s.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no scenario %q; see prove -list", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
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

func list(o options) error {
	if o.mutants {
		for _, m := range mutant.All() {
			_, _ = fmt.Fprintf(os.Stdout, "%-24s %s\n", m.Name, m.What)
		}
		return nil
	}
	chosen, err := choose(o)
	for _, s := range chosen {
		_, _ = fmt.Fprintf(os.Stdout, "%-24s %s\n", s.Name, s.What)
	}
	return err
}

func proveScenarios(ctx context.Context, dir, mongo string, o options) (right bool, err error) {
	chosen, err := choose(o)
	if err != nil {
		return false, err
	}
	began := time.Now()
	programs, err := build(ctx, dir, o, chosen, "")
	if err != nil {
		return false, err
	}
	_, _ = fmt.Fprintf(os.Stdout, "built in %.0f s; lease %v, limit %d, seed %d\n", time.Since(began).Seconds(), scenario.Lease, scenario.Limit, o.seed)
	rows := make([]row, 0, len(chosen))
	for i, s := range chosen {
		in := scenario.Setting{Programs: programs, Dir: filepath.Join(dir, s.Name), MongoURI: mongo, Short: o.short, Seed: o.seed + uint64(i)}
		if err := os.Mkdir(in.Dir, 0o700); err != nil {
			return false, err
		}
		_, _ = fmt.Fprintf(os.Stdout, "%s: %s\n", s.Name, s.What)
		v, err := s.Run(ctx, in)
		r := row{name: s.Name, verdict: v, err: err}
		r.tell(os.Stdout)
		rows = append(rows, r)
		if ctx.Err() != nil {
			return false, errors.New("interrupted")
		}
	}
	_, _ = fmt.Fprintln(os.Stdout)
	return table(os.Stdout, rows, time.Since(began)), nil
}

// build builds what the scenarios need, session-svc with an overlay, which may be empty.
func build(ctx context.Context, dir string, o options, chosen []scenario.Scenario, overlay string) (p scenario.Programs, err error) {
	if slices.ContainsFunc(chosen, func(s scenario.Scenario) bool { return s.Clock }) {
		clock, err := fault.BuildLibrary(ctx, dir)
		if err != nil {
			return scenario.Programs{}, err
		}
		defer func() { p.Clock = clock }()
	}
	folder := dir
	if o.programs != "" {
		folder = o.programs
	}
	p = scenario.Programs{
		Session: filepath.Join(folder, "session-svc"), Content: filepath.Join(folder, "content-svc"), Stepped: filepath.Join(folder, "session-svc-stepped"),
	}
	if o.programs != "" {
		return p, nil
	}
	root, err := stack.Root()
	if err != nil {
		return p, err
	}
	source := filepath.Join(root, "session-svc")
	if o.source != "" {
		source = o.source
	}
	if err := stack.Build(ctx, source, "session-svc", p.Session, overlay); err != nil {
		return p, err
	}
	if err := stack.Build(ctx, filepath.Join(root, "content-svc"), "content-svc", p.Content, ""); err != nil {
		return p, err
	}
	if slices.ContainsFunc(chosen, func(s scenario.Scenario) bool { return s.Step }) {
		overlay, err := fault.BuildOverlay(ctx, dir)
		if err != nil {
			return p, err
		}
		if err := stack.Build(ctx, source, "session-svc", p.Stepped, overlay); err != nil {
			return p, err
		}
	}
	return p, nil
}

// row is a line of the table.
type row struct {
	name    string
	verdict scenario.Verdict
	err     error
}

func (r *row) right() bool { return r.err == nil && r.verdict.OK() }

const examples = 3

// tell prints what was found, before the table does.
func (r *row) tell(w io.Writer) {
	for _, note := range r.verdict.Notes {
		_, _ = fmt.Fprintln(w, "    "+note)
	}
	if r.err != nil {
		_, _ = fmt.Fprintln(w, "    FAILED:", r.err)
		return
	}
	for _, fault := range r.verdict.Faults(examples) {
		_, _ = fmt.Fprintln(w, "    WRONG:", fault)
	}
}

func table(w io.Writer, rows []row, took time.Duration) (right bool) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	head := "scenario\tleases\toverlap ms\texcused ms\tserved ms\tleaked\trefused\twrong\tbroken\tfailed\theld\tordered\ts\t  verdict\t"
	_, _ = fmt.Fprintln(t, head)
	right = true
	for _, r := range rows {
		v, word := &r.verdict, "as promised"
		if !r.right() {
			right, word = false, "WRONG"
		}
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%.0f\t  %s\t\n", r.name, v.Admitted, v.Overlap.Worst.Milliseconds(),
			v.Excused.Worst.Milliseconds(), v.Served.Worst.Milliseconds(), v.Leaked, v.Refused, len(v.Wrong), len(v.Broken)+len(v.Besides),
			len(v.Failed), v.Held, ordered(v), v.Took.Seconds(), word)
	}
	_ = t.Flush() // a closed terminal can't be told
	_, _ = fmt.Fprintf(w, "%d scenarios in %.0f s\n", len(rows), took.Seconds())
	return right
}

func ordered(v *scenario.Verdict) string {
	all := v.Linear.Accounts + v.Linear.Undecided + len(v.Linear.None)
	if all == 0 {
		return "-"
	}
	return fmt.Sprintf("%d/%d", v.Linear.Accounts, all)
}
