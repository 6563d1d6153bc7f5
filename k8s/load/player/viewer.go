package player

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"streamgate/k8s/load/history"
)

// viewer is one player and the person in front of it.
type viewer struct {
	*Client

	load    *Load
	account *account
	device  int
	name    string // which the player keeps
	random  *rand.Rand
	starts  int
}

// playing is a stream as its player knows it.
type playing struct {
	device                 *Device
	stream, source, ticket string
	name                   string    // of a start by token
	started                time.Time // the same
}

// one returns true in one of n cases.
func (v *viewer) one(n int) bool { return v.random.IntN(n) == 0 }

// between returns a random time between two.
func (v *viewer) between(from, to time.Duration) time.Duration {
	return from + time.Duration(v.random.Int64N(int64(to-from)))
}

// wait reports whether the load still goes on after a time.
func (v *viewer) wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-v.load.ended:
	case <-ctx.Done():
	}
	return false
}

func (v *viewer) choose(bases []string) string { return bases[v.random.IntN(len(bases))] }

// gated sends a request while the gate is open.
func (v *viewer) gated(ask func() history.Op) history.Op {
	v.load.gate.RLock()
	defer v.load.gate.RUnlock()
	if v.one(60) {
		v.hasty = v.between(200*time.Microsecond, 5*time.Millisecond)
	}
	return ask()
}

// live starts one stream after the other.
func (v *viewer) live(ctx context.Context) {
	lease := v.load.options.Lease
	if !v.wait(ctx, v.between(1, lease/2)) {
		return
	}
	replace := ""
	for {
		var started *playing
		next := ""
		if v.account.asked && v.load.options.Tokens && v.one(2) {
			started = v.startByToken(ctx)
		} else {
			started, next = v.start(ctx, replace)
		}
		replace = next
		if started != nil {
			if !v.watch(ctx, started) {
				return
			}
			if v.one(4) {
				replace = started.stream // it may have ended
			}
		}
		if !v.wait(ctx, v.between(lease/40, lease/5)) {
			return
		}
		if v.load.options.SignOuts && v.one(25) {
			v.signOut(ctx)
		}
		if v.one(12) {
			v.gated(func() history.Op { return v.List(ctx, v.choose(v.load.system.Sessions), v.account.device(v.device)) })
		}
	}
}

// start tries to start a stream. If it is refused, it may say which stream to replace next.
func (v *viewer) start(ctx context.Context, replace string) (*playing, string) {
	d := v.account.device(v.device)
	v.starts++
	o := StartOptions{Content: v.load.options.Content, Name: fmt.Sprintf("%d.%d", v.ID, v.starts), Replace: replace}
	if v.one(3) {
		o.Player = v.name
	}
	if v.one(2) {
		o.Key = fmt.Sprintf("key %d of %d", v.starts, v.ID)
	}
	for range 3 {
		op := v.gated(func() history.Op { return v.Start(ctx, v.choose(v.load.system.Sessions), d, o) })
		switch {
		case op.Done():
			if o.Key != "" && v.one(5) { // a proxy on the way repeats it
				v.gated(func() history.Op { return v.Start(ctx, v.choose(v.load.system.Sessions), d, o) })
			}
			return &playing{d, op.Answer.Stream, op.Answer.Source, op.Answer.Ticket, "", time.Time{}}, ""
		case op.Refused() && len(op.Answer.Streams) > 0 && v.one(4):
			return nil, op.Answer.Streams[v.random.IntN(len(op.Answer.Streams))].ID
		case op.Open() && o.Key != "": // a client that got no answer repeats the request
			if !v.wait(ctx, v.between(1, v.load.options.Lease/20)) {
				return nil, ""
			}
		default:
			return nil, ""
		}
	}
	return nil, ""
}

