package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// asking is by questions of another server, as nginx asks.
func (h *house) asking() way {
	return way{h.Sessions, func(path string) string {
		return "GET /authorize?denied=403 HTTP/1.1\r\nHost: streamgate.example\r\nX-Original-URI: " + path + "\r\n\r\n"
	}, 200}
}

// authorized measures the same of streams that another server sends, which asks session-svc about each request, beside what fetching from
// content-svc costs.
func authorized(ctx context.Context, o Options, mongo string, sizes []audience, fetched map[int]kept, t *table, goals *goals) error {
	o.Settings = append([]string{"AUTHORIZE=true"}, o.Settings...)
	d := &delivered{Options: o, mongo: mongo, work: filepath.Join(o.Work, "delivery1")} // built already
	d.session, d.content = filepath.Join(d.work, "session-svc"), filepath.Join(d.work, "content-svc")
	decisions, err := d.costs(ctx, sizes, (*house).asking, (*house).sessionCPU)
	if err != nil {
		return err
	}
	for n, size := range sizes {
		decision := decisions[n]
		t.add(fmt.Sprintf("a decision from memory, %.0f a second", size.rate()), "", us(decision.cpu), "", us(decision.cpu), "", "",
			decision.median.Round(time.Microsecond).String()+" to the answer")
		found, err := d.asked(ctx, size, decision.cpu)
		if err != nil {
			return fmt.Errorf("%d streams: %w", size.streams, err)
		}
		t.add(fmt.Sprintf("/authorize, %d streams", size.streams), "", us(found.session), us(found.redis), us(found.all()),
			whole((10*time.Second/3).Seconds()/found.all().Seconds()))
		if n == 0 {
			goals.goal("ms to a decision of /authorize, p50", "%.3f", 1, false, spreadOver([]float64{float64(decision.median.Microseconds()) / 1000}))
		}
		what := fmt.Sprintf("CPU of a renewal by /authorize with %d streams, of one by a fetch", size.streams)
		goals.goal(what, "%.0f %%", 100, false, spreadOver([]float64{100 * float64(found.all()) / float64(fetched[size.streams].all())}))
	}
	return nil
}

// asked keeps streams playing.
func (d *delivered) asked(ctx context.Context, a audience, decision time.Duration) (found kept, err error) {
	h, err := d.open(ctx, a.lease)
	defer h.close()
	if err != nil {
		return found, err
	}
	sources, err := h.play(ctx, a.streams)
	if err == nil {
		err = h.asking().meet(ctx, sources)
	}
	if err == nil { // once round, as of fetches
		_, err = h.asking().send(ctx, sources, a.rate(), a.lease/3)
	}
	if err != nil {
		return found, err
	}
	renewed, err := h.renewed(ctx)
	if err != nil {
		return found, err
	}
	session, redis := h.sessionCPU(), h.redis.CPU()
	told, err := h.asking().send(ctx, sources, a.rate(), max(d.watching(), a.lease/3))
	if err != nil {
		return found, err
	}
	session, redis = h.sessionCPU()-session, h.redis.CPU()-redis
	now, err := h.renewed(ctx)
	if err != nil || now <= renewed {
		return found, errors.Join(err, errors.New("nothing was renewed"))
	}
	n := now - renewed
	found.session = time.Duration(max(0, float64(session-time.Duration(told.answers)*decision)) / n)
	found.redis = time.Duration(float64(redis) / n)
	return found, nil
}

// renewed returns how many leases session-svc has renewed.
func (h *house) renewed(ctx context.Context) (float64, error) {
	first, err := h.Sessions[0].Metric(ctx, "stream_renewals_total")
	second, err2 := h.Sessions[1].Metric(ctx, "stream_renewals_total")
	return first + second, errors.Join(err, err2)
}
