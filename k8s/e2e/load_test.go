package e2e

import (
	"context"
	"testing"
	"time"

	"streamgate/k8s/e2e/audience"
	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// watch begins the load under which things are broken, some 70 requests a second, and waits until it is under way. A
// larger one would show more of how the cluster shares two processors than of what is done to it.
func (s *suite) watch(ctx context.Context, t *testing.T) *load {
	t.Helper()
	return s.load(ctx, t, audience.Options{
		Accounts: s.watching, Heartbeats: 500 * time.Millisecond, Fetches: 500 * time.Millisecond,
		Visits: time.Second, SignIns: 2 * time.Second, Listeners: 10,
	})
}

// undisturbed shows the load while nothing is broken. If this fails, the machine has too much else to do, and the
// results below say little.
func undisturbed(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	load := s.watch(ctx, t)
	for range 3 {
		s.must(ctx, t, goOn(ctx, load))
	}
	s.flawless(ctx, t, row, load)
	row.Remark = "for comparison"
}

// press begins a load of this many heartbeats a second.
func (s *suite) press(ctx context.Context, t *testing.T, rate int) *load {
	t.Helper()
	return s.load(ctx, t, audience.Options{Accounts: s.pressing, Heartbeats: time.Second * time.Duration(len(s.pressing)) / time.Duration(rate)})
}

// load is a running load, and what the processors had done before it.
type load struct {
	*audience.Audience

	idle, all float64
}

func (s *suite) load(ctx context.Context, t *testing.T, o audience.Options) *load {
	t.Helper()
	o.Base, o.Content, o.Lease = s.url, content, lease
	a, err := audience.Begin(ctx, o)
	s.must(ctx, t, err)
	t.Cleanup(func() { a.End(context.WithoutCancel(ctx)) }) // a test that fails early leaves nothing running
	l := &load{Audience: a}
	l.idle, l.all = processors()
	s.must(ctx, t, goOn(ctx, l))
	return l
}

// goOn lets a load go on for some hundred more requests.
func goOn(ctx context.Context, l *load) error {
	const more = 200
	from := l.Answered()
	return kube.Until(ctx, 30*time.Second, func(context.Context) error { return l.Reached(from + more) })
}

// figures puts the results of a load into the table. No stream may be lost and the rule must hold, whatever was done.
func (s *suite) figures(ctx context.Context, t *testing.T, row *table.Row, l *load) *audience.Figures {
	t.Helper()
	idle, all := processors()
	f := l.End(context.WithoutCancel(ctx))
	row.Load = &table.Load{Requests: len(f.Requests), Failed: len(f.Failed()), Lost: len(f.Lost), P50: f.Quantile(0.5), P99: f.Quantile(0.99)}
	if all > l.all {
		row.Load.Busy = 1 - (idle-l.idle)/(all-l.all)
	}
	for _, what := range first(f.Lost) {
		t.Errorf("lost: %s", what)
	}
	for _, what := range first(f.Broken()) {
		t.Errorf("broken: %s", what)
	}
	return f
}

// flawless also requires that no request failed.
func (s *suite) flawless(ctx context.Context, t *testing.T, row *table.Row, l *load) {
	t.Helper()
	f := s.figures(ctx, t, row, l)
	for _, r := range first(f.Failed()) {
		t.Errorf("%s, due %v after the load began, took %v: %s", r.What, r.Due.Sub(f.Began).Round(time.Millisecond), r.Took.Round(time.Millisecond), r.Fault)
	}
	if t.Failed() {
		t.Log(s.Complaints(context.WithoutCancel(ctx)))
	}
}

// first returns the first ten, which are shown of many.
func first[T any](all []T) []T { return all[:min(len(all), 10)] }
