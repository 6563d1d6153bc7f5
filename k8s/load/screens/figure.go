package screens

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Figure is what was measured for one promise.
type Figure struct {
	Text   string // "" if there is nothing to measure
	Broken bool
}

// String marks a figure that breaks its promise.
func (f Figure) String() string {
	switch {
	case f.Text == "":
		return "-"
	case f.Broken:
		return f.Text + " !"
	default:
		return f.Text
	}
}

// sampling is how much of a time may be the doing of looking twice a second.
const sampling = 1200 * time.Millisecond

// never is a figure of a time that should not pass.
func never(d time.Duration) Figure { return Figure{fmt.Sprintf("%.0f", d.Seconds()), d > sampling} }

// within is a figure of a time that should not be longer than another. A negative one means that what was waited for didn't happen.
func within(d, most time.Duration) Figure {
	if d < 0 {
		return Figure{"never", true}
	}
	return Figure{fmt.Sprintf("%.1f", d.Seconds()), d > most}
}

// Row is a line of the table: what a player did with a film.
type Row struct {
	Player string
	Film   *Film

	WithoutSlot Figure // seconds it played without holding a slot
	Stalls      Figure
	Top         Figure // share of the highest rendition, after a while
	ThrownOut   Figure // seconds
	Seek        Figure // seconds until it plays again
	Pause       Figure // seconds until it plays again, after the pause
	Reload      Figure // seconds until it plays again
	Ended       Figure // seconds of film that it showed after its end, of those that it had been sent
	Closed      Figure // seconds until the slot was free after the tab was closed
	AtOnce      Figure // videos of twelve that advance at the same instant
	Notes       []string
	Err         error // why there are no figures
}

// columns are the names of the figures, and legend is what they mean.
var columns = []string{"no slot", "stalls", "top", "thrown out", "seek", "pause", "reload", "after end", "closed", "of 12"}

const legend = `
no slot     seconds that it played without holding a slot (0)
stalls      on a line of twice the bit rate, and then an open one (0)
top         share of the time in the highest rendition, once it had time to find it, of the same without us (90 % of that, or more)
thrown out  seconds that it stood there without a slot, though nobody had stopped it, while another device waited for the slot (0)
seek, pause, reload
            seconds until it played again (5, 5, 8)
after end   seconds of film that it showed after its stream had been ended, of those it had been sent by a second after that; +: sent later
            (no more than it had been sent, and nothing later)
closed      seconds after its tab was closed until the slot was free, of those it may take: a lease, or what it had been sent
of 12       videos of an account of three that advance at the same instant, at most, when twelve try (3)
!           not as promised
`

// figures returns them in the order of the columns.
func (r *Row) figures() []Figure {
	return []Figure{r.WithoutSlot, r.Stalls, r.Top, r.ThrownOut, r.Seek, r.Pause, r.Reload, r.Ended, r.Closed, r.AtOnce}
}

// OK reports whether all is as promised.
func (r *Row) OK() bool {
	for _, f := range r.figures() {
		if f.Broken {
			return false
		}
	}
	return r.Err == nil
}

// measured reports whether there is any figure.
func (r *Row) measured() bool {
	return slices.ContainsFunc(r.figures(), func(f Figure) bool { return f.Text != "" })
}

// cells returns the fields of the line.
func (r *Row) cells() []string {
	cells := []string{r.Player, r.Film.Name}
	for _, f := range r.figures() {
		cells = append(cells, f.String())
	}
	word := "as promised"
	switch {
	case !r.OK():
		word = "BROKEN"
	case !r.measured():
		word = "not measured"
	}
	return append(cells, word)
}

// String is the line without its columns.
func (r *Row) String() string { return strings.Join(r.cells(), "  ") }

// Table prints the rows, and reports whether all is as promised.
func Table(w io.Writer, rows []Row) (right bool) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(t, "player\tfilm\t%s\tverdict\n", strings.Join(columns, "\t"))
	right = true
	for i := range rows {
		right = right && rows[i].OK()
		_, _ = fmt.Fprintln(t, strings.Join(rows[i].cells(), "\t"))
	}
	_ = t.Flush() // a terminal that went away is nobody to tell
	_, _ = io.WriteString(w, legend)
	for i := range rows {
		notes := rows[i].Notes
		if err := rows[i].Err; err != nil {
			notes = append(notes, err.Error())
		}
		for _, note := range notes {
			_, _ = fmt.Fprintf(w, "%s, %s: %s\n", rows[i].Player, rows[i].Film.Name, note)
		}
	}
	return right
}