// startByToken has the first request of a player start its stream. The answer is waited for, since nothing else tells which stream it is.
func (v *viewer) startByToken(ctx context.Context) *playing {
	d := v.account.device(v.device)
	v.starts++
	o := StartOptions{Content: v.load.options.Content, Name: fmt.Sprintf("%d.%d", v.ID, v.starts)}
	op := v.gated(func() history.Op {
		v.hasty = 0
		return v.AuthorizeFirst(ctx, v.choose(v.load.system.Sessions), d, o)
	})
	if !op.Done() {
		return nil
	}
	return &playing{device: d, stream: op.Answer.Stream, name: o.Name, started: op.Answer.Started}
}

// watch keeps a stream for a while. It returns false when the load has ended.
func (v *viewer) watch(ctx context.Context, p *playing) bool {
	lease := v.load.options.Lease
	until := v.Recorder.Now() + v.between(lease/10, 2*lease)
	for v.Recorder.Now() < until {
		pause := v.between(lease/8, lease/3)
		if v.one(15) {
			pause = v.between(lease, lease+lease/2) // the viewer presses pause
		}
		if !v.wait(ctx, pause) {
			if v.one(2) {
				v.stop(context.WithoutCancel(ctx), p)
			}
			return false
		}
		op := v.renew(ctx, p)
		if !op.Done() && !op.Open() && (!op.Refused() || v.one(3)) {
			return true
		}
	}
	switch v.random.IntN(10) {
	case 0, 1, 2: // the player dies
	case 3: // the stream is stopped from another device
		other := *p
		other.device = v.account.device((v.device + 1) % devices)
		v.stop(ctx, &other)
	default:
		v.stop(ctx, p)
	}
	return true
}

// renew gives a sign of life, in the way of the account's players.
func (v *viewer) renew(ctx context.Context, p *playing) history.Op {
	return v.gated(func() history.Op {
		switch {
		case p.name != "":
			v.hasty = 0 // as of a start
			op := v.AuthorizeNext(ctx, v.choose(v.load.system.Sessions), p.device, p.stream, p.started,
				StartOptions{Content: v.load.options.Content, Name: p.name})
			if op.Answer.Started.After(p.started) {
				p.started = op.Answer.Started
			}
			return op
		case v.account.asked:
			return v.Authorize(ctx, v.choose(v.load.system.Sessions), p.device, p.stream, p.ticket, v.load.options.Content)
		case v.account.video:
			return v.Fetch(ctx, v.choose(v.load.system.Contents), p.device, p.stream, p.source)
		default:
			return v.Heartbeat(ctx, v.choose(v.load.system.Sessions), p.device, p.stream, p.ticket)
		}
	})
}

func (v *viewer) stop(ctx context.Context, p *playing) {
	for range 3 {
		op := v.gated(func() history.Op { return v.Stop(ctx, v.choose(v.load.system.Sessions), p.device, p.stream) })
		if op.Done() && !v.account.video && v.one(5) { // that was on its way
			v.gated(func() history.Op {
				return v.Heartbeat(ctx, v.choose(v.load.system.Sessions), p.device, p.stream, p.ticket)
			})
		}
		if !op.Open() || !v.wait(ctx, v.load.options.Lease/20) {
			return
		}
	}
}

// signOut signs the viewer's device out from another one, and in again.
func (v *viewer) signOut(ctx context.Context) {
	gone := v.account.device(v.device)
	other := v.account.device((v.device + 1) % devices)
	v.gated(func() history.Op { return v.SignOut(ctx, v.choose(v.load.system.Sessions), other, gone.Session) })
	if v.one(2) { // its old token is still used
		v.starts++
		o := StartOptions{Content: v.load.options.Content, Name: fmt.Sprintf("%d.%d", v.ID, v.starts)}
		v.gated(func() history.Op { return v.Start(ctx, v.choose(v.load.system.Sessions), gone, o) })
	}
	for {
		d, err := v.load.system.SignIn(ctx, v.account.id)
		if err == nil {
			v.account.setDevice(v.device, d)
			return
		}
		if !v.wait(ctx, v.load.options.Lease/10) {
			return
		}
	}
}
