package scenario

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"streamgate/k8s/load/check"
	"streamgate/k8s/load/history"
	"streamgate/k8s/load/player"
	"streamgate/k8s/load/stack"
	"streamgate/libs/wait"
)

// answersWithin is how soon a start must be answered while Redis is away (P5).
const answersWithin = 300 * time.Millisecond

const (
	// askEvery is how often each of three kinds of question is asked.
	askEvery = 20 * time.Millisecond
	// goroutinesSlack is by how much the goroutines of the replicas may grow, beyond twice their number.
	goroutinesSlack = 100
)

// redisAway takes Redis away under load, first by silence and then with refused connections. Beside the players, a
// start, a look at the catalogue and a question that needs nothing at all are sent at a fixed rate, however long the
// answers take. The last one shows how long the machine itself takes to answer, since it has other things to do.
func redisAway(ctx context.Context, s Setting) (Verdict, error) {
	return simple(plan{late: 10 * time.Second, noOrder: true}, func(ctx context.Context, t *trial) error {
		d, err := t.stack.SignIn(ctx, player.NewAccount())
		if err != nil {
			return err
		}
		err = t.away(ctx, d, "silent", check.Failures|check.Away|check.Cut, t.redis.Freeze, func() error { t.redis.Thaw(); return nil })
		if err != nil {
			return err
		}
		if err := t.warm(ctx); err != nil {
			return err
		}
		return t.away(ctx, d, "gone", check.Failures|check.Away|check.Cut|check.Forgets, t.redis.Kill, func() error { return t.redis.Start(ctx) })
	})(ctx, s)
}

// away takes Redis away and back, and checks what the service does meanwhile.
func (t *trial) away(ctx context.Context, d *player.Device, how string, excuse check.Excuse, take func(), bring func() error) error {
	before, err := t.goroutines(ctx)
	if err != nil {
		return err
	}
	var asked questions
	most := before
	err = t.during(excuse, func() error {
		take()
		asked = t.ask(ctx, d, how, t.span())
		if most, err = t.goroutines(ctx); err != nil {
			return err
		}
		return bring()
	})
	if err != nil {
		return err
	}
	back := t.recorder.Now()
	t.rule.Windows = append(t.rule.Windows, check.Window{From: back, To: back + settling, Excuse: check.Failures})
	normal, err := t.normal(ctx, d, how)
	if err != nil {
		return err
	}
	start, catalogue, nothing := percentile(asked.starts, 99), percentile(asked.catalogue, 99), percentile(asked.nothing, 99)
	t.notes = append(t.notes, fmt.Sprintf(
		"%s: %d starts, p99 %v (an answer that needs nothing: %v), %d of them not 503 with Retry-After; catalogue: %d asked, %d failed, p99 %v; "+
			"goroutines %.0f before, %.0f at the end; normal again after %v",
		how, len(asked.starts), start, nothing, asked.otherwise, len(asked.catalogue), asked.failed, catalogue, before, most, (normal-back).Round(time.Millisecond)))
	wrong := func(broken bool, format string, args ...any) {
		if broken {
			t.wrong = append(t.wrong, how+": "+fmt.Sprintf(format, args...))
		}
	}
	wrong(start > answersWithin+nothing, "starts were answered in %v (p99), promised are %v", start, answersWithin)
	wrong(asked.otherwise > 0, "%d starts were not answered by 503 with Retry-After", asked.otherwise)
	wrong(asked.failed > 0, "%d questions about the catalogue failed", asked.failed)
	wrong(catalogue > answersWithin+nothing, "the catalogue was answered in %v (p99)", catalogue)
	wrong(most > 2*before+goroutinesSlack, "goroutines grew from %.0f to %.0f", before, most)
	wrong(normal-back > Lease+requestTimeout/2, "starts were granted again after %v", normal-back)
	return nil
}

// normal returns the time at which a start was granted again.
func (t *trial) normal(ctx context.Context, d *player.Device, how string) (time.Duration, error) {
	client := player.NewClient(-2, requestTimeout, history.NewRecorder(), t.stack.System().Transport)
	for n := 0; ; n++ {
		op := client.Start(ctx, t.stack.Sessions[n%2].Public, d, player.StartOptions{Content: stack.Content, Name: fmt.Sprint("after ", how, n), Player: "same"})
		if op.Done() {
			return t.recorder.Now(), nil
		}
		if err := wait.For(ctx, askEvery); err != nil {
			return 0, fmt.Errorf("no start was granted after Redis was back: %w", err)
		}
	}
}

func (t *trial) goroutines(ctx context.Context) (float64, error) {
	sum := 0.0
	for _, service := range t.stack.Sessions {
		n, err := service.Metric(ctx, "go_goroutines")
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return sum, nil
}

// questions records how long the answers took, and how many were wrong.
type questions struct {
	mu sync.Mutex

	starts, catalogue, nothing []time.Duration
	otherwise, failed          int
}

// ask sends questions at a fixed rate for a while.
func (t *trial) ask(ctx context.Context, d *player.Device, how string, span time.Duration) questions {
	var q questions
	var running sync.WaitGroup
	recorder := history.NewRecorder()
	transport := t.stack.System().Transport
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for n := 0; recorder.Now() < span && ctx.Err() == nil; n++ {
		service := t.stack.Sessions[n%2]
		running.Go(func() {
			client := player.NewClient(-2, 2*requestTimeout, recorder, transport)
			op := client.Start(ctx, service.Public, d, player.StartOptions{Content: stack.Content, Name: fmt.Sprint(how, n), Player: strconv.Itoa(n)})
			q.mu.Lock()
			defer q.mu.Unlock()
			q.starts = append(q.starts, op.Returned-op.Invoked)
			if op.Answer.Status != http.StatusServiceUnavailable || !op.Answer.RetryAfter {
				q.otherwise++
			}
		})
		running.Go(func() { q.get(ctx, transport, service.Public+"/content", d.Token, &q.catalogue) })
		running.Go(func() { q.get(ctx, transport, service.Operations+"/livez", "", &q.nothing) })
		<-tick.C
	}
	running.Wait()
	return questions{starts: q.starts, catalogue: q.catalogue, nothing: q.nothing, otherwise: q.otherwise, failed: q.failed}
}

func (q *questions) get(ctx context.Context, transport http.RoundTripper, url, token string, took *[]time.Duration) {
	began := time.Now()
	status := 0
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err == nil {
		request.Header.Set("Authorization", "Bearer "+token)
		var response *http.Response
		if response, err = transport.RoundTrip(request); err == nil {
			status = response.StatusCode
			response.Body.Close()
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	*took = append(*took, time.Since(began))
	if status != http.StatusOK {
		q.failed++
	}
}

// percentile returns the time that this percentage of the times doesn't exceed.
func percentile(times []time.Duration, percent int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(times))
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)].Round(time.Millisecond)
}
