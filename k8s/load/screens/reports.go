package screens

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// hold is how long a pause of a player that reports by CMCD holds its slot: long enough that nobody takes it for a lapse.
const hold = 15 * time.Second

// ReportRow is a line of the table of players that report by CMCD, which is their only heartbeat: what they play is not ours.
type ReportRow struct {
	Player string
	Film   *Film

	Held   Figure // seconds of play without a slot
	Pause  Figure // seconds until the slot of a paused player is free
	Played Figure // seconds until it has one again, once it plays
	Over   Figure // seconds until the slot is free at the end of the film
	Again  Figure // seconds until it has one again, when the film is played again
	Ended  Figure // seconds of film that it shows after another device has ended its stream, of those looked at
	Closed Figure // seconds until the slot is free after the tab was closed
	Err    error
}

const reportLegend = `
Reports by CMCD as the only heartbeat, of a film from elsewhere. A pause holds its slot for %.0f s, a lease is %.0f s.
without     seconds of play without a slot (0)
pause       seconds until the slot was free after a pause, which is reported on and on
played      seconds until it had one again, once it played (5)
over        seconds until the slot was free, at the end of the film (5); never: of Shaka's usual builds, which tell no states
again       seconds until it had one again, when the film was played again (5)
after end   seconds that it played on, of those looked at, after another device had ended its stream: no report stops a player
closed      seconds until the slot was free after its tab was closed (a lease)
!           not as promised
`

func (r *ReportRow) figures() []Figure {
	return []Figure{r.Held, r.Pause, r.Played, r.Over, r.Again, r.Ended, r.Closed}
}

// String is the line without its columns.
func (r *ReportRow) String() string { return strings.Join(r.cells(), "  ") }

func (r *ReportRow) cells() []string {
	cells := []string{r.Player, r.Film.Name}
	for _, f := range r.figures() {
		cells = append(cells, f.String())
	}
	word := "as promised"
	if !r.OK() {
		word = "BROKEN"
	}
	return append(cells, word)
}

// OK reports whether all is as promised.
func (r *ReportRow) OK() bool {
	return r.Err == nil && !slices.ContainsFunc(r.figures(), func(f Figure) bool { return f.Broken })
}

// ReportTable prints the rows, and reports whether all is as promised.
func ReportTable(w io.Writer, rows []ReportRow) (right bool) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "player\tfilm\twithout\tpause\tplayed\tover\tagain\tafter end\tclosed\tverdict")
	right = true
	for i := range rows {
		right = right && rows[i].OK()
		_, _ = fmt.Fprintln(t, strings.Join(rows[i].cells(), "\t"))
	}
	_ = t.Flush() // a terminal that went away is nobody to tell
	_, _ = fmt.Fprintf(w, reportLegend, hold.Seconds(), lease.Seconds())
	for i := range rows {
		if rows[i].Err != nil {
			_, _ = fmt.Fprintf(w, "%s, %s: %v\n", rows[i].Player, rows[i].Film.Name, rows[i].Err)
		}
	}
	return right
}

// tells reports whether a player says what it does, and not only that it lives.
func (r *ReportRow) tells() bool { return r.Player != "Shaka" }

// publishElsewhere puts a film into the catalogue that others serve, and returns its id.
func (r *Rig) publishElsewhere(ctx context.Context, f *Film) (id string, err error) {
	admin, err := r.system.SignIn(ctx, adminEmail, adminPassword)
	if err != nil {
		return "", err
	}
	var answer struct {
		ID string `json:"id"`
	}
	src := r.system.bare[0] + "/bare/" + f.Src
	err = admin.call(ctx, http.MethodPost, "/content", map[string]any{"type": "vod", "name": f.Name + " elsewhere", "src": src}, &answer)
	return answer.ID, err
}

// reporter is a player that reports.
type reporter struct {
	*cell

	screen  *tab
	content string
	device  *Device
	started Started
}

// begin starts a stream, and lets a new tab play it, which is given the source and where to report: it has no token.
func (p *reporter) begin(ctx context.Context, row *ReportRow) (err error) {
	if p.started, err = p.device.Start(ctx, "", p.content, "screen"); err != nil {
		return err
	}
	p.screen = p.browser.tab(Wish{Player: row.Player, Film: row.Film, Line: p.line, Started: &p.started})
	p.cell.screen = p.screen
	p.observer = newObserver(p.Rig.began, p.other, p.screen)
	return p.open(ctx)
}

