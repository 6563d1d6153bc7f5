package screens

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Lengths are for how long the parts of a run last.
type Lengths struct {
	Watch time.Duration // on the line of twice the bit rate
	Ready time.Duration // of that, in which a player may find its rendition, and show what it has of the lower one
	Rush  time.Duration // after that, on an open one
	Pause time.Duration
	End   time.Duration // at most, of looking at a picture after its end
	Free  time.Duration // at most, of waiting for a slot after its tab was closed
	Crowd time.Duration // of twelve who try
}

// Full and Short are the two cuts.
var (
	Full = Lengths{
		Watch: 100 * time.Second, Ready: 45 * time.Second, Rush: 30 * time.Second,
		Pause: 30 * time.Second, End: 40 * time.Second, Free: 100 * time.Second, Crowd: 60 * time.Second,
	}
	Short = Lengths{
		Watch: 40 * time.Second, Ready: 25 * time.Second, Rush: 15 * time.Second,
		Pause: 12 * time.Second, End: 10 * time.Second, Free: 15 * time.Second, Crowd: 50 * time.Second,
	}
)

// What is promised of times that people wait for. Chromium has to start a player on two cores that do more.
const (
	lease      = 10 * time.Second // the default
	soon       = 5 * time.Second  // a seek, the end of a pause
	pageLoad   = 8 * time.Second
	topShare   = 0.9
	opening    = 60 * time.Second // at most, until there is a picture
	calm       = 8 * time.Second  // of play, before something is done
	stopped    = 3 * time.Second  // without a move: the picture has stopped
	pushed     = time.Second      // in which an end reaches whoever sends
	inBuffers  = 2.0              // seconds of film that a line, a kernel and a look twice a second may hide
	seekTo     = 200.0            // seconds
	freeWithin = 3 * time.Second  // after it should be
)

// cell is a player with a film.
type cell struct {
	*Rig
	*observer

	film   *Film
	screen Screen
	line   *Line
	other  *Device // of the same account, with the same limit of one
}

