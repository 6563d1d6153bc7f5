package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"streamgate/libs/devstack/internal/front"
	"streamgate/libs/devstack/internal/stores"
)

// Options says what to run.
type Options struct {
	Root     string // the repository; absolute
	Dir      string // the folder of everything that is kept; absolute
	Listen   string // host:port of the front
	Redis    stores.Redis
	Services []Service
	Environ  []string  // the user's environment
	Output   io.Writer // must allow concurrent use, as a file does
}

// How long the parts may take to stop.
const (
	frontGrace   = 2 * time.Second // events and videos never end by themselves
	serviceGrace = 10 * time.Second
)

// Run builds and starts everything, reports what runs where, and stops everything in order when ctx ends or a part
// fails. When hurry ends, it stops everything at once.
func Run(ctx, hurry context.Context, o Options) (err error) {
	listener, err := listenFront(ctx, o.Listen)
	if err != nil {
		return err
	}
	defer func() { _ = listener.Close() }()
	unlock, err := lock(o.Dir)
	if err != nil {
		return err
	}
	defer unlock()

	s := &stack{options: o, failed: make(chan error, len(o.Services)+1)}
	defer func() {
		if stopErr := s.stop(hurry); stopErr != nil {
			err = errors.Join(err, stopErr)
		}
	}()
	if err := s.start(ctx, listener); err != nil {
		return ignoreEnd(ctx, err)
	}
	s.report(listener.Addr())
	select {
	case <-ctx.Done():
		s.say("stopping …")
		return nil
	case err := <-s.failed:
		return err
	}
}

// ignoreEnd drops the error of a step that ended on request.
func ignoreEnd(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// stack holds all running parts.
type stack struct {
	options  Options
	stores   *stores.Stores
	front    *http.Server
	services []*child
	failed   chan error // a part has ended by itself
}

func (s *stack) say(format string, args ...any) {
	_, _ = fmt.Fprintf(s.options.Output, format+"\n", args...)
}

// start builds and starts the parts, and returns when all are ready and measured.
func (s *stack) start(ctx context.Context, listener net.Listener) error {
	o := s.options
	paths, err := table(o.Services)
	if err != nil {
		return err
	}
	secrets, err := loadSecrets(filepath.Join(o.Dir, secretsFile), secretsOf(o.Services))
	if err != nil {
		return err
	}
	if err := build(ctx, o); err != nil {
		return err
	}
	user := parseEnviron(o.Environ)
	s.stores, err = stores.Open(ctx, stores.Options{
		Dir: o.Dir, Redis: o.Redis,
		MongoDBAddress: mongoDBAddress, RedisAddress: redisAddress,
		MongoDBURI: user["MONGODB_URI"], RedisURL: user["REDIS_URL"],
	})
	if err != nil {
		return err
	}
	s.watch(s.stores.Gone(), s.stores.Err)
	listen := map[string]addresses{}
	public := map[string]string{}
	for _, service := range o.Services {
		if listen[service.Name], err = chooseAddresses(ctx, service); err != nil {
			return err
		}
		public[service.Name] = listen[service.Name].public
	}
	s.front = front.NewServer(paths, public)
	go func() { _ = s.front.Serve(listener) }() // ends with http.ErrServerClosed, by stop
	return s.startServices(ctx, user, known(o.Dir, s.stores.MongoDB.URL, s.stores.Redis.URL, secrets, listen), listen)
}

func (s *stack) startServices(ctx context.Context, user, known variables, listen map[string]addresses) error {
	for _, service := range s.options.Services {
		env, err := service.environment(user, known, listen[service.Name])
		if err != nil {
			return err
		}
		c, err := startChild(service, s.options.Dir, env, listen[service.Name], s.options.Output)
		if err != nil {
			return err
		}
		s.services = append(s.services, c)
		s.watch(c.process.Done(), c.process.End)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var err error
	measured := make(chan struct{})
	go func() {
		defer close(measured)
		err = s.measure(ctx)
	}()
	select {
	case <-measured:
		return err
	case failure := <-s.failed:
		cancel()
		<-measured
		return failure
	}
}

// watch reports the end of a part, and ends with it.
func (s *stack) watch(gone <-chan struct{}, why func() error) {
	if gone == nil {
		return
	}
	go func() {
		<-gone
		s.failed <- why()
	}()
}

// restAfter is the time from a service's readiness until it is at rest.
const restAfter = time.Second

// measure waits until every service is ready, and a little later reads its memory.
func (s *stack) measure(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, len(s.services))
	for i, c := range s.services {
		all.Go(func() { errs[i] = c.untilReady(ctx, s.say) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	select {
	case <-time.After(restAfter):
	case <-ctx.Done():
		return ctx.Err()
	}
	for _, c := range s.services {
		c.memory = c.process.Memory()
	}
	return nil
}

// stop ends all parts: the front first, so that no request meets a service that is stopping, the stores last.
func (s *stack) stop(hurry context.Context) error {
	var errs []error
	if s.front != nil {
		ctx, cancel := context.WithTimeout(hurry, frontGrace)
		if s.front.Shutdown(ctx) != nil {
			_ = s.front.Close() // open connections would not have ended by themselves
		}
		cancel()
	}
	ctx, cancel := context.WithTimeout(hurry, serviceGrace)
	defer cancel()
	var all sync.WaitGroup
	stopped := make([]error, len(s.services))
	for i, c := range s.services {
		all.Go(func() { stopped[i] = c.process.Stop(ctx) })
	}
	all.Wait()
	errs = append(errs, stopped...)
	if s.stores != nil {
		ctx, cancel := context.WithTimeout(hurry, serviceGrace)
		defer cancel()
		errs = append(errs, s.stores.Close(ctx))
	}
	return errors.Join(errs...)
}

func listenFront(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(address)
		return nil, fmt.Errorf("port %s is taken by another program: end that one, or choose another address with -listen 127.0.0.1:<port>", port)
	}
	return listener, err
}

// lock keeps two stacks from using the same files. The lock ends with this process, however the process ends.
func lock(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%s is in use by another devstack: stop that one, or choose another folder with -dir: %w", dir, err)
	}
	return func() { _ = file.Close() }, nil
}
