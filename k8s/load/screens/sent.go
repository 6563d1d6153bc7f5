package screens

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Piece is a range of bytes of a file, and the film that they stand for.
type Piece struct {
	File       string  // its path below the film's folder
	From, To   int64   // bytes, To is not in it
	Start, End float64 // seconds of the film
	Height     int     // of the picture, pixels
}

// Transfer is a range of bytes that reached a player.
type Transfer struct {
	At       time.Duration // when the last of them did
	File     string
	From, To int64
	Size     int64 // of the whole file
}

// Sent returns how many seconds of film reached a player in a time, each second once, however often and in whichever renditions it came.
// Of a piece that came in part, the same part of its time counts.
func Sent(transfers []Transfer, film *Film, from, until time.Duration) float64 {
	type span struct{ start, end float64 }
	var spans []span
	for _, t := range transfers {
		if t.At < from || t.At > until {
			continue
		}
		for _, p := range film.pieces(t.File, t.Size) {
			first, last := max(t.From, p.From), min(t.To, p.To)
			if first >= last {
				continue
			}
			second := func(offset int64) float64 {
				return p.Start + (p.End-p.Start)*float64(offset-p.From)/float64(p.To-p.From)
			}
			spans = append(spans, span{second(first), second(last)})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	total, reached := 0.0, math.Inf(-1)
	for _, s := range spans {
		if s.end > reached {
			total += s.end - max(s.start, reached)
			reached = s.end
		}
	}
	return total
}
