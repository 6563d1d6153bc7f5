package redisemu_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisemu"
)

func TestScriptsMayHaveAFirstLineOfTheirOwn(t *testing.T) {
	t.Parallel()
	mini := miniredis.RunT(t)
	mini.Server().SetPreHook(redisemu.Scripts())
	client := redis.NewClient(&redis.Options{Addr: mini.Addr()})
	t.Cleanup(func() { _ = client.Close() })
	for _, text := range []string{"#!lua flags=no-writes\nreturn ARGV[1]", "#!lua\nreturn {ARGV[1]}[1]", "return ARGV[1]", "#!lua name=x\n\nreturn ARGV[1]"} {
		script := redis.NewScript(text)
		run := script.Run(t.Context(), client, nil, "hello")
		byDigest := client.EvalSha(t.Context(), script.Hash(), nil, "again")
		if text == "#!lua\nreturn {ARGV[1]}[1]" { // no Lua
			if run.Err() == nil {
				t.Errorf("%q: no error", text)
			}
			continue
		}
		if run.Val() != "hello" || byDigest.Val() != "again" {
			t.Errorf("%q: %v, %v", text, run, byDigest)
		}
	}
}
