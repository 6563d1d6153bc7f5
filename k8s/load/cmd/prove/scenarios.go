package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"streamgate/k8s/load/fault"
	"streamgate/k8s/load/mutant"
	"streamgate/k8s/load/scenario"
	"streamgate/k8s/load/stack"
)

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

// build builds what the scenarios need, with an overlay, which may be empty.
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
		User: filepath.Join(folder, "user-svc"),
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
	if err := stack.Build(ctx, filepath.Join(root, "content-svc"), "content-svc", p.Content, overlay); err != nil {
		return p, err
	}
	if slices.ContainsFunc(chosen, func(s scenario.Scenario) bool { return s.User }) {
		if err := stack.Build(ctx, filepath.Join(root, "user-svc"), "user-svc", p.User, overlay); err != nil {
			return p, err
		}
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
