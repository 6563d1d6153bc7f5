package mutant_test

import (
	"slices"
	"testing"

	"streamgate/k8s/load/mutant"
	"streamgate/k8s/load/scenario"
	"streamgate/k8s/load/stack"
)

// Mutants go with the scripts: each finds what it changes, and the scenario that finds it.
func TestMutants(t *testing.T) {
	t.Parallel()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutant.All() {
		if _, err := m.Overlay(root, t.TempDir()); err != nil {
			t.Error(err)
		}
		if !slices.ContainsFunc(scenario.All(), func(s scenario.Scenario) bool { return s.Name == m.Scenario }) {
			t.Errorf("mutant %s: there is no scenario %s", m.Name, m.Scenario)
		}
	}
}
