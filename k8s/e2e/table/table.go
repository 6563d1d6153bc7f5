// Package table prints what was done on the cluster and what it cost.
package table

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"
)

// Row is one thing that was done.
type Row struct {
	What    string
	Failed  bool // it did not go as promised
	Skipped bool
	Load    *Load // that ran meanwhile, if one did
	Took    time.Duration
	Remark  string
}

// Load is the result of a load.
type Load struct {
	Requests, Failed, Lost int
	P50, P99               time.Duration
	// Busy is the share of this machine's processors that was in use, by any program. When all of it is, that alone may
	// explain what is late.
	Busy float64
}

// Print prints rows.
func Print(w io.Writer, rows []Row) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "\twhat was done\trequests\tfailed\tstreams lost\tp50\tp99\tcpu\ttook\tremarks") // Flush tells of errors
	for _, r := range rows {
		state := "ok"
		switch {
		case r.Failed:
			state = "FAILED"
		case r.Skipped:
			state = "skipped"
		}
		requests, failed, lost, p50, p99, busy := "", "", "", "", "", ""
		if l := r.Load; l != nil {
			requests, failed, lost = strconv.Itoa(l.Requests), strconv.Itoa(l.Failed), strconv.Itoa(l.Lost)
			p50, p99, busy = milliseconds(l.P50), milliseconds(l.P99), fmt.Sprintf("%.0f %%", 100*l.Busy)
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%.0f s\t%s\n", state, r.What, requests, failed, lost, p50, p99, busy, r.Took.Seconds(), r.Remark)
	}
	return t.Flush()
}

func milliseconds(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 1, 64) + " ms"
}
