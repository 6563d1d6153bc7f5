package redisdb_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	peers "github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"

	"streamgate/libs/fault"
	"streamgate/libs/metrics"
	"streamgate/libs/redisdb"
	"streamgate/libs/service"
	"streamgate/libs/testkit"
)

// server is a Redis for one test.
type server struct {
	addr    string
	process *os.Process
}

// startRedis starts the installed server, without persistence, and waits until it answers. If none is installed, the
// test is skipped.
func startRedis(t testing.TB, options ...string) *server {
	t.Helper()
	binary := ""
	for _, name := range []string{"redis-server", "valkey-server"} {
		if found, err := exec.LookPath(name); err == nil {
			binary = found
			break
		}
	}
	if binary == "" {
		t.Skip("neither redis-server nor valkey-server is installed")
	}
	addr := testkit.FreeAddr(t)
	_, port, _ := net.SplitHostPort(addr)
	args := []string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir(), "--loglevel", "warning"}
	command := exec.Command(binary, append(args, options...)...)
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	s := &server{addr, command.Process}
	client := s.open(t)
	testkit.Eventually(t, "redis-server answers", func() bool { return client.Ping(t.Context()).Err() == nil })
	return s
}

func (s *server) open(t testing.TB) redis.UniversalClient { return open(t, "redis://"+s.addr+"/0") }

func open(t testing.TB, address string) redis.UniversalClient {
	t.Helper()
	client, err := redisdb.Open(redisdb.Settings{URL: address}, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// prepare runs steps as a service does, for at most half a second, and returns how the service ended.
func prepare(t testing.TB, steps ...service.Step) (ready bool, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	s := &service.Service{Registry: metrics.NewRegistry("", ""), Log: testkit.Logger(t), Prepare: steps}
	s.Background = append(s.Background, func(context.Context) { ready = true; cancel() })
	const addr = "127.0.0.1:0"
	return ready, s.Run(ctx, service.Settings{PublicAddr: addr, InternalAddr: addr, OperationsAddr: addr, DrainTimeout: time.Second})
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "localhost:6379", "http://user:hunter2@localhost", "redis://user:hunter2@host:1x", "redis://user:hun/ter2@host", "redis://u:hunter2%zz@host",
	} {
		client, err := redisdb.Open(redisdb.Settings{URL: address}, "test", nil)
		if err == nil || client != nil || !strings.HasPrefix(err.Error(), "REDIS_URL: ") {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if strings.Contains(err.Error(), "hun") {
			t.Errorf("%s: the error has the password: %v", address, err)
		}
	}
}

func TestPingWaitsForTheServer(t *testing.T) {
	t.Parallel()
	if ready, err := prepare(t, redisdb.Ping(open(t, "redis://"+testkit.FreeAddr(t)))); ready || err != nil {
		t.Errorf("no server: ready %t, %v", ready, err)
	}
	if ready, err := prepare(t, redisdb.Ping(open(t, testkit.Redis(t)))); !ready || err != nil {
		t.Errorf("ready %t, %v", ready, err)
	}
}

func TestEvictionIsRefused(t *testing.T) {
	t.Parallel()
	for policy, right := range map[string]bool{"noeviction": true, "allkeys-lru": false, "volatile-ttl": false} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			client := startRedis(t, "--maxmemory", "100mb", "--maxmemory-policy", policy).open(t)
			ready, err := prepare(t, redisdb.Ping(client), redisdb.RequireFit(client))
			if right && (!ready || err != nil) {
				t.Errorf("ready %t, %v", ready, err)
			}
			if !right && (ready || err == nil || !strings.Contains(err.Error(), policy) || !strings.Contains(err.Error(), "set maxmemory-policy")) {
				t.Errorf("ready %t, %v", ready, err)
			}
		})
	}
}

func TestAnOldServerIsRefused(t *testing.T) {
	t.Parallel()
	for version, right := range map[string]bool{"6.2.14": false, "7.0.0": true, "7.2.4\r\nvalkey_version:8.0.1": true, "10.0.0": true} {
		mini := miniredis.RunT(t)
		mini.Server().SetPreHook(func(peer *peers.Peer, command string, _ ...string) bool {
			if command == "INFO" {
				peer.WriteBulk("# Server\r\nredis_version:" + version + "\r\nmaxmemory_policy:allkeys-lru\r\n")
			}
			return command == "INFO"
		})
		_, err := prepare(t, redisdb.RequireFit(open(t, "redis://"+mini.Addr())))
		if err == nil || strings.Contains(err.Error(), "want Redis 7.0") == right || !strings.Contains(err.Error(), "noeviction") {
			t.Errorf("%q: %v", version, err)
		}
	}
}

