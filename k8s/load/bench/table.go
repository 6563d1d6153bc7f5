package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// table prints rows in columns, the first aligned left, the others right.
type table struct{ rows [][]string }

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) write(out io.Writer, title string) {
	_, _ = fmt.Fprintf(out, "\n%s\n\n", title)
	width := 0
	for _, row := range t.rows {
		width = max(width, len([]rune(row[0])))
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, row := range t.rows {
		first := row[0] + strings.Repeat(" ", width-len([]rune(row[0])))
		_, _ = fmt.Fprintf(w, "  %s\t%s\t\n", first, strings.Join(row[1:], "\t"))
	}
	_ = w.Flush()
}

func us(d time.Duration) string { return fmt.Sprintf("%.1f", d.Seconds()*1e6) }

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1e3) }

func whole(f float64) string { return fmt.Sprintf("%.0f", f) }

func percent(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) }

// percent returns the median with its spread, in percent.
func (s spread) percent() string {
	return fmt.Sprintf("%.0f %% (%.0f–%.0f)", 100*s.median, 100*s.least, 100*s.largest)
}
