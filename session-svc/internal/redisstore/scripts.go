package redisstore

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
)

//go:embed lua/*.lua
var files embed.FS

// script is one verb.
type script struct {
	verb, text string
	*redis.Script
}

var (
	startScript    = load("start")
	renewScript    = load("renew")
	stopScript     = load("stop")
	undoScript     = load("undo")
	listScript     = load("list")
	rebaseScript   = load("rebase")
	openScript     = load("open")
	adoptScript    = load("adopt")
	refreshScript  = load("refresh")
	sessionsScript = load("sessions")
	endScript      = load("end")
	limitScript    = load("limit")
)

func load(verb string) script {
	text, err := files.ReadFile("lua/" + verb + ".lua")
	if err != nil {
		panic(err) // the compiler embedded it
	}
	return script{verb, string(text), redis.NewScript(string(text))}
}

// call runs a script and returns its answer.
func (s *Store) call(ctx context.Context, run script, keys []string, args ...any) ([]any, error) {
	began := time.Now()
	answer, err := s.run(ctx, run, keys, args).Slice()
	s.metrics.Script(run.verb, time.Since(began), err)
	if err != nil {
		return nil, redisdb.Fault(fmt.Errorf("%s: %w", run.verb, err))
	}
	return answer, nil
}

// run calls a script by its digest. It sends the text where the server doesn't know the digest, since it restarted or its scripts were
// flushed.
func (s *Store) run(ctx context.Context, run script, keys []string, args []any) *redis.Cmd {
	answer := s.byDigest(ctx, run, keys, args)
	if redis.HasErrorPrefix(answer.Err(), "NOSCRIPT") {
		return run.Eval(ctx, s.client, keys, args...)
	}
	return answer
}

func (s *Store) byDigest(ctx context.Context, run script, keys []string, args []any) *redis.Cmd {
	if s.group == nil {
		return run.EvalSha(ctx, s.client, keys, args...)
	}
	all := make([]any, 0, 3+len(keys)+len(args))
	all = append(all, "evalsha", run.Hash(), len(keys))
	for _, key := range keys {
		all = append(all, key)
	}
	return s.group.do(ctx, append(all, args...)...)
}