func TestEvictionOfAServerThatDoesNotTell(t *testing.T) {
	t.Parallel()
	client := open(t, testkit.Redis(t))
	if ready, err := prepare(t, redisdb.RequireFit(client)); !ready || err != nil {
		t.Errorf("ready %t, %v", ready, err)
	}
	secured := startRedis(t, "--user", "default", "on", "nopass", "~*", "+@all", "-info")
	client = secured.open(t)
	if ready, err := prepare(t, redisdb.RequireFit(client)); !ready || err != nil {
		t.Errorf("without the right to INFO: ready %t, %v", ready, err)
	}
	// Refusing to tell and not answering are different.
	if ready, err := prepare(t, redisdb.RequireFit(open(t, "redis://"+testkit.FreeAddr(t)))); ready || err != nil {
		t.Errorf("no server: ready %t, %v", ready, err)
	}
}

// isAway fails the test unless a caller's client would get a 503 with Retry-After.
func isAway(t testing.TB, what string, err error) {
	t.Helper()
	e, ok := errors.AsType[*fault.Error](redisdb.Fault(err))
	if !ok || e.Kind != fault.Unavailable || e.RetryAfter <= 0 || err == nil || !errors.Is(e, err) {
		t.Errorf("%s: %v becomes %v", what, err, e)
	}
}

func TestFaultsOfAServer(t *testing.T) {
	t.Parallel()
	if err := redisdb.Fault(nil); err != nil {
		t.Errorf("nothing becomes %v", err)
	}
	ctx := t.Context()
	client := startRedis(t, "--lua-time-limit", "1", "--replica-serve-stale-data", "no", "--maxclients", "20").open(t)
	config := func(name, value string) {
		t.Helper()
		if err := client.ConfigSet(ctx, name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}

	if err := client.Set(ctx, "text", "a", 0).Err(); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"our mistake":        client.LPush(ctx, "text", "b").Err(),
		"an unknown command": client.Do(ctx, "NOSUCHCOMMAND").Err(),
		"a script's error":   client.Eval(ctx, "return redis.error_reply('ERR mine')", nil).Err(),
		"nothing there":      client.Get(ctx, "nothing").Err(),
	} {
		if fault.KindOf(redisdb.Fault(err)) != fault.Internal || err == nil || !errors.Is(redisdb.Fault(err), err) {
			t.Errorf("%s: %v", what, redisdb.Fault(err))
		}
	}

	config("maxmemory", "1mb")
	isAway(t, "full", client.Set(ctx, "large", strings.Repeat("x", 2<<20), 0).Err())
	set := "return redis.call('SET', KEYS[1], ARGV[1])"
	isAway(t, "full, in a script", client.Eval(ctx, set, []string{"large"}, strings.Repeat("x", 2<<20)).Err())
	config("maxmemory", "0")

	config("min-replicas-to-write", "1")
	isAway(t, "without its replicas", client.Set(ctx, "text", "b", 0).Err())
	isAway(t, "without its replicas, in a script", client.Eval(ctx, set, []string{"text"}, "b").Err())
	config("min-replicas-to-write", "0")

	var running sync.WaitGroup
	running.Go(func() { _ = client.Eval(ctx, "for i = 1, 1e8 do end", nil).Err() })
	testkit.Eventually(t, "busy with a script", func() bool {
		err := client.Get(ctx, "text").Err()
		if err == nil || !strings.HasPrefix(err.Error(), "BUSY") {
			return false
		}
		isAway(t, "busy", err)
		return true
	})
	testkit.Eventually(t, "the script is at its end", func() bool { return client.Get(ctx, "text").Err() == nil })
	running.Wait()

	var many []net.Conn
	for range 40 {
		if connection, err := net.Dial("tcp", client.(*redis.Client).Options().Addr); err == nil {
			many = append(many, connection)
		}
	}
	testkit.Eventually(t, "no more clients are served", func() bool {
		late, err := redisdb.Open(redisdb.Settings{URL: "redis://" + client.(*redis.Client).Options().Addr}, "late", nil)
		if err != nil {
			t.Fatal(err)
		}
		err = late.Ping(ctx).Err()
		_ = late.Close()
		if err == nil {
			return false
		}
		isAway(t, "too many clients", err)
		return true
	})
	for _, connection := range many {
		_ = connection.Close()
	}

	testkit.Eventually(t, "a replica without a primary", func() bool { return client.SlaveOf(ctx, "127.0.0.1", "1").Err() == nil })
	isAway(t, "a replica", client.Set(ctx, "text", "b", 0).Err())
	isAway(t, "a replica without its master", client.Get(ctx, "text").Err())
}

