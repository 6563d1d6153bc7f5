package screens

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

const (
	crowd = 12
	limit = 3
	// ahead is the longest that somebody whose stream was ended may go on for: the setting of content-svc.
	ahead = 75 * time.Second
)

// Crowd lets twelve viewers try on an account of three streams. A viewer who is refused tries again, and begins anew when the player gives up.
func (r *Rig) Crowd(ctx context.Context, row *Row) (err error) {
	devices, err := r.system.Account(ctx, limit, 1)
	if err != nil {
		return err
	}
	var screens []Screen
	for i := range crowd {
		line, err := r.newLine(ctx)
		if err != nil {
			return err
		}
		defer line.Close()
		s := r.screenOf(Wish{Player: row.Player, Film: row.Film, ID: fmt.Sprintf("screen-%d", i), Stubborn: true, Device: devices[0], Line: line})
		defer s.Close()
		screens = append(screens, s)
	}
	var opening sync.WaitGroup
	errs := make([]error, crowd)
	for i, s := range screens {
		opening.Go(func() { errs[i] = s.Open(ctx) })
	}
	opening.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	o := newObserver(r.began, devices[0], screens...)
	if _, err := o.until(ctx, r.lengths.Crowd, nil); err != nil {
		return err
	}
	n := AtOnce(o.tracks, nil, ahead) // nobody's stream is ended
	row.AtOnce = Figure{strconv.Itoa(n), n > limit}
	if n == 0 {
		return fmt.Errorf("none of %d advanced: %s", crowd, o.problems())
	}
	return nil
}
