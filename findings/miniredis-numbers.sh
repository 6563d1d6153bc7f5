#!/usr/bin/env bash
# miniredis v2.40.0, a Redis in Go for tests, beside Redis 7.0: numbers in scripts.
#
# Guess:   a script that passes on miniredis does the same in Redis, libraries that are missing aside.
# True:    numbers become text in another way. Redis keeps 14 digits, as Lua 5.1 does: a time in microseconds, which has
#          16, loses its last three digits in "..", tostring, table.concat and cjson. miniredis keeps all. As an
#          argument of redis.call it is exact in both. The other way round, miniredis' tonumber doesn't read "1e3",
#          though that is what Redis itself may have written. string.format("%.0f") is right in both.
#          (miniredis also lacks struct, which every Redis has; that at least is an error.)
# Matters: leases, rate limits and playback positions are kept in microseconds by scripts. The test is green, and in
#          production two moments less than a millisecond apart are the same, and a deadline moves.
set -euo pipefail
work=$(mktemp -d)
trap 'kill "${redis:-}" 2>/dev/null && wait "$redis" || true; rm -rf "$work"' EXIT
cd "$work"
export GOFLAGS=-mod=mod GOWORK=off
dpkg -s redis-server >/dev/null 2>&1 || apt-get install -qqy 'redis-server=5:7.0.*' >/dev/null
redis-server --version | grep -o 'v=[0-9.]*'

cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

const time = "local us = 1764892800123456; "

func main() {
	emulation := miniredis.NewMiniRedis()
	if err := emulation.Start(); err != nil {
		panic(err)
	}
	defer emulation.Close()
	emulated := redis.NewClient(&redis.Options{Addr: emulation.Addr()})
	server := redis.NewClient(&redis.Options{Network: "unix", Addr: os.Args[1]})
	wrong := 0
	for _, c := range []struct{ script, miniredis, redis string }{
		{time + "return us .. ''", "1764892800123456", "1.7648928001235e+15"},
		{time + "return tostring(us)", "1764892800123456", "1.7648928001235e+15"},
		{time + "return table.concat({us, 1}, ':')", "1764892800123456:1", "1.7648928001235e+15:1"},
		{time + "return cjson.encode({us})", "[1764892800123456]", "[1.7648928001235e+15]"},
		{time + "redis.call('SET', KEYS[1], us) return redis.call('GET', KEYS[1])", "1764892800123456", "1764892800123456"},
		{time + "return string.format('%.0f', us)", "1764892800123456", "1764892800123456"},
		{"return tostring(tonumber('1e3'))", "nil", "1000"},
	} {
		for _, on := range []struct {
			name, want string
			client     *redis.Client
		}{{"miniredis", c.miniredis, emulated}, {"redis", c.redis, server}} {
			got, err := on.client.Eval(context.Background(), c.script, []string{"k"}).Text()
			fmt.Printf("%-9s  %-22s  %s\n", on.name, got, c.script)
			if err != nil || got != on.want {
				fmt.Println("  changed:", err, "want", on.want)
				wrong++
			}
		}
	}
	if err := emulated.Eval(context.Background(), "return struct.pack('>I5', 1)", nil).Err(); err == nil {
		fmt.Println("  changed: miniredis has struct")
		wrong++
	}
	if wrong > 0 {
		os.Exit(1)
	}
}
GO
go mod init finding
go get github.com/alicebob/miniredis/v2@v2.40.0 github.com/redis/go-redis/v9@v9.23.0
go build -o compare .
redis-server --port 0 --unixsocket "$work/redis.sock" --save '' --dir "$work" >/dev/null &
redis=$!
for _ in {1..100}; do [[ -S redis.sock ]] && break || sleep 0.1; done
./compare "$work/redis.sock"
echo ok
