package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"streamgate/k8s/load/scenario"
)

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
	head := "scenario\tleases\toverlap ms\texcused ms\tserved ms\tscreens ms\tfilm s\tleaked\trefused\twrong\tbroken\tfailed\theld\tordered\ts\t  verdict\t"
	_, _ = fmt.Fprintln(t, head)
	right = true
	for _, r := range rows {
		v, word := &r.verdict, "as promised"
		if !r.right() {
			right, word = false, "WRONG"
		}
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%d\t%d\t%d\t%.0f\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%.0f\t  %s\t\n", r.name, v.Admitted, v.Overlap.Worst.Milliseconds(),
			v.Excused.Worst.Milliseconds(), v.Served.Worst.Milliseconds(), v.Screens.Worst.Milliseconds(), v.Film.By.Seconds(),
			v.Leaked, v.Refused, len(v.Wrong), len(v.Broken)+len(v.Besides), len(v.Failed), v.Held, ordered(v), v.Took.Seconds(), word)
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
