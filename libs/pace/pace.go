package pace

import "time"

// Rules are the bounds.
type Rules struct {
	Ahead time.Duration // of film that a stream is sent ahead of play, at most
	First time.Duration // of film that is sent at once after a seek; at most Ahead
}

// Usual are the smallest bounds with which the players that were measured play without a stall and in their highest rendition.
var Usual = Rules{Ahead: 75 * time.Second, First: 30 * time.Second}

// growth is the part of what is played by which the bound grows after a seek.
const growth = 4

// slack is how far from what was sent a request counts as going on: segments begin where the one before ended, but for rounding and for
// a segment that another replica has sent.
const slack = 15 * time.Second

// Stream is where one stream is. Its zero value is one that was sent nothing. It is not safe for concurrent use.
type Stream struct {
	begun time.Time     // the last start or seek; zero before the first
	bound time.Duration // what the bound was then
	from  time.Time     // when the film's beginning would have been played, for play to be where it is now
	sent  time.Duration // the place in the film up to which it was sent
}

// Piece is a piece of film.
type Piece struct {
	Position time.Duration // where in the film it begins
	Duration time.Duration
	// Whole says that it is part of a film in one file.
	Whole bool
	// Unplaced says that its position is not known: it follows what was sent.
	Unplaced bool
}

// Taken says that the stream was sent this much ahead by others before it was first met here.
func (s *Stream) Taken(p Piece, ahead time.Duration, now time.Time, rules Rules) {
	if !s.begun.IsZero() || ahead <= 0 {
		return
	}
	ahead = min(ahead, rules.Ahead-rules.First)
	s.begun, s.bound, s.sent = now, rules.Ahead, p.Position
	s.from = now.Add(ahead - p.Position)
}

// Due returns how long after now a piece is due: 0 or less is now. It changes nothing.
func (s *Stream) Due(p Piece, now time.Time, rules Rules) time.Duration {
	next := s.moved(p, now, rules)
	ahead := next.place(p) + p.Duration - next.playing(now)
	if ahead <= p.Duration {
		return 0 // a piece that is longer than the bound is due when there is nothing before it
	}
	bound := next.limit(now, rules)
	if ahead <= bound {
		return 0
	}
	if bound == rules.Ahead {
		return ahead - bound
	}
	// The bound grows while play goes on.
	return min((ahead-bound)*growth/(growth+1), ahead-rules.First)
}

// Send counts a piece as sent.
func (s *Stream) Send(p Piece, now time.Time, rules Rules) {
	*s = s.moved(p, now, rules)
	s.sent = max(s.sent, s.place(p)+p.Duration)
}

// moved returns the stream as it is when its player asks for a piece.
func (s *Stream) moved(p Piece, now time.Time, rules Rules) Stream {
	next := *s
	if played := s.playing(now); !s.begun.IsZero() && played > s.sent { // it waits for more
		next.from = next.from.Add(played - s.sent)
	}
	switch {
	case s.begun.IsZero():
		next.begun, next.bound, next.sent = now, rules.Ahead, p.Position
		next.from = now.Add(-p.Position)
		if p.Whole {
			next.bound = rules.First
		}
	case p.Unplaced:
	case p.Position < next.playing(now)-slack, p.Position > s.sent+slack:
		next.begun, next.bound, next.sent = now, rules.First, p.Position
		next.from = now.Add(-p.Position)
	}
	return next
}

// playing is where in the film its player is.
func (s *Stream) playing(now time.Time) time.Duration { return now.Sub(s.from) }

// place is where a piece begins.
func (s *Stream) place(p Piece) time.Duration {
	if p.Unplaced {
		return s.sent
	}
	return p.Position
}

func (s *Stream) limit(now time.Time, rules Rules) time.Duration {
	return min(rules.Ahead, s.bound+now.Sub(s.begun)/growth)
}
