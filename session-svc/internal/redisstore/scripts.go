package redisstore

import (
	"embed"

	"github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var files embed.FS

// scripts are the verbs, called by their digest; a server that doesn't know one, since it restarted or its scripts were flushed, is sent
// the text in the same call.
type scripts struct {
	start, renew, stop, list, rebase    *redis.Script
	open, adopt, refresh, sessions, end *redis.Script
}

func loadScripts() scripts {
	load := func(verb string) *redis.Script {
		text, err := files.ReadFile("lua/" + verb + ".lua")
		if err != nil {
			panic(err) // the compiler embedded it
		}
		return redis.NewScript(string(text))
	}
	return scripts{
		start: load("start"), renew: load("renew"), stop: load("stop"), list: load("list"), rebase: load("rebase"),
		open: load("open"), adopt: load("adopt"), refresh: load("refresh"), sessions: load("sessions"), end: load("end"),
	}
}
