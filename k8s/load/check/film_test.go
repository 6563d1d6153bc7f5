package check_test

import (
	"strings"
	"testing"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
)

var filmRule = check.Rule{Lease: 2 * time.Second, Limit: 1, Late: time.Second, Film: check.Film{
	Ahead: 30 * time.Second, Factor: 1, Burst: 30 * time.Second, Reserve: 5 * time.Second, Replicas: 1, StartsEvery: time.Second, StartsBurst: 2,
}}

// played is a history of one account, written as its requests happen.
type played struct {
	history.History

	now time.Duration
}

func newPlayed() *played {
	return &played{History: history.History{Began: time.Now().Truncate(time.Second)}}
}

func (p *played) add(op history.Op, status int) *history.Op {
	op.Account, op.Session, op.Answer.Status = "account", "session", status
	op.Invoked, op.Returned = p.now, p.now+time.Millisecond
	p.now += 2 * time.Millisecond
	p.Ops = append(p.Ops, op)
	return &p.Ops[len(p.Ops)-1]
}

func (p *played) start(stream string) {
	at := p.Began.Add(p.now)
	p.add(history.Op{Verb: history.Start, Device: "of " + stream, Answer: history.Answer{Stream: stream, Started: at, Expires: at.Add(filmRule.Lease), Limit: 1}}, 201)
}

// fetch adds the pieces from … to-1 of a stream, of a second each.
func (p *played) fetch(stream string, from, to int) {
	for n := from; n < to; n++ {
		op := p.add(history.Op{Verb: history.Fetch, Stream: stream, Piece: history.Piece{At: time.Duration(n) * time.Second, Length: time.Second}}, 200)
		op.Answer.FirstByte, op.Answer.LastByte, op.Answer.Film = op.Returned, op.Returned, time.Second
	}
}

func (p *played) stop(stream string) { p.add(history.Op{Verb: history.Stop, Stream: stream}, 204) }

// Each part of what is promised of film is found broken where it is, and not where it isn't.
func TestFilm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		play func(p *played)
		want string
	}{
		"one after the other": {func(p *played) {
			p.start("a")
			p.fetch("a", 0, 20)
			p.stop("a")
			p.start("b")
			p.fetch("b", 0, 10)
		}, ""},
		"a lapsed one whose film is not played": {func(p *played) {
			p.start("a")
			p.fetch("a", 0, 20)
			p.now += 4 * time.Second
			p.start("b")
			p.fetch("b", 0, 5)
		}, "screens"},
		"a lapsed one whose film is played": {func(p *played) {
			p.start("a")
			p.fetch("a", 0, 3)
			p.now += 4 * time.Second
			p.start("b")
			p.fetch("b", 0, 5)
		}, ""},
		"more than the budget": {func(p *played) {
			for _, stream := range []string{"a", "b"} {
				p.start(stream)
				p.fetch(stream, 0, 25)
				p.stop(stream)
			}
		}, "film"},
		"too far ahead": {func(p *played) {
			p.start("a")
			p.fetch("a", 0, 33)
		}, "ahead"},
		"a seek is no more ahead": {func(p *played) {
			p.start("a")
			p.fetch("a", 0, 10)
			p.fetch("a", 100, 120)
		}, ""},
		"too many starts": {func(p *played) {
			for _, stream := range []string{"a", "b", "c", "d"} {
				p.start(stream)
				p.stop(stream)
			}
		}, "starts"},
		"a byte after the end": {func(p *played) {
			p.start("a")
			p.fetch("a", 0, 1)
			p.stop("a")
			p.now += 1200 * time.Millisecond
			p.fetch("a", 1, 2)
		}, "ended"},
		"a byte soon after the end": {func(p *played) {
			p.start("a")
			p.fetch("a", 0, 1)
			p.stop("a")
			p.now += 600 * time.Millisecond
			p.fetch("a", 1, 2)
		}, ""},
		"turned away while it plays": {func(p *played) {
			p.start("a")
			p.fetch("a", 0, 20)
			p.now += 5 * time.Second
			p.add(history.Op{Verb: history.Fetch, Stream: "a"}, 404)
		}, "turned away"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlayed()
			c.play(p)
			r := check.Run(p.History, filmRule)
			if got := found(r); got != c.want {
				t.Errorf("found %q, want %q: %+v", got, c.want, r)
			}
		})
	}
}

// found names what a report holds against film.
func found(r check.Report) string {
	var all []string
	if r.Screens.Exceeded() {
		all = append(all, "screens")
	}
	if r.Film.By > 0 {
		all = append(all, "film")
	}
	for _, f := range append(r.Broken, r.Wrong...) {
		for text, name := range map[string]string{
			"ahead of play": "ahead", "more than it may": "starts", "had been stopped": "ended", "turned away": "turned away",
		} {
			if strings.Contains(f.What, text) {
				all = append(all, name)
			}
		}
	}
	return strings.Join(all, ", ")
}