// Watch measures one player with one film, alone on an account of one stream.
func (r *Rig) Watch(ctx context.Context, row *Row) error {
	devices, err := r.system.Account(ctx, 1, 2)
	if err != nil {
		return err
	}
	c := &cell{Rig: r, film: row.Film, other: devices[1]}
	if c.line, err = r.newLine(ctx); err != nil {
		return err
	}
	defer c.line.Close()
	for _, part := range []func(context.Context, *Row) error{c.watch, c.act, c.leave} {
		c.screen = r.screenOf(Wish{Player: row.Player, Film: row.Film, ID: "screen", Device: devices[0], Line: c.line})
		c.observer = newObserver(r.began, c.other, c.screen)
		err := part(ctx, row)
		c.screen.Close()
		if err != nil {
			return err
		}
		// What the part has left behind shall not stand in the next one's way.
		if err := c.clear(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (c *cell) clear(ctx context.Context) error {
	streams, err := c.other.Streams(ctx)
	for id := range streams {
		err = errors.Join(err, c.other.Stop(ctx, id))
	}
	return err
}

// track is what was seen of the screen.
func (c *cell) track() Track { return c.tracks[0] }

// open lets the screen begin, and waits until its picture moves.
func (c *cell) open(ctx context.Context) error {
	if err := c.screen.Open(ctx); err != nil {
		return err
	}
	if ok, err := c.until(ctx, opening, c.moves(c.now())); err != nil || !ok {
		return errors.Join(err, fmt.Errorf("it didn't begin to play in %v: %s", opening, c.problems()))
	}
	return nil
}

// moves returns a function that reports whether the picture has moved since an instant: it has advanced from look to look, twice.
func (c *cell) moves(since time.Duration) func() bool {
	return func() bool {
		t := c.track()
		n := len(t)
		return n >= 3 && t[n-3].At > since && t[n-2].Position > t[n-3].Position && t[n-1].Position > t[n-2].Position && t[n-1].Position-t[n-2].Position < 5
	}
}

// watch lets the screen play on a line of twice its bit rate and then on an open one, while another device waits for its slot.
func (c *cell) watch(ctx context.Context, row *Row) error {
	c.line.Limit(2 * c.film.Rate)
	if err := c.open(ctx); err != nil {
		return err
	}
	from := c.now()
	bare := c.bare(ctx, row)
	waiting, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.wait(waiting)
	}()
	_, err := c.until(ctx, c.lengths.Watch, nil)
	c.line.Open()
	if err == nil {
		_, err = c.until(ctx, c.lengths.Rush, nil)
	}
	cancel()
	<-done
	if err != nil {
		return err
	}
	t := c.track()
	row.WithoutSlot, row.ThrownOut = never(t.WithoutSlot()), never(t.ThrownOut())
	stalls := t.Stalls()
	row.Stalls = Figure{strconv.Itoa(stalls), stalls > 0}
	if c.film.Top > 0 {
		top, alone := t.Top(from+c.lengths.Ready, c.film.Top), <-bare
		row.Top = Figure{fmt.Sprintf("%.0f/%.0f%%", 100*top, 100*alone), top < topShare*alone}
	}
	return nil
}

// bare lets the same player play the same film at the same time on a line of its own, from a plain file server, and returns the share of
// the highest rendition there. Of ffmpeg, which doesn't choose, that is all.
func (c *cell) bare(ctx context.Context, row *Row) <-chan float64 {
	top := make(chan float64, 1)
	if row.Player == "ffmpeg" || c.film.Top == 0 {
		top <- 1
		return top
	}
	go func() {
		share, err := c.alone(ctx, row.Player)
		if err != nil {
			share = 1 // which is no excuse for us
		}
		top <- share
	}()
	return top
}

func (c *cell) alone(ctx context.Context, player string) (top float64, err error) {
	line, err := c.newLine(ctx)
	if err != nil {
		return 0, err
	}
	defer line.Close()
	line.Limit(2 * c.film.Rate)
	screen := c.screenOf(Wish{Player: player, Film: c.film, Line: line, Bare: true})
	defer screen.Close()
	o := newObserver(c.Rig.began, nil, screen)
	from := o.now()
	if err := screen.Open(ctx); err != nil {
		return 0, err
	}
	if _, err := o.until(ctx, c.lengths.Watch, nil); err != nil {
		return 0, err
	}
	line.Open()
	_, err = o.until(ctx, c.lengths.Rush, nil)
	return o.tracks[0].Top(from+c.lengths.Ready, c.film.Top), err
}

// wait is the other device: it asks for a stream every second, and once it has one it keeps it.
func (c *cell) wait(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	stream := ""
	for {
		if stream == "" {
			started, err := c.other.Start(ctx, "", c.film.ID, "waiting")
			if err == nil {
				stream = started.Stream.ID
			}
		} else if err := c.other.Heartbeat(ctx, stream); isRefused(err) {
			stream = ""
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// act does on an open line what people do: seek, pause, load the page again. In the end another device ends the stream.
func (c *cell) act(ctx context.Context, row *Row) error {
	if err := c.open(ctx); err != nil {
		return err
	}
	if _, err := c.until(ctx, calm, nil); err != nil {
		return err
	}
	if !c.film.Live {
		taken, err := c.took(ctx, func() error { return c.screen.Seek(ctx, seekTo) })
		if err != nil {
			return err
		}
		row.Seek = within(taken, soon)
		c.note(row, "seek", taken)
		if _, err := c.until(ctx, calm/2, nil); err != nil {
			return err
		}
	}
	if err := c.screen.Pause(ctx); err != nil {
		return err
	}
	c.paused = true
	if _, err := c.until(ctx, c.lengths.Pause, nil); err != nil {
		return err
	}
	c.paused = false
	taken, err := c.took(ctx, func() error { return c.screen.Play(ctx) })
	if err != nil {
		return err
	}
	row.Pause = within(taken, soon)
	c.note(row, "pause", taken)
	reloaded := c.now()
	if taken, err = c.took(ctx, func() error { return c.screen.Open(ctx) }); err != nil {
		return err
	}
	row.Reload = within(taken, pageLoad)
	c.note(row, "reload", taken)
	if taken < 0 {
		row.Ended = Figure{"did not play", true}
		return nil
	}
	if _, err := c.until(ctx, calm, nil); err != nil {
		return err
	}
	row.Ended, err = c.end(ctx, reloaded)
	return err
}

// note keeps what a player says that didn't play again.
func (c *cell) note(row *Row, after string, taken time.Duration) {
	if taken < 0 {
		row.Notes = append(row.Notes, fmt.Sprintf("after the %s it didn't play again: %s", after, c.problems()))
	}
}

// took does something and returns how long it takes until the picture moves, or a negative time if it doesn't.
func (c *cell) took(ctx context.Context, do func() error) (time.Duration, error) {
	from := c.now()
	if err := do(); err != nil {
		return 0, err
	}
	moved, err := c.until(ctx, opening, c.moves(from))
	if !moved {
		return -1, err
	}
	t := c.track()
	return t[len(t)-3].At - from, err // the first of the looks that saw it move
}

// end ends the stream and looks how much more is seen of the film that was sent since the page was loaded.
func (c *cell) end(ctx context.Context, loaded time.Duration) (Figure, error) {
	stream := c.last[0].Stream
	if err := c.other.Stop(ctx, stream); err != nil {
		return Figure{}, err
	}
	ended := c.now()
	if err := c.look(ctx); err != nil {
		return Figure{}, err
	}
	before := c.track()[len(c.track())-1].Position
	furthest, still := before, ended
	waiting := -1.0 // seconds of film in the kernel, once the end should have reached whoever sends
	_, err := c.until(ctx, c.lengths.End, func() bool {
		if waiting < 0 && c.now() >= ended+pushed {
			bytes, err := c.line.queued()
			if err != nil {
				return true
			}
			waiting = 8 * float64(bytes) / c.film.Rate
		}
		if now := c.track()[len(c.track())-1]; now.Position > furthest && now.Position < furthest+10 {
			furthest, still = now.Position, now.At
		}
		return c.now()-still > stopped
	})
	if err != nil {
		return Figure{}, err
	}
	moved := furthest - before
	sent := c.line.Transfers()
	ahead := max(0, Sent(sent, c.film, loaded, ended+pushed)-c.played(loaded, ended)) + max(0, waiting)
	later := Sent(sent, c.film, ended+pushed, c.now()) - max(0, waiting)
	text := fmt.Sprintf("%.0f/%.0f", moved, ahead)
	if later >= 1 {
		text += fmt.Sprintf("+%.0f", later)
	}
	if c.now()-still <= stopped {
		text = "≥" + text
	}
	return Figure{text, moved > ahead+inBuffers || later > inBuffers}, nil
}

// played returns how many seconds of film the picture of a page that is loaded at an instant has advanced at another one. The page before it
// is seen until the new one is there, and then the position falls.
func (c *cell) played(from, until time.Duration) float64 {
	played := 0.0
	for i, s := range c.track() {
		if i > 0 && c.track()[i-1].At >= from && s.At <= until {
			switch step := s.Position - c.track()[i-1].Position; {
			case step < 0:
				played = 0
			case step < 5:
				played += step
			}
		}
	}
	return played
}

// leave closes the tab and waits for the slot.
func (c *cell) leave(ctx context.Context, row *Row) error {
	loaded := c.now()
	if err := c.open(ctx); err != nil {
		return err
	}
	if _, err := c.until(ctx, calm, nil); err != nil {
		return err
	}
	c.screen.Close()
	closed := c.now()
	ahead := Sent(c.line.Transfers(), c.film, loaded, closed+pushed) - c.played(loaded, closed)
	bound := max(lease, time.Duration(ahead*float64(time.Second))) + freeWithin
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		streams, err := c.other.Streams(ctx)
		if err != nil {
			return err
		}
		now := c.now() - closed
		if len(streams) == 0 || now > c.lengths.Free {
			row.Closed = Figure{fmt.Sprintf("%.0f/%.0f", now.Seconds(), bound.Seconds()), now > bound}
			if len(streams) > 0 {
				row.Closed.Text = ">" + row.Closed.Text
			}
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
