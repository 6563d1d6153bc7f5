package stores_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/devstack/internal/stores"
	"streamgate/libs/redisdb"
	"streamgate/libs/testkit"
)

const noMongoDB = "mongodb://127.0.0.1:1/"

func openRedis(t *testing.T, dir string, kind stores.Redis) (*stores.Stores, *redis.Client) {
	t.Helper()
	s := open(t, stores.Options{Dir: dir, MongoDBURI: noMongoDB, Redis: kind})
	options, err := redis.ParseURL(s.Redis.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return s, client
}

// kinds runs a test against every Redis of this machine.
func kinds(t *testing.T, test func(t *testing.T, kind stores.Redis)) {
	t.Helper()
	for _, kind := range []stores.Redis{stores.Miniredis, stores.Server} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			_, noValkey := exec.LookPath("valkey-server")
			_, noRedis := exec.LookPath("redis-server")
			if kind == stores.Server && noValkey != nil && noRedis != nil {
				t.Skip("neither valkey-server nor redis-server is installed")
			}
			test(t, kind)
		})
	}
}

func TestRedisKeepsItsData(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, kind stores.Redis) {
		ctx, dir := t.Context(), t.TempDir()
		const key, hash, empty = "a\x00\xff{x}", "h\n\xfe", "e"
		fields := map[string]string{"f\x00": "\xff\xfe", "g": "", "h": "plain"}
		expires := time.Now().Add(time.Hour).Truncate(time.Millisecond)

		before, client := openRedis(t, dir, kind)
		client.Set(ctx, key, "\x00\x01\xff", 0)
		client.PExpireAt(ctx, key, expires)
		client.HSet(ctx, hash, fields)
		client.Set(ctx, empty, "", 0)
		client.Set(ctx, "gone", "soon", time.Millisecond)
		closeStores(t, before)

		after, client := openRedis(t, dir, kind)
		defer closeStores(t, after)
		if got := client.Get(ctx, key).Val(); got != "\x00\x01\xff" {
			t.Errorf("string %q", got)
		}
		if got := client.HGetAll(ctx, hash).Val(); !maps.Equal(got, fields) {
			t.Errorf("hash %q", got)
		}
		if got, err := client.Get(ctx, empty).Result(); err != nil || got != "" {
			t.Errorf("empty string %q, %v", got, err)
		}
		// The same instant, except for an emulation's rounding; the time to live is shorter, since time has passed.
		if got := time.UnixMilli(client.PExpireTime(ctx, key).Val().Milliseconds()); got.Sub(expires).Abs() > 20*time.Millisecond {
			t.Errorf("expires %s, want %s", got, expires)
		}
		if got := client.TTL(ctx, hash).Val(); got != -1 {
			t.Errorf("the hash lives %s", got)
		}
		testkit.Eventually(t, "the short-lived key to go", func() bool { return client.Exists(ctx, "gone").Val() == 0 })
		// A server keeps a note of its stop, too, by which session-svc knows that nothing was lost.
		if noted := client.Del(ctx, redisdb.StoppedKey).Val() == 1; noted != (kind == stores.Server) {
			t.Errorf("it was stopped in order: noted %t", noted)
		}
		if got := client.DBSize(ctx).Val(); got != 3 {
			t.Errorf("%d keys", got)
		}
	})
}

func TestRedisTellsServicesWhatTheyAsk(t *testing.T) {
	t.Parallel()
	kinds(t, func(t *testing.T, kind stores.Redis) {
		ctx := t.Context()
		s, client := openRedis(t, t.TempDir(), kind)
		defer closeStores(t, s)
		if got := client.ConfigGet(ctx, "maxmemory-policy").Val()["maxmemory-policy"]; got != "noeviction" {
			t.Errorf("maxmemory-policy is %q", got)
		}
		for section, want := range map[string]string{"server": "run_id:", "memory": "maxmemory_policy:noeviction"} {
			if got := client.Info(ctx, section).Val(); !strings.Contains(got, want) {
				t.Errorf("INFO %s: %q", section, got)
			}
		}
	})
}

func TestMiniredisSurvivesSIGKILL(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s, client := openRedis(t, dir, stores.Miniredis)
	defer closeStores(t, s)
	client.Eval(ctx, "redis.call('SET', KEYS[1], ARGV[1]) redis.call('HSET', KEYS[2], 'f', ARGV[1])", []string{"a", "b"}, "v")

	// The store is still open, and yet another one finds its data.
	file := filepath.Join(dir, "redis", "miniredis.json")
	testkit.Eventually(t, "the data to be on disk", func() bool {
		text, _ := os.ReadFile(file)
		return bytes.Contains(text, []byte(`"Yg=="`)) // b
	})
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	other, client := openRedis(t, copied, stores.Miniredis)
	defer closeStores(t, other)
	if client.Get(ctx, "a").Val() != "v" || client.HGet(ctx, "b", "f").Val() != "v" {
		t.Error("the data are not there")
	}
}

func TestMiniredisRefusesWhatItCannotKeep(t *testing.T) {
	t.Parallel()
	ctx, dir := context.Background(), t.TempDir()
	s, client := openRedis(t, dir, stores.Miniredis)
	client.LPush(ctx, "list", "x")
	if err := s.Close(ctx); err == nil || !strings.Contains(err.Error(), `key "list" is a list`) {
		t.Errorf("closed with %v", err)
	}

	file := filepath.Join(dir, "redis", "miniredis.json")
	for _, text := range []string{`{`, `[{"key":"YQ==","type":"hash","values":["YQ=="]}]`, `[{"key":"YQ==","type":"list","values":[]}]`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := stores.Open(ctx, stores.Options{Dir: dir, MongoDBURI: noMongoDB, Redis: stores.Miniredis, RedisAddress: "127.0.0.1:0"})
		if err == nil || !strings.Contains(err.Error(), "is damaged") || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestMachineWithoutRedis(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := stores.Open(t.Context(), stores.Options{Dir: t.TempDir(), MongoDBURI: noMongoDB, Redis: stores.Server})
	if err == nil || !strings.Contains(err.Error(), "install one of them") {
		t.Errorf("%v", err)
	}
	s := open(t, stores.Options{Dir: t.TempDir(), MongoDBURI: noMongoDB, Redis: stores.Auto})
	defer closeStores(t, s)
	if s.Redis.Kind != "miniredis" {
		t.Errorf("Redis is a %s", s.Redis.Kind)
	}
}
