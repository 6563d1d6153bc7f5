package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"streamgate/k8s/load/mutant"
	"streamgate/k8s/load/scenario"
	"streamgate/k8s/load/stack"
)

// proveMutants reports whether each mutant is found by the scenario that is meant for it.
func proveMutants(ctx context.Context, dir, mongo string, o options) (right bool, err error) {
	chosen := slices.DeleteFunc(mutant.All(), func(m mutant.Mutant) bool {
		return o.only != "" && !slices.Contains(strings.Split(o.only, ","), m.Name)
	})
	if len(chosen) == 0 {
		return false, fmt.Errorf("there is no mutant %q; see prove -mutants -list", o.only)
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "\nmutant\twhat it does\tscenario\tleases\tfound by\tverdict")
	right = true
	for i, m := range chosen {
		v, err := runMutant(ctx, dir, mongo, m, o.seed+uint64(i))
		if err != nil {
			return false, fmt.Errorf("mutant %s: %w", m.Name, err)
		}
		word := "found"
		if v.OK() {
			right, word = false, "NOT FOUND"
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%s\t%s\n", m.Name, m.What, m.Scenario, v.Admitted, strings.Join(v.Kinds(), ", "), word)
	}
	_ = t.Flush() // a closed terminal can't be told
	return right, nil
}

func runMutant(ctx context.Context, dir, mongo string, m mutant.Mutant, seed uint64) (scenario.Verdict, error) {
	all := scenario.All()
	i := slices.IndexFunc(all, func(s scenario.Scenario) bool { return s.Name == m.Scenario })
	if i < 0 {
		return scenario.Verdict{}, errors.New("its scenario is gone: " + m.Scenario)
	}
	_, _ = fmt.Fprintf(os.Stdout, "%s: %s\n", m.Name, m.What)
	in := scenario.Setting{Dir: filepath.Join(dir, m.Name), MongoURI: mongo, Short: true, Seed: seed}
	if err := os.Mkdir(in.Dir, 0o700); err != nil {
		return scenario.Verdict{}, err
	}
	root, err := stack.Root()
	if err != nil {
		return scenario.Verdict{}, err
	}
	overlay, err := m.Overlay(root, in.Dir)
	if err != nil {
		return scenario.Verdict{}, err
	}
	if in.Programs, err = build(ctx, in.Dir, options{}, all[i:i+1], overlay); err != nil {
		return scenario.Verdict{}, err
	}
	v, err := all[i].Run(ctx, in)
	if err == nil {
		tell(os.Stdout, v.Faults(1))
	}
	return v, err
}

func tell(w io.Writer, faults []string) {
	for _, fault := range faults {
		_, _ = fmt.Fprintln(w, "    found:", fault)
	}
}