// holds reports whether the stream has a slot.
func (p *reporter) holds(ctx context.Context) (bool, error) {
	streams, err := p.other.Streams(ctx)
	return streams[p.started.Stream.ID], err
}

// became returns how long it takes until the stream has a slot or none, or a negative time.
func (p *reporter) became(ctx context.Context, held bool, most time.Duration) (time.Duration, error) {
	began := time.Now()
	tick := time.NewTicker(every / 2)
	defer tick.Stop()
	for time.Since(began) < most {
		if now, err := p.holds(ctx); err != nil || now == held {
			return time.Since(began), err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return -1, nil
}

// Report measures one player of an outside source, alone on an account of one stream.
func (r *Rig) Report(ctx context.Context, row *ReportRow) error {
	devices, err := r.system.Account(ctx, 1, 2)
	if err != nil {
		return err
	}
	p := &reporter{cell: &cell{Rig: r, film: row.Film, other: devices[1]}, device: devices[0]}
	if p.content, err = r.publishElsewhere(ctx, row.Film); err != nil {
		return err
	}
	if p.line, err = r.newLine(ctx); err != nil {
		return err
	}
	defer p.line.Close()
	for _, part := range []func(context.Context, *ReportRow) error{p.rests, p.leaves} {
		if err := p.begin(ctx, row); err != nil {
			return err
		}
		err := part(ctx, row)
		p.screen.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// rests lets the player play, pause, play, come to the end, and play again. Then another device ends its stream.
func (p *reporter) rests(ctx context.Context, row *ReportRow) error {
	var without time.Duration
	last := p.now()
	_, err := p.until(ctx, 2*lease+lease/2, func() bool {
		held, err := p.holds(ctx)
		if err == nil && !held {
			without += p.now() - last
		}
		last = p.now()
		return err != nil
	})
	if err != nil {
		return err
	}
	row.Held = never(without)
	// Pausing frees the slot after the hold, and the end at once, of players that tell.
	const look = hold + lease
	row.Pause, row.Played, err = p.rest(ctx, row, p.screen.Pause, p.screen.Play, hold, look)
	if err != nil {
		return err
	}
	finish := func(ctx context.Context) error {
		if err := p.screen.finish(ctx); err != nil {
			return err
		}
		ended, err := p.until(ctx, opening, func() bool { return p.last[0].Over })
		if !ended {
			return errors.Join(err, fmt.Errorf("the film didn't come to its end: %s", p.problems()))
		}
		return nil
	}
	again := func(ctx context.Context) error {
		return errors.Join(p.screen.Seek(ctx, 1), p.screen.Play(ctx))
	}
	row.Over, row.Again, err = p.rest(ctx, row, finish, again, 0, look)
	if err != nil {
		return err
	}
	return p.end(ctx, row)
}

// rest does something after which the slot becomes free in due time, and then something by which it is taken again.
func (p *reporter) rest(ctx context.Context, row *ReportRow, do, undo func(context.Context) error, due, look time.Duration) (free, back Figure, err error) {
	if err := do(ctx); err != nil {
		return free, back, err
	}
	took, err := p.became(ctx, false, look)
	if err != nil {
		return free, back, err
	}
	free = Figure{fmt.Sprintf("%.1f", took.Seconds()), !row.tells() || took > due+soon || took < due-sampling}
	if took < 0 {
		free = Figure{"never", row.tells()}
	}
	if err := undo(ctx); err != nil {
		return free, back, err
	}
	if took, err = p.became(ctx, true, 2*lease); err != nil {
		return free, back, err
	}
	return free, within(took, soon), nil
}

// end lets another device end the stream, and looks for how long the picture moves on. Nothing that is answered stops a player.
func (p *reporter) end(ctx context.Context, row *ReportRow) error {
	if _, err := p.until(ctx, calm, p.moves(p.now())); err != nil {
		return err
	}
	if err := p.other.Stop(ctx, p.started.Stream.ID); err != nil {
		return err
	}
	from := p.now()
	if _, err := p.until(ctx, lease, nil); err != nil {
		return err
	}
	held, err := p.holds(ctx)
	row.Ended = Figure{fmt.Sprintf("%.0f/%.0f", p.played(from, p.now()), lease.Seconds()), held}
	return err
}

// leaves closes the tab.
func (p *reporter) leaves(ctx context.Context, row *ReportRow) error {
	if _, err := p.until(ctx, calm, nil); err != nil {
		return err
	}
	p.screen.Close()
	took, err := p.became(ctx, false, 2*lease)
	row.Closed = within(took, lease+freeWithin)
	return err
}
