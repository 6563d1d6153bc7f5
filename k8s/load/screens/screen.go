package screens

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Screen is a player with somebody in front of it.
type Screen interface {
	// Open lets it begin: it asks for a stream until it gets one, and plays it. On a screen that was opened before, it is a reload.
	Open(ctx context.Context) error
	// Look returns what it shows now, without Holding and Paused, and the id of its stream, "" before there is one.
	Look(ctx context.Context) (Look, error)
	Seek(ctx context.Context, seconds float64) error
	Pause(ctx context.Context) error
	Play(ctx context.Context) error
	// Close ends it as closing a tab does: nobody tells the services. Closing twice is closing once.
	Close()
}

// Look is one look at a screen.
type Look struct {
	Sample

	Stream  string
	Problem string // what the player says is wrong; "" if nothing
	Over    bool   // the film is at its end
}

// Wish is what a screen is to play.
type Wish struct {
	Player   string // a name that the page knows, or ffmpeg
	Film     *Film
	ID       string   // of the player, which it keeps over a reload
	Stubborn bool     // begins anew when the player has given up
	Bare     bool     // plays the film from a plain file server, without us
	Started  *Started // the stream that somebody else started, of a player that reports by CMCD
	Device   *Device
	Line     *Line
}

// every is how far apart the looks at a screen are.
const every = 500 * time.Millisecond

// observer looks at screens of one account, and at the account's streams at the same instants.
type observer struct {
	tracks []Track

	began   time.Time
	screens []Screen
	desk    *Device // nil if nobody counts
	last    []Look
	paused  bool
}

// newObserver looks at screens. Times are counted from began.
func newObserver(began time.Time, desk *Device, screens ...Screen) *observer {
	return &observer{tracks: make([]Track, len(screens)), began: began, screens: screens, desk: desk, last: make([]Look, len(screens))}
}

// now is the time.
func (o *observer) now() time.Duration { return time.Since(o.began) }

// until looks until a time has passed or done is true, and reports whether it became so. done may be nil.
func (o *observer) until(ctx context.Context, d time.Duration, done func() bool) (bool, error) {
	end := time.NewTimer(d)
	defer end.Stop()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := o.look(ctx); err != nil {
			return false, err
		}
		if done != nil && done() {
			return true, nil
		}
		select {
		case <-tick.C:
		case <-end.C:
			return false, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// look looks once at all screens.
func (o *observer) look(ctx context.Context) error {
	type answer struct {
		look Look
		err  error
	}
	answers := make([]chan answer, len(o.screens))
	for i, s := range o.screens {
		answers[i] = make(chan answer, 1)
		go func() {
			look, err := s.Look(ctx)
			answers[i] <- answer{look, err}
		}()
	}
	holding := map[string]bool{}
	if o.desk != nil {
		var err error
		if holding, err = o.desk.Streams(ctx); err != nil {
			return fmt.Errorf("streams: %w", err)
		}
	}
	for i := range o.screens {
		a := <-answers[i]
		if a.err != nil {
			return a.err
		}
		a.look.Holding, a.look.Paused = holding[a.look.Stream], o.paused
		o.last[i] = a.look
		if n := len(o.tracks[i]); n == 0 || o.tracks[i][n-1].At < a.look.At {
			o.tracks[i] = append(o.tracks[i], a.look.Sample)
		}
	}
	return nil
}

// problems returns what the players say is wrong.
func (o *observer) problems() string {
	var all []string
	for _, l := range o.last {
		if l.Problem != "" {
			all = append(all, l.Problem)
		}
	}
	return strings.Join(all, ", ")
}

// errNothing is the error of a look at a screen whose page isn't there yet.
var errNothing = errors.New("there is nothing to look at yet")
