package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"streamgate/k8s/load/bench/wire"
	"streamgate/k8s/load/history"
	"streamgate/k8s/load/player"
	"streamgate/k8s/load/stack"
)

// deliveryPart is the name of the part that lets streams play on two replicas of each service.
const deliveryPart = "delivery"

// audience is so many playing streams. The lease is such that two cores can send all of them something once in a third of it.
type audience struct {
	streams int
	lease   time.Duration
}

// rate returns how often, in a second, one of the streams is sent something.
func (a audience) rate() float64 { return float64(a.streams) / (a.lease / 3).Seconds() }

var audiences = []audience{{1000, 10 * time.Second}, {10_000, 20 * time.Second}, {50_000, time.Minute}}

const (
	// asLongAsItTakes is a lease that isn't renewed while something is measured.
	asLongAsItTakes = 5 * time.Minute
	// viewers are the streams whose ends are measured, one after the other.
	viewers = 24
	// connections are to each replica that is asked.
	connections = 16
	// signingIn is how many accounts are made ready at once.
	signingIn = 16
)

// kept is what it costs to keep streams playing, CPU by renewal.
type kept struct {
	content, session, redis time.Duration
	bytes                   float64 // of content-svc's heap by stream, with its share of what the service takes to be busy
}

func (k kept) all() time.Duration { return k.content + k.session + k.redis }

// delivery measures what it takes to keep streams playing that only fetch: of this build, and of another one.
func delivery(ctx context.Context, o Options) error {
	mongo := os.Getenv("TEST_MONGODB_URI")
	if mongo == "" {
		return errors.New("TEST_MONGODB_URI is not set; run: make bench")
	}
	sources := []string{o.Service}
	if o.Against != "" {
		sources = append(sources, o.Against)
	}
	sizes := audiences
	if o.Quick {
		sizes = sizes[:1]
	}
	t, goals := &table{}, &goals{}
	t.add("", "µs content-svc", "µs session-svc", "µs Redis", "µs in all", "streams a core at 10 s", "bytes a stream",
		"end to last byte, p50", "p99")
	costs := make([]map[int]kept, len(sources))
	for i, source := range sources {
		costs[i] = map[int]kept{}
		d := &delivered{Options: o, mongo: mongo, work: filepath.Join(o.Work, fmt.Sprintf("delivery%d", i+1))}
		if err := d.build(ctx, source); err != nil {
			return err
		}
		fetches, err := d.costs(ctx, sizes, (*house).fetching, (*house).contentCPU)
		if err != nil {
			return fmt.Errorf("%s: %w", source, err)
		}
		for n, size := range sizes {
			found, ends, err := d.measure(ctx, size, fetches[n].cpu)
			if err != nil {
				return fmt.Errorf("%s, %d streams: %w", source, size.streams, err)
			}
			costs[i][size.streams] = found
			row := []string{fmt.Sprintf("%s, %d streams", source, size.streams), us(found.content), us(found.session), us(found.redis), us(found.all())}
			if i > 0 {
				ratio := float64(costs[0][size.streams].all()) / float64(found.all())
				goals.goal(fmt.Sprintf("CPU of a renewal with %d streams, of the other build", size.streams), "%.1f %%", 100.0/8, false, spreadOver([]float64{100 * ratio}))
			}
			row = append(row, whole((10*time.Second/3).Seconds()/found.all().Seconds()), whole(found.bytes))
			if len(ends) > 0 {
				p99 := ends[len(ends)*99/100]
				row = append(row, ends[len(ends)/2].Round(time.Millisecond).String(), p99.Round(time.Millisecond).String())
				if i == 0 {
					goals.goal("s from an end to the last byte, p99", "%.2f", 1, false, spreadOver([]float64{p99.Seconds()}))
				}
			}
			t.add(row...)
		}
	}
	if few, many := sizes[0].streams, sizes[len(sizes)-1].streams; few < many { // without what content-svc takes to be busy at all
		more := (costs[0][many].bytes*float64(many) - costs[0][few].bytes*float64(few)) / float64(many-few)
		goals.goal(fmt.Sprintf("bytes of content-svc for each stream more, from %d to %d", few, many), "%.0f", 1000, false, spreadOver([]float64{more}))
	}
	if err := authorized(ctx, o, mongo, sizes, costs[0], t, goals); err != nil {
		return fmt.Errorf("/authorize: %w", err)
	}
	t.write(o.Out, "Keeping streams playing that fetch once in a third of a lease: CPU by renewal, without what the fetches themselves cost")
	goals.write(o.Out, "Goals of delivery")
	return nil
}