func TestFaultOfACallerWhoLeft(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := redisdb.Fault(open(t, testkit.Redis(t)).Ping(ctx).Err())
	if !errors.Is(err, context.Canceled) || fault.KindOf(err) == fault.Unavailable {
		t.Errorf("error %v", err)
	}
}

// fastest returns the best of three calls, so that a busy machine is no failure, and checks that each error says that
// Redis is away.
func fastest(t testing.TB, what string, call func() error) {
	t.Helper()
	best := time.Hour
	for range 3 {
		began := time.Now()
		err := call()
		best = min(best, time.Since(began))
		isAway(t, what, err)
	}
	if best >= 300*time.Millisecond {
		t.Errorf("%s: it took %v to say so", what, best)
	}
}

func TestNothingHangsWhenRedisIsAway(t *testing.T) {
	t.Parallel()
	// As a caller in a hurry asks, which has to answer within 300 ms.
	ping := func(client redis.UniversalClient) func() error {
		return func() error {
			ctx, cancel := context.WithTimeout(t.Context(), 250*time.Millisecond)
			defer cancel()
			return client.Ping(ctx).Err()
		}
	}
	fastest(t, "nothing listens", ping(open(t, "redis://"+testkit.FreeAddr(t))))

	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	fastest(t, "nothing answers", ping(open(t, "redis://"+silent.Addr().String())))

	stopped := startRedis(t)
	client := stopped.open(t)
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() { _ = client.Ping(t.Context()).Err() })
	}
	calls.Wait()
	if err := stopped.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	fastest(t, "it stopped answering", ping(client))
	crowd := make(chan error, 300)
	began := time.Now()
	for i := range cap(crowd) { // more than there are connections
		go func() {
			if i%2 == 0 {
				crowd <- client.Ping(t.Context()).Err()
				return
			}
			_, err := client.Pipelined(t.Context(), func(p redis.Pipeliner) error { return p.Ping(t.Context()).Err() })
			crowd <- err
		}()
	}
	for range cap(crowd) {
		isAway(t, "for a crowd", <-crowd)
	}
	if took := time.Since(began); took > 2*redisdb.AnswerWithin {
		t.Errorf("a crowd waited for %v", took)
	}
	if err := stopped.process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "it is used again when it is back", func() bool { return client.Ping(t.Context()).Err() == nil })
}

// A server that stalls for longer than one try waits costs no call either.
func TestAStallCostsNoCall(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	client := s.open(t)
	if err := client.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(redisdb.AnswerWithin/2, func() { _ = s.process.Signal(syscall.SIGCONT) })
	if err := client.Set(t.Context(), "text", "a", 0).Err(); err != nil {
		t.Errorf("after %v: %v", redisdb.AnswerWithin/2, err)
	}
}

func TestARestartCostsNoRequest(t *testing.T) {
	t.Parallel()
	s := startRedis(t)
	client := s.open(t)
	_, port, _ := net.SplitHostPort(s.addr)
	for range 5 {
		// As with a proxy or a failover: the connections break, but the server is there.
		if err := client.Do(t.Context(), "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no").Err(); err != nil && !errors.Is(err, io.EOF) {
			t.Log(err)
		}
		if err := client.Set(t.Context(), "port", port, 0).Err(); err != nil {
			t.Errorf("after a broken connection: %v", err)
		}
	}
	if _, err := strconv.Atoi(client.Get(t.Context(), "port").Val()); err != nil {
		t.Error(err)
	}
}

func TestTheClientKeepsItsThoughtsToItself(t *testing.T) {
	t.Parallel()
	if os.Getenv("SILENT_PING") != "" {
		client, err := redisdb.Open(redisdb.Settings{URL: "redis://127.0.0.1:1"}, "test", nil)
		if err == nil {
			err = client.Ping(t.Context()).Err()
		}
		fmt.Fprintln(os.Stdout, "said:", err)
		return
	}
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	command.Env = append(os.Environ(), "SILENT_PING=1")
	out, err := command.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "said: ") || strings.Contains(string(out), "pool.go") {
		t.Errorf("%v: %s", err, out)
	}
}
