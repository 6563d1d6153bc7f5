package bench

import "fmt"

// goals are those of k8s/load/README.md, with what was measured.
type goals struct{ table }

// goal records a measurement. better is true if larger figures are better.
func (g *goals) goal(what, format string, wanted float64, better bool, found spread) {
	if len(g.rows) == 0 {
		g.add("", "goal", "found", "least", "largest", "")
	}
	relation, met := "at most ", found.median <= wanted
	if better {
		relation, met = "at least ", found.median >= wanted
	}
	verdict := "met"
	if !met {
		verdict = "missed"
	}
	show := func(f float64) string { return fmt.Sprintf(format, f) }
	g.add(what, relation+show(wanted), show(found.median), show(found.least), show(found.largest), verdict)
}

// asPercent returns a ratio in percent.
func (s spread) asPercent() spread { return spread{100 * s.median, 100 * s.least, 100 * s.largest} }
