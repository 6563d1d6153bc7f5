package service_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"streamgate/libs/logging"
	"streamgate/libs/metrics"
	"streamgate/libs/service"
	"streamgate/libs/testkit"
)

// TestMain makes the test binary also a main that fails.
func TestMain(m *testing.M) {
	if os.Getenv("AS_FAILING_MAIN") == "" {
		os.Exit(m.Run())
	}
	log := logging.New(os.Stderr, logging.JSON, slog.LevelInfo, "test-svc")
	service.Exit(log, nil)
	service.Exit(log, errors.New("out of luck"))
	os.Exit(0)
}

func settings() service.Settings {
	return service.Settings{PublicAddr: "127.0.0.1:0", InternalAddr: "127.0.0.1:0", OperationsAddr: "127.0.0.1:0", DrainTimeout: 10 * time.Second}
}

// under is a service under test.
type under struct {
	*service.Running
	t     testing.TB
	stop  context.CancelFunc
	ended chan error
	log   *testkit.Log
}

// start serves s, after filling in what it lacks.
func start(t testing.TB, s *service.Service, settings service.Settings) *under {
	t.Helper()
	u := &under{t: t, log: &testkit.Log{}, ended: make(chan error, 1)}
	s.Name, s.Version, s.Registry = "test-svc", "v1.2.3", metrics.NewRegistry("test-svc", "v1.2.3")
	s.Log = logging.New(u.log, logging.Text, slog.LevelInfo, s.Name)
	answer := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
	}
	if s.Public == nil {
		s.Public = answer("public")
	}
	s.Internal = answer("internal")
	ctx, stop := context.WithCancel(context.Background())
	u.stop = stop
	var err error
	if u.Running, err = s.Start(ctx, settings); err != nil {
		stop()
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() {
		u.ended <- u.Serve(ctx)
		close(served)
	}()
	t.Cleanup(func() {
		stop()
		<-served
	})
	return u
}

func (u *under) get(url string) testkit.Answer { return testkit.Do(u.t, http.MethodGet, url, "") }

// probe returns the status of readiness, or 0 when nothing listens.
func (u *under) probe() (status int, text string) {
	response, err := http.Get(u.OperationsURL + "/readyz")
	if err != nil {
		return 0, ""
	}
	defer response.Body.Close()
	var body [32]byte
	n, _ := response.Body.Read(body[:])
	return response.StatusCode, strings.TrimSpace(string(body[:n]))
}

func (u *under) end() error {
	u.t.Helper()
	select {
	case err := <-u.ended:
		return err
	case <-time.After(20 * time.Second):
		u.t.Fatal("never ended")
		return nil
	}
}

func TestNotReadyUntilPrepared(t *testing.T) {
	t.Parallel()
	var done testkit.Journal
	var tries atomic.Int32
	there := make(chan struct{})
	store := func(context.Context) error {
		select {
		case <-there:
			done.Add("connect")
			return nil
		default:
			tries.Add(1)
			return errors.New("connection refused")
		}
	}
	addrs := settings()
	addrs.PublicAddr, addrs.InternalAddr = testkit.FreeAddr(t), testkit.FreeAddr(t)
	u := start(t, &service.Service{
		Prepare: []service.Step{
			{Name: "connect to the store", Do: store},
			{Name: "index", Do: func(context.Context) error { done.Add("index"); return nil }},
		},
		Background: []func(context.Context){func(context.Context) { done.Add("background") }},
	}, addrs)

	for _, addr := range []string{addrs.PublicAddr, addrs.InternalAddr} {
		if _, err := net.Dial("tcp", addr); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("a request before it is ready meets %v; refused, an ingress takes it elsewhere", err)
		}
	}
	if status, text := u.probe(); status != 503 || text != "starting" {
		t.Errorf("readiness is %d %s", status, text)
	}
	u.get(u.OperationsURL+"/livez").Want(t, 200) // a restart would not help
	testkit.Eventually(t, "some tries", func() bool { return tries.Load() >= 4 })
	if log := u.log.String(); strings.Count(log, "waiting") != 1 || !strings.Contains(log, `step="connect to the store" error="connection refused"`) {
		t.Errorf("after %d tries it said %s", tries.Load(), log)
	}
	select {
	case <-u.Ready():
		t.Fatal("ready without its store")
	default:
	}

	close(there)
	<-u.Ready()
	if status, text := u.probe(); status != 200 || text != "ok" {
		t.Errorf("readiness is %d %s", status, text)
	}
	if got := string(u.get(u.PublicURL).Want(t, 200).Body) + string(u.get(u.InternalURL).Want(t, 200).Body); got != "publicinternal" {
		t.Errorf("answered %s", got)
	}
	u.stop()
	if err := u.end(); err != nil {
		t.Error(err)
	}
	if got := done.Take(); !slices.Equal(got, []string{"connect", "index", "background"}) {
		t.Errorf("done %q", got)
	}
}

