package audience

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"streamgate/k8s/load/history"
	"streamgate/k8s/load/player"
)

// part is how much of a video player.Client fetches at a time, bytes.
const part = 1 << 10

// play makes one of a player's requests and judges it: fault returns what is wrong with a complete answer, or "".
func (a *Audience) play(due time.Time, request func(*player.Client) history.Op, fault func(history.Op, *witness) string) history.Op {
	id := int(a.clients.Add(1))
	w := &witness{transport: a.transport}
	op := request(player.NewClient(id, timeout, a.recorder, w))
	r := Request{What: string(op.Verb), Due: due, Took: time.Since(due), Status: w.status, RetryAfter: op.Answer.RetryAfter}
	if r.Fault = w.says(); w.whole() {
		r.Fault = fault(op, w)
	}
	a.note(r)
	return op
}

// answered returns a judgement by which only this status is right.
func answered(status int) func(history.Op, *witness) string {
	return func(op history.Op, w *witness) string {
		if op.Answer.Status == status {
			return ""
		}
		return fmt.Sprintf("not %d but %s", status, w.says())
	}
}

func (a *Audience) start(ctx context.Context, account *Account, due time.Time, want int) history.Op {
	return a.play(due, func(c *player.Client) history.Op {
		return c.Start(ctx, a.options.Base, &account.Device, player.StartOptions{Content: a.options.Content, Name: fmt.Sprintf("device %d", c.ID)})
	}, func(op history.Op, w *witness) string {
		fault := answered(want)(op, w)
		switch {
		case fault != "":
		case want == http.StatusCreated && (op.Answer.Stream == "" || op.Answer.Source == ""):
			return "an answer without stream or source"
		case want == http.StatusForbidden && (!op.Refused() || op.Answer.Limit != Limit || len(op.Answer.Streams) != Limit || !op.Answer.RetryAfter):
			return "another refusal than of the limit: " + w.says()
		}
		return fault
	})
}

func (a *Audience) heartbeat(ctx context.Context, p *playing, due time.Time) {
	op := a.play(due, func(c *player.Client) history.Op {
		return c.Heartbeat(ctx, a.options.Base, &p.account.Device, p.id, "")
	}, answered(http.StatusOK))
	if op.Answer.Resumed {
		a.lose(p.id, "it had lapsed, and a heartbeat took a slot again")
	}
	a.notice(p, op)
}

func (a *Audience) fetch(ctx context.Context, p *playing, due time.Time) {
	op := a.play(due, func(c *player.Client) history.Op {
		return c.Fetch(ctx, a.options.Base, &p.account.Device, p.id, p.source)
	}, func(op history.Op, w *witness) string {
		if fault := answered(http.StatusPartialContent)(op, w); fault != "" || w.read == part {
			return fault
		}
		return fmt.Sprintf("%d bytes instead of %d", w.read, part)
	})
	a.notice(p, op)
}

// notice records a stream as lost if an answer says that it is over.
func (a *Audience) notice(p *playing, op history.Op) {
	switch op.Answer.Status {
	case http.StatusGone, http.StatusNotFound, http.StatusForbidden:
		a.lose(p.id, fmt.Sprintf("%s: %d %s %s", op.Verb, op.Answer.Status, op.Answer.Code, op.Answer.Reason))
	default:
	}
}

// stillThere checks that a stream is among those that play.
func (a *Audience) stillThere(ctx context.Context, p *playing) {
	op := a.play(time.Now(), func(c *player.Client) history.Op {
		return c.List(ctx, a.options.Base, &p.account.Device)
	}, answered(http.StatusOK))
	if op.Done() && !slices.ContainsFunc(op.Answer.Streams, func(l history.Listed) bool { return l.ID == p.id }) {
		a.lose(p.id, "it is not in the list of what plays")
	}
}

func (a *Audience) stop(ctx context.Context, account *Account, id string, due time.Time) {
	a.play(due, func(c *player.Client) history.Op { return c.Stop(ctx, a.options.Base, &account.Device, id) }, answered(http.StatusNoContent))
}

// visit starts a third stream, is refused a fourth, and stops the third.
func (a *Audience) visit(ctx context.Context, account *Account, due time.Time) {
	third := a.start(ctx, account, due, http.StatusCreated)
	if !third.Done() {
		return
	}
	a.start(ctx, account, time.Now(), http.StatusForbidden)
	a.stop(ctx, account, third.Answer.Stream, time.Now())
}
