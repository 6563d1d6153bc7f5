package pace_test

import (
	"testing"
	"time"

	"streamgate/libs/pace"
)

var rules = pace.Usual

const segment = 6 * time.Second

// player fetches segment after segment as fast as it may, and plays.
type player struct {
	stream pace.Stream
	now    time.Time
	next   time.Duration // position of the segment to fetch
	piece  time.Duration
	whole  bool
}

func newPlayer() *player {
	return &player{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), piece: segment}
}

func (p *player) at(position time.Duration) pace.Piece {
	return pace.Piece{Position: position, Duration: p.piece, Whole: p.whole}
}

// fill fetches all that is due, and returns how much that was.
func (p *player) fill() time.Duration {
	before := p.next
	for p.stream.Due(p.at(p.next), p.now, rules) <= 0 {
		p.stream.Send(p.at(p.next), p.now, rules)
		p.next += p.piece
	}
	return p.next - before
}

// wait lets time pass until the next piece is due.
func (p *player) wait() time.Duration {
	due := p.stream.Due(p.at(p.next), p.now, rules)
	p.now = p.now.Add(due)
	return due
}

func TestAStartIsSentAheadAtOnceAndThenAtTheSpeedOfPlay(t *testing.T) {
	t.Parallel()
	p := newPlayer()
	if sent := p.fill(); sent > rules.Ahead || sent <= rules.Ahead-segment {
		t.Fatalf("%v at once", sent)
	}
	began, first := p.now, p.next
	for range 100 {
		p.wait()
		p.fill()
	}
	if passed, sent := p.now.Sub(began), p.next-first; sent > passed+segment || sent < passed-segment {
		t.Errorf("%v of film in %v", sent, passed)
	}
}

func TestASeekPlaysAtOnce(t *testing.T) {
	t.Parallel()
	for _, to := range []time.Duration{0, 500 * time.Second} {
		p := newPlayer()
		p.next = 200 * time.Second
		p.fill()
		p.now = p.now.Add(40 * time.Second)
		p.next = to
		if sent := p.fill(); sent > rules.First || sent <= rules.First-segment {
			t.Errorf("%v at once after a seek to %v", sent, to)
		}
		began, first := p.now, p.next
		for p.now.Sub(began) < 10*time.Minute {
			p.wait()
			p.fill()
		}
		if ahead := p.next - first - p.now.Sub(began); ahead > rules.Ahead-rules.First+2*segment || ahead < rules.Ahead-rules.First-2*segment {
			t.Errorf("in the end it is %v more ahead than after the seek", ahead)
		}
	}
}

func TestSeeksWithoutEndAreStillBounded(t *testing.T) {
	t.Parallel()
	p := newPlayer()
	var sent time.Duration
	for n := range 20 {
		p.next = time.Duration(n) * 1000 * time.Second
		sent += p.fill()
	}
	if sent > rules.Ahead+19*rules.First {
		t.Errorf("%v", sent)
	}
}

func TestAChangeOfRenditionIsNoSeek(t *testing.T) {
	t.Parallel()
	p := newPlayer()
	p.fill()
	p.now = p.now.Add(20 * time.Second)
	p.next = 24 * time.Second // what is buffered is fetched again, from play on
	if sent := p.fill(); p.next > 20*time.Second+rules.Ahead || sent <= rules.Ahead-2*segment {
		t.Errorf("up to %v", p.next)
	}
}

func TestAPausedPlayerGoesOnWhereItIs(t *testing.T) {
	t.Parallel()
	p := newPlayer()
	p.fill()
	p.now = p.now.Add(time.Hour)
	if sent := p.fill(); sent > rules.Ahead {
		t.Errorf("%v at once after an hour", sent)
	}
	p.now = p.now.Add(10 * time.Second)
	if sent := p.fill(); sent > 10*time.Second+segment {
		t.Errorf("%v after ten seconds more", sent)
	}
}

func TestOneFileFlowsALittleFasterThanPlay(t *testing.T) {
	t.Parallel()
	p := newPlayer()
	p.whole, p.piece = true, time.Second
	if sent := p.fill(); sent > rules.First || sent < rules.First-2*p.piece {
		t.Fatalf("%v at once", sent)
	}
	began, first := p.now, p.next
	for p.now.Sub(began) < 100*time.Second {
		p.wait()
		p.fill()
	}
	if sent := p.next - first; sent > 127*time.Second || sent < 123*time.Second {
		t.Errorf("%v of film in 100 s, want a quarter more than its own speed", sent)
	}
}

func TestWhatHasNoPlaceIsCountedAllTheSame(t *testing.T) {
	t.Parallel()
	var s pace.Stream
	now := time.Now()
	piece := pace.Piece{Duration: 10 * time.Second, Unplaced: true}
	sent := time.Duration(0)
	for s.Due(piece, now, rules) <= 0 {
		s.Send(piece, now, rules)
		sent += piece.Duration
	}
	if sent > rules.Ahead || sent < rules.Ahead-piece.Duration {
		t.Errorf("%v at once", sent)
	}
}

func TestALongPieceIsSentWhenThereIsNothingBeforeIt(t *testing.T) {
	t.Parallel()
	p := newPlayer()
	p.piece = 10 * time.Minute
	if due := p.stream.Due(p.at(0), p.now, rules); due > 0 {
		t.Fatalf("due in %v", due)
	}
	p.stream.Send(p.at(0), p.now, rules)
	if due := p.stream.Due(p.at(p.piece), p.now, rules); due < p.piece-rules.Ahead {
		t.Errorf("the next is due in %v", due)
	}
}

// Another replica has sent the stream before.
func TestWhatOthersSentCounts(t *testing.T) {
	t.Parallel()
	p := newPlayer()
	p.next = 300 * time.Second
	p.stream.Taken(p.at(p.next), time.Minute, p.now, rules)
	if sent := p.fill(); sent > rules.First || sent < rules.First-segment {
		t.Errorf("%v at once", sent)
	}
}

func TestNothingIsWaitedForThatIsDue(t *testing.T) {
	t.Parallel()
	p := newPlayer()
	p.fill()
	for range 50 {
		if due := p.wait(); due <= 0 || due > segment+time.Second {
			t.Fatalf("due in %v", due)
		}
		if p.stream.Due(p.at(p.next), p.now, rules) > time.Millisecond {
			t.Fatal("not due when it was said to be")
		}
		p.fill()
	}
}