func TestAPermanentFailureEndsIt(t *testing.T) {
	t.Parallel()
	closed := false
	refused := errors.New("wrong password")
	u := start(t, &service.Service{
		Prepare: []service.Step{{Name: "log in", Do: func(context.Context) error { return fmt.Errorf("store: %w", service.Permanent(refused)) }}},
		Close:   []func(context.Context) error{func(context.Context) error { closed = true; return nil }},
	}, settings())
	err := u.end()
	if !errors.Is(err, refused) || !strings.HasPrefix(err.Error(), "log in: ") {
		t.Errorf("ended with %v", err)
	}
	if !closed {
		t.Error("left open what was opened before")
	}
	if status, _ := u.probe(); status != 0 {
		t.Errorf("still listens, with readiness %d", status)
	}
}

func TestAnEndWhileWaitingIsOrderly(t *testing.T) {
	t.Parallel()
	began := make(chan struct{})
	var once sync.Once
	slow := settings()
	slow.DrainDelay = time.Hour // no traffic was sent here, so no balancer needs time
	u := start(t, &service.Service{
		Prepare: []service.Step{{Name: "connect", Do: func(ctx context.Context) error {
			once.Do(func() { close(began) })
			<-ctx.Done()
			return ctx.Err()
		}}},
		Background: []func(context.Context){func(context.Context) { t.Error("the background ran") }},
	}, slow)
	<-began
	u.stop()
	if err := u.end(); err != nil {
		t.Errorf("ended with %v", err)
	}
	if log := u.log.String(); strings.Contains(log, "msg=ready") {
		t.Errorf("it says that it was ready: %s", log)
	}
	select {
	case <-u.Ready():
		t.Error("its Ready channel is closed")
	default:
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()
	var done testkit.Journal
	under, release := make(chan struct{}), make(chan struct{})
	s := &service.Service{
		Public: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				close(under)
				<-release
				done.Add("answered")
			}
			fmt.Fprint(w, "whole")
		}),
		Background: []func(context.Context){func(ctx context.Context) {
			<-ctx.Done()
			done.Add("background ended")
		}},
		Close: []func(context.Context) error{
			func(context.Context) error { done.Add("first closed"); return errors.New("first") },
			func(ctx context.Context) error {
				done.Add("second closed")
				return errors.Join(errors.New("second"), ctx.Err())
			},
		},
	}
	config := settings()
	config.DrainDelay = time.Second
	u := start(t, s, config)
	<-u.Ready()
	slow := make(chan testkit.Answer, 1)
	go func() { slow <- u.get(u.PublicURL + "/slow") }()
	<-under

	u.stop()
	testkit.Eventually(t, "readiness fails", func() bool { status, text := u.probe(); return status == 503 && text == "draining" })
	response, err := http.Get(u.PublicURL) // balancers still send requests
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK || !response.Close {
		t.Errorf("answered %d, connection to be closed: %t", response.StatusCode, response.Close)
	}
	testkit.Eventually(t, "new connections are refused", func() bool {
		connection, err := net.Dial("tcp", strings.TrimPrefix(u.PublicURL, "http://"))
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	})
	u.get(u.OperationsURL+"/livez").Want(t, 200)
	if got := string(u.get(u.OperationsURL+"/metrics").Want(t, 200).Body); !strings.Contains(got, "streamgate_build_info") {
		t.Errorf("metrics %s", got)
	}
	if got := done.Take(); len(got) != 0 {
		t.Errorf("ended too early: %q", got)
	}

	close(release)
	if answer := <-slow; answer.Status != 200 || string(answer.Body) != "whole" {
		t.Errorf("the request under way got %d %s", answer.Status, answer.Body)
	}
	if err := u.end(); err == nil || err.Error() != "second\nfirst" {
		t.Errorf("ended with %v", err)
	}
	if got, want := done.Take(), []string{"answered", "background ended", "second closed", "first closed"}; !slices.Equal(got, want) {
		t.Errorf("done %q, want %q", got, want)
	}
	if status, _ := u.probe(); status != 0 {
		t.Error("the operations listener is still open")
	}
}

