package redisdb_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	peers "github.com/alicebob/miniredis/v2/server"

	"streamgate/libs/logging"
	"streamgate/libs/metrics"
	"streamgate/libs/redisdb"
	"streamgate/libs/testkit"
)

// What an address says counts, or is refused by name, all of it at once.
func TestWhatAnAddressSaysCounts(t *testing.T) {
	t.Parallel()
	for _, right := range []redisdb.Settings{
		{URL: "redis://redis:6379/0"},
		{URL: "redis://redis"},
		{URL: "rediss://user:pass%23word@redis.example.com:6380/3?skip_verify=true&protocol=2&conn_max_idle_time=1m&conn_max_lifetime=1h"},
		{URL: "redis://redis:6379?db=2"},
		{URL: "redis://[2001:db8::1]:6379/0"},
		{URL: "redis://a:26379?addr=b:26379&addr=c:26379&master_name=streams&username=u&password=p&db=1", Mode: "sentinel"},
		{URL: "redis://a:6379?addr=b:6379&addr=c:6379", Mode: "cluster"},
		{URL: "redis://a:6379/0", Mode: "cluster"},
	} {
		if faults := right.Validate(); len(faults) > 0 {
			t.Errorf("%+v: %v", right, faults)
		}
	}
	for _, test := range []struct {
		settings redisdb.Settings
		faults   []string // a word of each
	}{
		{redisdb.Settings{URL: "redis:6379"}, []string{"no host"}},
		{redisdb.Settings{URL: "redis:redis:6379"}, []string{"no host"}},
		{redisdb.Settings{URL: "redis:/redis:6379"}, []string{"no host", "number of a database"}},
		{redisdb.Settings{URL: "redis://"}, []string{"no host"}},
		{redisdb.Settings{URL: "redis:///0"}, []string{"no host"}},
		{redisdb.Settings{URL: "redis://:6379"}, []string{"no host"}},
		{redisdb.Settings{URL: "redis://user:hunter2@:6379"}, []string{"no host"}},
		{redisdb.Settings{URL: "unix:///run/redis.sock"}, []string{"redis://"}},
		{redisdb.Settings{URL: "redis://redis:0"}, []string{"port"}},
		{redisdb.Settings{URL: "redis://redis:70000"}, []string{"port"}},
		{redisdb.Settings{URL: "redis://redis/one"}, []string{"database"}},
		{redisdb.Settings{URL: "redis://redis/-1"}, []string{"database"}},
		{redisdb.Settings{URL: "redis://redis/0?db=1"}, []string{"two databases"}},
		{redisdb.Settings{URL: "redis://user:hunter2#@redis"}, []string{"not an address"}},
		{redisdb.Settings{URL: "redis://redis/0#1"}, []string{"#"}},
		{redisdb.Settings{URL: "redis://redis?dial_timeout=5s"}, []string{"dial_timeout"}},
		{
			redisdb.Settings{URL: "redis://redis?max_retries=9&pool_size=1000&read_timeout=1h&password=hunter2&db=x", Mode: "standalone"},
			[]string{"max_retries", "pool_size", "read_timeout", "password", "database"},
		},
		{redisdb.Settings{URL: "redis://redis?addr=b:6379"}, []string{"addr"}},
		{redisdb.Settings{URL: "redis://redis?Db=1"}, []string{"Db"}},
		{redisdb.Settings{URL: "redis://redis?db=1&db=2"}, []string{"2 times"}},
		{redisdb.Settings{URL: "redis://redis?db=%zz"}, []string{"behind ?"}},
		{redisdb.Settings{URL: "redis://redis?protocol=4"}, []string{"protocol"}},
		{redisdb.Settings{URL: "redis://redis?skip_verify=true"}, []string{"skip_verify"}},
		{redisdb.Settings{URL: "rediss://redis?conn_max_idle_time=soon"}, []string{"conn_max_idle_time"}},
		{redisdb.Settings{URL: "redis://a:6379?addr=b&read_only=true&route_by_latency=true", Mode: "cluster"}, []string{"addr", "read_only", "route_by_latency"}},
		{redisdb.Settings{URL: "redis://a:6379/1", Mode: "cluster"}, []string{"only 0"}},
		{redisdb.Settings{URL: "redis://a:26379?replica_only=true", Mode: "sentinel"}, []string{"replica_only", "master_name"}},
		{redisdb.Settings{URL: "redis://redis?dial_timeout=5s", Mode: "ring"}, []string{"REDIS_MODE", "dial_timeout"}},
	} {
		var all []string
		for _, fault := range test.settings.Validate() {
			all = append(all, fault.Error())
		}
		slices.Sort(all)
		text := strings.Join(all, "\n")
		if len(all) != len(test.faults) || strings.Contains(text, "hunter") {
			t.Errorf("%+v: %d faults: %s", test.settings, len(all), text)
		}
		for _, word := range test.faults {
			if !strings.Contains(text, word) {
				t.Errorf("%+v: no %q in: %s", test.settings, word, text)
			}
		}
		if _, err := redisdb.Open(test.settings, "test", nil); err == nil && test.settings.Mode != "ring" {
			t.Errorf("%+v is opened", test.settings)
		}
	}
}

