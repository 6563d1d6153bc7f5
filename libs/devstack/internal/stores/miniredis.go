package stores

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"

	"streamgate/libs/process"
	"streamgate/libs/redisemu"
)

// openMiniredis runs a Redis written in Go in this process, and keeps its data in a file.
func openMiniredis(ctx context.Context, dir string, o Options) (*Store, error) {
	address, err := process.FreeAddr(ctx, o.RedisAddress)
	if err != nil {
		return nil, err
	}
	mini := miniredis.NewMiniRedis()
	mini.ClockTTL(true) // keys expire by the clock; miniredis alone would wait for a call
	if err := mini.StartAddr(address); err != nil {
		return nil, err
	}
	store := &Store{
		Kind:  "miniredis",
		URL:   "redis://" + mini.Addr() + "/0",
		close: func(context.Context) error { mini.Close(); return nil },
	}
	var changed atomic.Bool
	mini.Server().SetPreHook(hook(mini, &changed))
	if o.Throwaway {
		return store, nil
	}

	store.Data = filepath.Join(dir, "miniredis.json")
	client, err := connect(store.URL)
	if err != nil {
		mini.Close()
		return nil, err
	}
	kept := &snapshot{client: client, file: store.Data}
	if err := kept.load(ctx); err != nil {
		mini.Close()
		return nil, err
	}
	stop := kept.saveRegularly(ctx, &changed)
	store.close = func(ctx context.Context) error {
		stop()
		err := kept.save(context.WithoutCancel(ctx)) // even in a hurry, since it takes milliseconds
		mini.Close()
		return errors.Join(err, client.Close())
	}
	return store, nil
}

// hook notes commands that may change data, and answers those that services need and miniredis lacks.
func hook(mini *miniredis.Miniredis, changed *atomic.Bool) server.Hook {
	runID, scripts := newRunID(), redisemu.Scripts()
	return func(peer *server.Peer, command string, args ...string) bool {
		switch {
		case command == "INFO" && len(args) == 1 && strings.EqualFold(args[0], "server"):
			peer.WriteBulk(fmt.Sprintf("# Server\r\nredis_version:7.4.0\r\nredis_mode:standalone\r\nrun_id:%s\r\n", runID))
		case command == "INFO" && len(args) == 1 && strings.EqualFold(args[0], "memory"):
			peer.WriteBulk("# Memory\r\nused_memory:0\r\nmaxmemory:0\r\nmaxmemory_policy:noeviction\r\n")
		case command == "CONFIG" && len(args) == 2 && strings.EqualFold(args[0], "get"):
			writeSetting(peer, strings.ToLower(args[1]))
		default:
			if !mini.IsReadOnlyCommand(command) {
				changed.Store(true)
			}
			return scripts(peer, command, args...)
		}
		return true
	}
}

// settings are the true settings of miniredis: it never evicts and never limits its memory.
var settings = map[string]string{"maxmemory": "0", "maxmemory-policy": "noeviction"}

func writeSetting(peer *server.Peer, name string) {
	value, ok := settings[name]
	if !ok {
		peer.WriteMapLen(0)
		return
	}
	peer.WriteMapLen(1)
	peer.WriteBulk(name)
	peer.WriteBulk(value)
}

// newRunID returns 160 random bits, which tell one start of the server from the next, as in Redis.
func newRunID() string {
	id := make([]byte, 20)
	_, _ = rand.Read(id) // never fails
	return hex.EncodeToString(id)
}