func TestARequestThatNeverEnds(t *testing.T) {
	t.Parallel()
	under, gone := make(chan struct{}), make(chan struct{})
	config := settings()
	config.DrainTimeout = 20 * time.Millisecond
	u := start(t, &service.Service{
		Public: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(under)
			<-r.Context().Done()
			close(gone)
		}),
		Close: []func(context.Context) error{func(ctx context.Context) error { return ctx.Err() }},
	}, config)
	<-u.Ready()
	go func() { _, _ = http.Get(u.PublicURL) }()
	<-under
	u.stop()
	err := u.end()
	if err == nil || err.Error() != "drain: context deadline exceeded" { // the close functions have their own time
		t.Errorf("ended with %v", err)
	}
	<-gone
}

func TestAPortInUse(t *testing.T) {
	t.Parallel()
	used, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = used.Close() })
	for name, change := range map[string]func(*service.Settings){
		"PUBLIC_ADDR":     func(s *service.Settings) { s.PublicAddr = used.Addr().String() },
		"INTERNAL_ADDR":   func(s *service.Settings) { s.InternalAddr = used.Addr().String() },
		"OPERATIONS_ADDR": func(s *service.Settings) { s.OperationsAddr = used.Addr().String() },
	} {
		config := settings()
		change(&config)
		s := &service.Service{Registry: metrics.NewRegistry("", ""), Log: testkit.Logger(t)}
		err := s.Run(t.Context(), config)
		if want := name + ": listen tcp " + used.Addr().String() + ": bind: address already in use"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	// The listeners opened before the failure are closed again: the same ports are free.
	config := settings()
	config.OperationsAddr, config.PublicAddr = testkit.FreeAddr(t), used.Addr().String()
	s := &service.Service{Registry: metrics.NewRegistry("", ""), Log: testkit.Logger(t)}
	for range 2 {
		if err := s.Run(t.Context(), config); err == nil || !strings.HasPrefix(err.Error(), "PUBLIC_ADDR") {
			t.Errorf("error %v", err)
		}
	}
}

func TestOperations(t *testing.T) {
	t.Parallel()
	plain := start(t, &service.Service{}, settings())
	open := settings()
	open.Pprof = true
	profiled := start(t, &service.Service{}, open)
	<-plain.Ready()
	<-profiled.Ready()
	if got := string(plain.get(plain.OperationsURL+"/version").Want(t, 200).Body); got != `{"service":"test-svc","version":"v1.2.3"}` {
		t.Errorf("version %s", got)
	}
	plain.get(plain.OperationsURL+"/debug/pprof/").Want(t, 404)
	profiled.get(profiled.OperationsURL+"/debug/pprof/").Want(t, 200)
	profiled.get(profiled.OperationsURL+"/debug/pprof/goroutine?debug=1").Want(t, 200)
	testkit.Do(t, http.MethodPost, plain.OperationsURL+"/livez", "").Want(t, 405)
	if got := string(plain.get(plain.PublicURL + "/metrics").Body); got != "public" {
		t.Errorf("the public listener has operations: %s", got)
	}
}

func TestExitSaysWhy(t *testing.T) {
	t.Parallel()
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = []string{"AS_FAILING_MAIN=1"}
	out, err := command.CombinedOutput()
	if code := command.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(out), "out of luck") || strings.Count(string(out), "\n") != 1 {
		t.Errorf("%v, exit code %d: %s", err, code, out)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	s := &service.Service{
		Registry: metrics.NewRegistry("", ""), Log: testkit.Logger(t),
		Background: []func(context.Context){func(context.Context) { stop() }},
	}
	if err := s.Run(ctx, settings()); err != nil {
		t.Error(err)
	}
}

func TestEvery(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		taken := 0
		ctx, cancel := context.WithCancel(t.Context())
		work := service.Every(time.Hour, slog.New(slog.NewTextHandler(&log, nil)), service.Step{Name: "sweep", Do: func(context.Context) error {
			if taken++; taken == 1 {
				return errors.New("away")
			}
			return nil
		}})
		ended := make(chan struct{})
		go func() { defer close(ended); work(ctx) }()
		time.Sleep(3*time.Hour + time.Minute) //nolint:forbidigo // in synctest
		cancel()
		<-ended
		if taken != 3 {
			t.Errorf("taken %d times in three hours", taken)
		}
		if said := log.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, "step=sweep error=away") {
			t.Errorf("said %q", said)
		}
	})
}
