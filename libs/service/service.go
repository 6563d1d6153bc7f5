package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"streamgate/libs/config"
	"streamgate/libs/httpserver"
	"streamgate/libs/logging"
	"streamgate/libs/wait"
)

// Service holds the parts that an app has wired together: its handlers, and the steps before the first request and
// after the last.
type Service struct {
	Name, Version    string
	Public, Internal http.Handler
	Registry         *prometheus.Registry
	Log              *slog.Logger
	// Prepare is done in order before the service is ready. A step that fails is repeated until it succeeds; a
	// Permanent error ends the service.
	Prepare []Step
	// Background runs from readiness until its context ends, before anything is closed.
	Background []func(ctx context.Context)
	// Drain may be nil. It is called when requests are to end, to end those that would go on for ever.
	Drain func()
	// Close is called in reverse order, after the last request.
	Close []func(ctx context.Context) error
}

// Step is a piece of start-up, such as "connect to MongoDB".
type Step struct {
	Name string
	Do   func(ctx context.Context) error
}

// Permanent marks an error that waiting does not solve, such as a setting that the database refuses.
func Permanent(err error) error { return permanent{err} }

type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Running is a service that was started. Its public and internal URL are known once it is ready.
type Running struct {
	PublicURL, InternalURL, OperationsURL string

	service  *Service
	settings Settings
	servers  []*http.Server // of operations first, and once the service is ready of the other listeners
	state    atomic.Uint32
	ready    chan struct{}
	failed   chan error
}

const (
	starting uint32 = iota
	ready
	draining
)

// Run starts the service, and returns when ctx and all requests have ended, or when something failed.
func (s *Service) Run(ctx context.Context, settings Settings) error {
	running, err := s.Start(ctx, settings)
	if err != nil {
		return err
	}
	return running.Serve(ctx)
}

// Start serves the operations. That the other ports are free is found out here too, though they are opened when the service is ready: until
// then they refuse connections, so that an ingress, which may not know yet that a crashed process is back, takes what it never sent elsewhere.
func (s *Service) Start(ctx context.Context, settings Settings) (*Running, error) {
	r := &Running{service: s, settings: settings, ready: make(chan struct{}), failed: make(chan error, 3)}
	for _, d := range r.doors() {
		listener, err := d.listen(ctx)
		if err == nil {
			err = listener.Close()
		}
		if err != nil {
			return nil, err
		}
	}
	return r, r.open(ctx, door{"OPERATIONS_ADDR", settings.OperationsAddr, r.operations(), &r.OperationsURL})
}

// door is where requests come in.
type door struct {
	setting, addr string
	handler       http.Handler
	url           *string // where the address is put on which it listens
}

// doors returns the ones that are open while the service is ready.
func (r *Running) doors() [2]door {
	return [...]door{
		{"INTERNAL_ADDR", r.settings.InternalAddr, r.closing(r.service.Internal), &r.InternalURL},
		{"PUBLIC_ADDR", r.settings.PublicAddr, r.closing(r.service.Public), &r.PublicURL},
	}
}

func (d door) listen(ctx context.Context) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", d.addr)
	if err != nil {
		err = fmt.Errorf("%s: %w", d.setting, err)
	}
	return listener, err
}

// open serves what comes in.
func (r *Running) open(ctx context.Context, d door) error {
	listener, err := d.listen(ctx)
	if err != nil {
		return err
	}
	*d.url = "http://" + listener.Addr().String()
	server := httpserver.NewServer(d.handler, r.service.Log)
	r.servers = append(r.servers, server)
	go func() {
		if err := server.Serve(httpserver.Listen(listener)); !errors.Is(err, http.ErrServerClosed) {
			r.failed <- fmt.Errorf("serve: %w", err)
		}
	}()
	return nil
}

// Ready returns a channel that is closed when the service is ready.
func (r *Running) Ready() <-chan struct{} { return r.ready }

// closeTimeout bounds the work after the last request.
const closeTimeout = 5 * time.Second

