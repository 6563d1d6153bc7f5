package scenario

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
	"streamgate/k8s/load/player"
	"streamgate/k8s/load/stack"
	"streamgate/libs/wait"
)

const (
	passwordBefore = "the password before"
	passwordAfter  = "the password after"
)

// tenant is an account at user-svc with its devices.
type tenant struct {
	email, id string
	kept      *holder
	gone      []*holder
}

// holder is a device that plays.
type holder struct {
	*seat

	playing playing
}

// all returns the devices that are signed out.
func (f *tenant) all() []*player.Device {
	var ended []*player.Device
	for _, h := range f.gone {
		ended = append(ended, h.device)
	}
	return ended
}

// way is one to be signed out. Its request is made by the device that is kept, or where none is, by the first that is not.
type way struct {
	name    string
	nobody  bool // is kept
	signOut func(ctx context.Context, t *trial, f *tenant, by *seat) history.Op
}

// ways are all that P7 speaks of.
func ways(admin *player.Device) []way {
	session := func(t *trial, path string) string { return t.stack.Sessions[1].Public + path }
	user := func(t *trial, path string) string { return t.stack.User.Public + path }
	return []way{
		{name: "a new password", signOut: func(ctx context.Context, t *trial, f *tenant, by *seat) history.Op {
			header := http.Header{"Authorization": {stack.Basic(f.email, passwordBefore)}}
			form := url.Values{"password": {passwordAfter}, "access_token": {by.device.Token}}
			return by.End(ctx, by.device, f.all(), http.MethodPut, user(t, "/users/me/password"), header, form)
		}},
		{name: "everywhere else", signOut: func(ctx context.Context, t *trial, f *tenant, by *seat) history.Op {
			return by.End(ctx, by.device, f.all(), http.MethodDelete, session(t, "/sessions"), nil, nil)
		}},
		{name: "by another device", signOut: func(ctx context.Context, t *trial, f *tenant, by *seat) (op history.Op) {
			for _, d := range f.all() {
				op = by.End(ctx, by.device, []*player.Device{d}, http.MethodDelete, session(t, "/sessions/"+d.Session), nil, nil)
			}
			return op
		}},
		{name: "by itself", signOut: func(ctx context.Context, t *trial, f *tenant, _ *seat) (op history.Op) {
			for _, h := range f.gone {
				op = h.End(ctx, h.device, []*player.Device{h.device}, http.MethodDelete, user(t, "/auth"), nil, nil)
			}
			return op
		}},
		{name: "demoted", nobody: true, signOut: func(ctx context.Context, t *trial, f *tenant, by *seat) history.Op {
			return by.End(ctx, admin, f.all(), http.MethodPut, user(t, "/users/"+f.id), nil, url.Values{"role": {"user"}})
		}},
		{name: "deleted", nobody: true, signOut: func(ctx context.Context, t *trial, f *tenant, by *seat) history.Op {
			return by.End(ctx, by.device, f.all(), http.MethodDelete, user(t, "/users/me"), nil, url.Values{"password": {passwordBefore}})
		}},
	}
}