// far is a connection whose other side is so far away.
type far struct {
	net.Conn

	trip time.Duration
}

func (f far) Write(b []byte) (int, error) {
	<-time.After(f.trip)
	return f.Conn.Write(b)
}

// A server with TLS on another continent is used.
func TestATLSServerFarAway(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)},
		&x509.Certificate{}, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}, MaxVersion: tls.VersionTLS12}
	mini := miniredis.RunT(t)
	through := testkit.Intercept(t, "rediss://"+mini.Addr()+"/0?skip_verify=true", func(client, server net.Conn) {
		secured := tls.Server(far{client, 110 * time.Millisecond}, config)
		go func() {
			_, _ = io.Copy(server, secured)
			_ = server.Close()
		}()
		_, _ = io.Copy(secured, server)
	})
	if err := open(t, through).Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
}

// A new connection costs the round trips that it needs, and none for what a server doesn't know or nobody uses.
func TestANewConnectionAsksNothingInVain(t *testing.T) {
	t.Parallel()
	mini := miniredis.RunT(t)
	var mu sync.Mutex
	asked := map[*peers.Peer][]string{}
	mini.Server().SetPreHook(func(peer *peers.Peer, command string, args ...string) bool {
		mu.Lock()
		defer mu.Unlock()
		asked[peer] = append(asked[peer], strings.ToUpper(strings.Join(append([]string{command}, args...), " ")))
		return false
	})
	if err := open(t, "redis://"+mini.Addr()).Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, commands := range asked {
		if len(commands) != 3 || !strings.HasPrefix(commands[0], "HELLO 3") || commands[1] != "CLIENT SETNAME TEST" || commands[2] != "PING" {
			t.Errorf("it asked %q", commands)
		}
	}
	if len(asked) == 0 {
		t.Error("it asked nothing")
	}
}

// A server that is told to evict while it runs is noticed, and that it no longer does.
func TestAPolicyThatChangesIsNoticed(t *testing.T) {
	t.Parallel()
	client := startRedis(t).open(t)
	var log testkit.Log
	registry := metrics.NewRegistry("test", "test")
	ctx, stop := context.WithCancel(t.Context())
	watch := redisdb.WatchFit(client, registry, logging.New(&log, logging.Text, slog.LevelInfo, "test"))
	done := make(chan struct{})
	go func() {
		defer close(done)
		watch(ctx)
	}()
	for _, policy := range []string{"allkeys-lru", "noeviction"} {
		if err := client.ConfigSet(t.Context(), "maxmemory-policy", policy).Err(); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, policy+" is noticed", func() bool { return strings.Contains(log.String(), " policy="+policy) })
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			if evicts := family.GetMetric()[0].GetGauge().GetValue() == 1; family.GetName() == "redis_evicts" && evicts != (policy == "allkeys-lru") {
				t.Errorf("%s: redis_evicts is %t", policy, evicts)
			}
		}
	}
	stop()
	<-done
}