// Serve prepares the service, answers requests until ctx ends, and then drains. Readiness fails first. After
// DRAIN_DELAY no connection is accepted, and requests under way have DRAIN_TIMEOUT to end. Then everything is closed in
// reverse order.
func (r *Running) Serve(ctx context.Context) error {
	log, began := r.service.Log, time.Now()
	background, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var loops errgroup.Group

	err := r.prepare(ctx)
	if err == nil && ctx.Err() == nil {
		for _, loop := range r.service.Background {
			loops.Go(func() error { loop(background); return nil })
		}
		err = r.answer(ctx, began)
	}
	drain, stop := context.WithTimeout(context.WithoutCancel(ctx), r.settings.DrainTimeout)
	defer stop()
	if r.service.Drain != nil {
		r.service.Drain()
	}
	// The operations listener, the first in the list, ends last: it answers probes and metrics while the others drain.
	var drains errgroup.Group
	for _, server := range r.servers[1:] {
		drains.Go(func() error { return shutdown(drain, server) })
	}
	err = errors.Join(err, drains.Wait())
	cancel()
	_ = loops.Wait()
	closing, stop := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout) // requests may have used up the time of the drain
	defer stop()
	for _, closer := range slices.Backward(r.service.Close) {
		err = errors.Join(err, closer(closing))
	}
	err = errors.Join(err, shutdown(closing, r.servers[0]))
	log.InfoContext(ctx, "stopped")
	return err
}

// answer opens the doors, and answers what comes in until ctx ends, and for DRAIN_DELAY after that.
func (r *Running) answer(ctx context.Context, began time.Time) error {
	for _, d := range r.doors() {
		if err := r.open(context.WithoutCancel(ctx), d); err != nil {
			return err
		}
	}
	r.state.Store(ready)
	close(r.ready)
	r.service.Log.InfoContext(ctx, "ready", "public", r.PublicURL, "version", r.service.Version, "took", time.Since(began).String())
	var err error
	select {
	case <-ctx.Done():
	case err = <-r.failed:
	}
	r.state.Store(draining)
	if err == nil {
		r.service.Log.InfoContext(ctx, "draining")
		time.Sleep(r.settings.DrainDelay)
	}
	return err
}

// shutdown ends a server's requests gracefully, or by closing their connections when their time is up.
func shutdown(ctx context.Context, server *http.Server) error {
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("drain: %w", err), server.Close())
	}
	return nil
}

// sayEvery is how often a service that waits at start-up logs so.
const sayEvery = 10 * time.Second

// prepare does the steps. The pause between tries grows from 50 ms to 2 s: short for a store that starts together with
// us, long enough not to flood one that stays away. If ctx ends meanwhile, that is an orderly end, not an error.
func (r *Running) prepare(ctx context.Context) error {
	for _, step := range r.service.Prepare {
		pause, said := 50*time.Millisecond, time.Time{}
		for {
			err := step.Do(ctx)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return nil //nolint:nilerr // asked to stop before it was ready, which is no failure
			}
			if final, ok := errors.AsType[permanent](err); ok {
				return fmt.Errorf("%s: %w", step.Name, final.error)
			}
			if time.Since(said) > sayEvery {
				r.service.Log.WarnContext(ctx, "waiting", "step", step.Name, "error", err)
				said = time.Now()
			}
			select {
			case <-ctx.Done():
				return nil
			case err := <-r.failed:
				return err
			case <-time.After(pause):
				pause = min(2*pause, 2*time.Second)
			}
		}
	}
	return nil
}

// closing says with each answer of the drain that its connection closes.
func (r *Running) closing(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if r.state.Load() == draining {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, request)
	})
}

// Settled is a pointer to the settings C of a service, which embed Settings.
type Settled[C any] interface {
	*C
	config.Settings
	common() *Settings
}

// Main does the work of a service's main: it reads the settings from the environment, wires the service and runs it until SIGINT
// or SIGTERM. It exits with code 2 if the settings have faults, and with code 1 if the service can't be wired or fails.
func Main[C any, P Settled[C]](name, version string, wire func(settings C, version string, log *slog.Logger) (*Service, error)) {
	var cfg C
	config.Main(name, version, P(&cfg))
	settings := P(&cfg).common()
	log := logging.New(os.Stderr, settings.LogFormat, settings.LogLevel, name)
	if len(settings.InternalSecrets) > 0 {
		log.Warn("INTERNAL_SECRETS is set: anyone who has one of them may call every internal route; " +
			"remove it once all services have the secrets of their pairs")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := wire(cfg, version, log)
	if err == nil {
		err = s.Run(ctx, *settings)
	}
	Exit(log, err)
}

// Exit ends the program with code 1 if its service could not be wired or failed, and logs the reason. Without an error
// it returns.
func Exit(log *slog.Logger, err error) {
	if err != nil {
		log.Error("failed", "error", err)
		os.Exit(1)
	}
}

// Every returns background work that takes a step again and again, with a pause before each, until its context ends. A step that fails is
// logged, and taken again after the next pause.
func Every(pause time.Duration, log *slog.Logger, step Step) func(context.Context) {
	return func(ctx context.Context) {
		wait.Every(ctx, pause, func() {
			if err := step.Do(ctx); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "a step failed that is taken again", "step", step.Name, "error", err)
			}
		})
	}
}