// delivered is a build of the services that keeps streams playing.
type delivered struct {
	Options

	mongo, work      string
	session, content string // programs
}

// build builds both services of a checkout, of which source is session-svc.
func (d *delivered) build(ctx context.Context, source string) error {
	info, err := os.Stat(source)
	if err != nil {
		return fmt.Errorf("session-svc: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("session-svc: %s is a program; delivery wants the folder session-svc of a checkout, which has content-svc beside it", source)
	}
	if err := os.MkdirAll(d.work, 0o750); err != nil {
		return fmt.Errorf("folder for what is built: %w", err)
	}
	d.session, d.content = filepath.Join(d.work, "session-svc"), filepath.Join(d.work, "content-svc")
	err = stack.Build(ctx, source, "session-svc", d.session, "")
	if err == nil {
		err = stack.Build(ctx, filepath.Join(source, "..", "content-svc"), "content-svc", d.content, "")
	}
	return err
}

// house is a system with its Redis.
type house struct {
	*stack.Stack

	redis *stack.Redis
	dir   string
}

func (d *delivered) open(ctx context.Context, lease time.Duration) (h *house, err error) {
	h = &house{}
	if h.dir, err = os.MkdirTemp("", "streamgate-bench-"); err != nil {
		return nil, err
	}
	if h.redis, err = stack.StartRedis(ctx, h.dir, stack.RedisOptions{Name: "redis", Args: stack.KeepNothing}); err != nil {
		return h, err
	}
	h.Stack, err = stack.Open(ctx, stack.Options{
		Dir: h.dir, Session: d.session, Content: d.content, Sessions: 2, Contents: 2, RedisURL: "redis://" + h.redis.Addr() + "/0", RedisMode: "standalone",
		MongoURI: d.mongo, Lease: lease, Limit: 3,
		// Older builds have one secret for all.
		Settings: append([]string{"PPROF=true", "INTERNAL_SECRETS=" + stack.Secret("user", "session")}, d.Settings...),
	})
	return h, err
}

func (h *house) close() {
	if h.Stack != nil {
		h.Close()
	}
	if h.redis != nil {
		h.redis.Close()
	}
	_ = os.RemoveAll(h.dir)
}

// requestCost is what a request costs that renews nothing.
type requestCost struct{ cpu, median time.Duration }

// costs returns what such requests cost at the rate of each audience: a busier service pays less for each.
func (d *delivered) costs(ctx context.Context, sizes []audience, by func(*house) way, cpu func(*house) time.Duration) ([]requestCost, error) {
	h, err := d.open(ctx, asLongAsItTakes)
	defer h.close()
	if err != nil {
		return nil, err
	}
	sources, err := h.play(ctx, 1000)
	if err != nil {
		return nil, err
	}
	if err := by(h).meet(ctx, sources); err != nil {
		return nil, err
	}
	var all []requestCost
	for _, size := range sizes {
		before := cpu(h)
		told, err := by(h).send(ctx, sources, size.rate(), d.watching())
		if err != nil {
			return nil, err
		}
		all = append(all, requestCost{(cpu(h) - before) / time.Duration(told.answers), told.median})
	}
	return all, nil
}

// watching is for how long streams are watched.
func (d *delivered) watching() time.Duration { return max(4*d.lasts(), 5*time.Second) }

// measure keeps streams playing, and measures ends among the fewest.
func (d *delivered) measure(ctx context.Context, a audience, fetch time.Duration) (found kept, ends []time.Duration, err error) {
	h, err := d.open(ctx, a.lease)
	defer h.close()
	if err != nil {
		return found, nil, err
	}
	sources, err := h.play(ctx, a.streams)
	if err != nil {
		return found, nil, err
	}
	empty, err := h.heap(ctx)
	if err != nil {
		return found, nil, err
	}
	if err := h.fetching().meet(ctx, sources); err != nil {
		return found, nil, err
	}
	// Once round, so that the renewals spread over a third of a lease.
	if _, err := h.fetching().send(ctx, sources, a.rate(), a.lease/3); err != nil {
		return found, nil, err
	}
	renewed, err := h.renewals(ctx)
	if err != nil {
		return found, nil, err
	}
	content, session, redis := h.contentCPU(), h.sessionCPU(), h.redis.CPU()
	told, err := h.fetching().send(ctx, sources, a.rate(), max(d.watching(), a.lease/3))
	if err != nil {
		return found, nil, err
	}
	content, session, redis = h.contentCPU()-content, h.sessionCPU()-session, h.redis.CPU()-redis
	now, err := h.renewals(ctx)
	if err != nil || now <= renewed {
		return found, nil, errors.Join(err, errors.New("nothing was renewed"))
	}
	n := now - renewed
	found.content = time.Duration(max(0, float64(content-time.Duration(told.answers)*fetch)) / n)
	found.session, found.redis = time.Duration(float64(session)/n), time.Duration(float64(redis)/n)
	full, err := h.heap(ctx)
	if err != nil {
		return found, nil, err
	}
	found.bytes = max(0, full-empty) / float64(a.streams)
	if a == audiences[0] {
		ends, err = h.ends(ctx, a.lease, d.watching())
	}
	return found, ends, err
}

func (h *house) contentCPU() time.Duration { return h.Contents[0].CPU() + h.Contents[1].CPU() }

func (h *house) sessionCPU() time.Duration { return h.Sessions[0].CPU() + h.Sessions[1].CPU() }

// renewals returns how many leases content-svc has renewed.
func (h *house) renewals(ctx context.Context) (float64, error) {
	first, err := h.Contents[0].Metric(ctx, "lease_questions_total")
	second, err2 := h.Contents[1].Metric(ctx, "lease_questions_total")
	return first + second, errors.Join(err, err2)
}

// heap returns the bytes that content-svc holds, after a collection of what it doesn't.
func (h *house) heap(ctx context.Context) (float64, error) {
	sum := 0.0
	for _, service := range h.Contents {
		if err := service.Collect(ctx); err != nil {
			return 0, err
		}
		bytes, err := service.Metric(ctx, "go_memstats_heap_alloc_bytes")
		if err != nil {
			return 0, err
		}
		sum += bytes
	}
	return sum, nil
}

// play starts streams, three on each account, and returns the paths of their clips.
func (h *house) play(ctx context.Context, streams int) ([]string, error) {
	system, recorder := h.System(), history.NewRecorder()
	accounts := (streams + 2) / 3
	paths, faults := make([]string, 3*accounts), make([]error, signingIn)
	var all sync.WaitGroup
	for worker := range signingIn {
		all.Go(func() {
			client := player.NewClient(worker, 10*time.Second, recorder, system.Transport)
			for n := worker; n < accounts && faults[worker] == nil; n += signingIn {
				device, err := system.SignIn(ctx, player.NewAccount())
				if err != nil {
					faults[worker] = err
					return
				}
				for i := range 3 {
					op := client.Start(ctx, system.Sessions[n%2], device, player.StartOptions{Content: stack.Content, Name: fmt.Sprint("screen ", i)})
					if !op.Done() {
						faults[worker] = fmt.Errorf("a start was answered %d %s", op.Answer.Status, op.Answer.Code)
						return
					}
					_, path, _ := strings.Cut(op.Answer.Source, "/media/")
					paths[3*n+i] = "/media/" + path
				}
			}
		})
	}
	all.Wait()
	return paths[:streams], errors.Join(faults...)
}

// way is how streams are kept playing.
type way struct {
	replicas []*stack.Service
	request  func(path string) string // of a stream's clip
	status   int
}

// told is what came of it.
type told struct {
	answers int
	median  time.Duration // until an answer, of the slower replica
}

// fetching is by the beginnings of their clips.
func (h *house) fetching() way {
	return way{h.Contents, func(path string) string {
		return "GET " + path + " HTTP/1.1\r\nHost: streamgate.example\r\nRange: bytes=0-1023\r\n\r\n"
	}, 206}
}

// meet asks for each stream once, as fast as the services answer.
func (w way) meet(ctx context.Context, paths []string) error {
	_, err := w.ask(paths, true, func(addr string, l *list) (*wire.Load, error) {
		return wire.Closed(ctx, addr, connections, l, asLongAsItTakes)
	})
	return err
}

// send asks for streams in turn, at a rate for both replicas together.
func (w way) send(ctx context.Context, paths []string, rate float64, lasts time.Duration) (told, error) {
	return w.ask(paths, false, func(addr string, l *list) (*wire.Load, error) {
		return wire.Open(ctx, addr, connections, l, rate/float64(len(w.replicas)), lasts)
	})
}

// ask sends half of the requests to each replica.
func (w way) ask(paths []string, once bool, load func(addr string, l *list) (*wire.Load, error)) (told, error) {
	var all sync.WaitGroup
	found, faults := make([]told, len(w.replicas)), make([]error, len(w.replicas))
	for i, service := range w.replicas {
		all.Go(func() {
			l := &list{once: once}
			for n := i; n < len(paths); n += len(w.replicas) {
				l.requests = append(l.requests, []byte(w.request(paths[n])))
			}
			load, err := load(strings.TrimPrefix(service.Public, "http://"), l)
			if err == nil && load.Failures(w.status) > 0 {
				err = fmt.Errorf("requests were answered %v", load.Statuses)
			}
			if faults[i] = err; err == nil {
				found[i] = told{load.Answers() - load.Late, load.Quantile(.5)}
			}
		})
	}
	all.Wait()
	return told{found[0].answers + found[1].answers, max(found[0].median, found[1].median)}, errors.Join(faults...)
}

// ends has viewers start streams, fetch at both replicas, and stop, and returns how long after each stop the last byte came, in order.
func (h *house) ends(ctx context.Context, lease, lasts time.Duration) ([]time.Duration, error) {
	system, recorder := h.System(), history.NewRecorder()
	var mu sync.Mutex
	var found []time.Duration
	faults := make([]error, viewers)
	until := recorder.Now() + 3*lasts
	var all sync.WaitGroup
	for i := range viewers {
		all.Go(func() {
			device, err := system.SignIn(ctx, player.NewAccount())
			client := player.NewClient(i, 10*time.Second, recorder, system.Transport)
			for err == nil && recorder.Now() < until {
				op := client.Start(ctx, system.Sessions[i%2], device, player.StartOptions{Content: stack.Short.Content, Name: fmt.Sprint("viewer ", i)})
				if !op.Done() {
					err = fmt.Errorf("a start was answered %d %s", op.Answer.Status, op.Answer.Code)
					break
				}
				last := time.Duration(math.MinInt64)
				fetch := func(lasts time.Duration) {
					for end := recorder.Now() + lasts; recorder.Now() < end; time.Sleep(10 * time.Millisecond) {
						for _, base := range system.Contents {
							if got := client.Playlist(ctx, base, device, op.Answer.Stream, op.Answer.Source); got.Done() {
								last = got.Answer.LastByte
							}
						}
					}
				}
				fetch(500*time.Millisecond + time.Duration(i)*20*time.Millisecond)
				stop := client.Stop(ctx, system.Sessions[i%2], device, op.Answer.Stream)
				fetch(lease/3 + time.Second)
				mu.Lock()
				found = append(found, max(0, last-stop.Returned))
				mu.Unlock()
			}
			faults[i] = err
		})
	}
	all.Wait()
	slices.Sort(found)
	return found, errors.Join(faults...)
}