// signedOut signs people out in each way, and lets Redis forget it, first by a loss of memory and then by a failover. Those who were signed out go
// on trying with all that they have, and so do all others.
func signedOut(ctx context.Context, s Setting) (Verdict, error) {
	var servers pair
	p := plan{noOrder: true, user: true, redis: linked(&servers)}
	t, _, err := open(ctx, s, p)
	defer t.close()
	if err != nil {
		return Verdict{}, err
	}
	admin, err := t.stack.SignInAs(ctx, stack.Admin, stack.AdminPassword)
	if err != nil {
		return Verdict{}, err
	}
	forgets := []func() error{
		func() error { return servers.primary.Admin.FlushAll(ctx).Err() },
		func() error {
			return t.during(check.Failures|check.Away, func() error {
				servers.primary.Kill()
				if err := servers.replica.Admin.ReplicaOf(ctx, "NO", "ONE").Err(); err != nil {
					return err
				}
				return t.link.Lead(servers.replica.Addr())
			})
		},
	}
	for round, forget := range forgets {
		tenants, err := t.tenants(ctx, admin, round)
		if err != nil {
			return Verdict{}, err
		}
		err = t.during(check.Forgets, func() error {
			if round == 1 {
				if err := servers.inStep(ctx); err != nil {
					return err
				}
				if err := servers.cut(ctx); err != nil {
					return err
				}
			}
			for i, w := range ways(admin) {
				by := tenants[i].kept
				if w.nobody {
					by = tenants[i].gone[0]
				}
				if op := w.signOut(ctx, t, tenants[i], by.seat); !op.Done() {
					return fmt.Errorf("sign out, %s: %d %s %s", w.name, op.Answer.Status, op.Answer.Code, op.Answer.Detail)
				}
			}
			return forget()
		})
		if err != nil {
			return Verdict{}, err
		}
		t.settle(ctx)
		t.tryOn(ctx, tenants)
	}
	return t.verdict(ctx)
}

// inStep waits until the replica has what the primary has.
func (p pair) inStep(ctx context.Context) error {
	return until(ctx, func() (bool, error) {
		lag, err := p.lag(ctx)
		return err == nil && lag <= 0, err
	})
}

// tenants returns an account for each way to be signed out, whose devices play.
func (t *trial) tenants(ctx context.Context, admin *player.Device, round int) ([]*tenant, error) {
	all := []*tenant{}
	for i, w := range ways(admin) {
		f := &tenant{email: fmt.Sprintf("way%d.%d@example.com", round, i)}
		var err error
		if f.id, err = t.stack.SignUp(ctx, f.email, passwordBefore); err != nil {
			return nil, err
		}
		if w.name == "demoted" {
			if err = t.stack.SetRole(ctx, admin, f.id, "admin"); err != nil {
				return nil, err
			}
		}
		if !w.nobody {
			if f.kept, err = t.holder(ctx, f.email); err != nil {
				return nil, err
			}
		}
		for range 2 {
			gone, err := t.holder(ctx, f.email)
			if err != nil {
				return nil, err
			}
			f.gone = append(f.gone, gone)
		}
		all = append(all, f)
	}
	return all, nil
}

func (t *trial) holder(ctx context.Context, email string) (*holder, error) {
	d, err := t.stack.SignInAs(ctx, email, passwordBefore)
	if err != nil {
		return nil, err
	}
	h := &holder{seat: t.seat(d, patient, stack.Short)}
	h.playing, err = h.must(ctx)
	return h, err
}

// tryOn lets everybody use all that he has, for two leases. Whoever is kept has to get on in the end.
func (t *trial) tryOn(ctx context.Context, tenants []*tenant) {
	until := t.recorder.Now() + 2*Lease
	var all sync.WaitGroup
	for _, f := range tenants {
		for _, h := range append(slices.Clone(f.gone), f.kept) {
			if h == nil {
				continue
			}
			all.Go(func() {
				for t.recorder.Now() < until {
					h.Heartbeat(ctx, h.system.Sessions[h.random.IntN(2)], h.device, h.playing.stream, h.playing.ticket)
					h.start(ctx, player.StartOptions{Player: "the same"})
					if h != f.gone[0] { // it tries its access token alone: a refresh that fails ends its session once more
						h.Refresh(ctx, t.stack.User.Public, h.device)
					}
					if wait.For(ctx, 100*time.Millisecond) != nil {
						return
					}
				}
				if h != f.kept {
					return
				}
				for what, op := range map[string]history.Op{
					"refresh": h.Refresh(ctx, t.stack.User.Public, h.device), "start": h.start(ctx, player.StartOptions{Player: "the same"}),
				} {
					if !op.Done() {
						t.fault("whoever was not signed out can't %s: %d %s", what, op.Answer.Status, op.Answer.Code)
					}
				}
			})
		}
	}
	all.Wait()
}
