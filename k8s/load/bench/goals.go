package bench

import "fmt"

// goals are those of the design, section 8, with what was measured.
type goals struct{ table }

// goal notes a measurement. Better says that larger figures are better.
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

// asPercent is for ratios.
func (s spread) asPercent() spread { return spread{100 * s.median, 100 * s.least, 100 * s.largest} }
