package screens

import (
	"slices"
	"time"
)

// Sample is what one look at a screen saw.
type Sample struct {
	At       time.Duration // since any beginning, the same for all screens
	Position float64       // of the player in its film, seconds
	Height   int           // of the picture, pixels; 0 if there is none yet
	Holding  bool          // its stream held a slot at that instant
	Paused   bool          // its viewer has stopped it
}

// Track is what was seen of a screen, in the order of time.
type Track []Sample

// A screen advances at an instant if its position moves by more than half of the time that passes from half of such a window before the
// instant to half of it after.
const (
	window = 2 * time.Second
	moving = 0.5
)

// quick is the window for stalls, which are short.
const quick = time.Second

// Advances reports whether the screen advances at an instant. It doesn't where the track knows too little.
func (t Track) Advances(at time.Duration) bool { return t.advances(at, window) }

func (t Track) advances(at, window time.Duration) bool {
	from, ok := t.position(at - window/2)
	to, ok2 := t.position(at + window/2)
	return ok && ok2 && to-from > moving*window.Seconds()
}

// position interpolates between two samples.
func (t Track) position(at time.Duration) (seconds float64, ok bool) {
	i, exact := slices.BinarySearchFunc(t, at, func(s Sample, at time.Duration) int { return int(s.At - at) })
	switch {
	case exact:
		return t[i].Position, true
	case i == 0 || i == len(t):
		return 0, false
	}
	before, after := t[i-1], t[i]
	share := float64(at-before.At) / float64(after.At-before.At)
	return before.Position + share*(after.Position-before.Position), true
}

// sum adds up the time between samples in which what is asked for holds, given the sample before.
func (t Track) sum(holds func(before Sample, middle time.Duration) bool) time.Duration {
	total := time.Duration(0)
	for i := 1; i < len(t); i++ {
		if holds(t[i-1], (t[i-1].At+t[i].At)/2) {
			total += t[i].At - t[i-1].At
		}
	}
	return total
}

// WithoutSlot returns how long the screen advanced while its stream held no slot.
func (t Track) WithoutSlot() time.Duration {
	return t.sum(func(s Sample, middle time.Duration) bool { return !s.Holding && t.Advances(middle) })
}

// ThrownOut returns how long the screen didn't advance and held no slot, though it had played before and its viewer didn't stop it.
func (t Track) ThrownOut() time.Duration {
	began, ok := t.Begins()
	if !ok {
		return 0
	}
	return t.sum(func(s Sample, middle time.Duration) bool {
		return s.At > began && !s.Paused && !s.Holding && t.known(middle) && !t.Advances(middle)
	})
}

// known reports whether the track says whether the screen advances at an instant.
func (t Track) known(at time.Duration) bool {
	_, before := t.position(at - window/2)
	_, after := t.position(at + window/2)
	return before && after
}

// Begins returns the instant of the first sample at which the screen advances, if there is one.
func (t Track) Begins() (time.Duration, bool) {
	for _, s := range t {
		if t.Advances(s.At) {
			return s.At, true
		}
	}
	return 0, false
}

// Stalls returns how often the screen stood still after it had begun, while it held its slot and its viewer didn't stop it.
func (t Track) Stalls() int {
	stalls, began, still := 0, false, false
	for _, s := range t[:max(0, len(t)-1)] {
		advances := t.advances(s.At, quick)
		began = began || advances
		was := still
		still = began && !advances && s.Holding && !s.Paused && s.At+quick/2 <= t[len(t)-1].At
		if still && !was {
			stalls++
		}
	}
	return stalls
}

// Top returns the share, from 0 to 1, of the time from an instant on that the screen advanced with a picture of at least a height.
func (t Track) Top(from time.Duration, height int) float64 {
	all := t.sum(func(s Sample, middle time.Duration) bool { return s.At >= from && t.Advances(middle) })
	top := t.sum(func(s Sample, middle time.Duration) bool {
		return s.At >= from && t.Advances(middle) && s.Height >= height
	})
	if all == 0 {
		return 0
	}
	return top.Seconds() / all.Seconds()
}

// look is how far apart the instants are at which screens are counted.
const look = 250 * time.Millisecond

// AtOnce returns how many screens advance at the same instant, at most. Instants less than grace after a change don't count: at a change
// somebody's stream was ended, and he may still see what he was sent.
func AtOnce(tracks []Track, changes []time.Duration, grace time.Duration) int {
	first, last := time.Duration(0), time.Duration(0)
	for _, t := range tracks {
		if len(t) > 0 {
			last = max(last, t[len(t)-1].At)
		}
	}
	most := 0
	for at := first; at <= last; at += look {
		if slices.ContainsFunc(changes, func(change time.Duration) bool { return change <= at && at < change+grace }) {
			continue
		}
		n := 0
		for _, t := range tracks {
			if t.Advances(at) {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}
