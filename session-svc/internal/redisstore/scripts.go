package redisstore

import (
	"context"
	"embed"
	"fmt"
	"slices"
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
	wholeScript    = load("whole")
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
	answer, err := s.run(ctx, run, keys, args)
	s.metrics.Script(run.verb, time.Since(began), err)
	if err != nil {
		return nil, redisdb.Fault(fmt.Errorf("%s: %w", run.verb, err))
	}
	return answer, nil
}

// run calls a script by its digest. It sends the text where the server doesn't know the digest, since it restarted or its scripts were
// flushed.
func (s *Store) run(ctx context.Context, run script, keys []string, args []any) ([]any, error) {
	node, err := s.nodes.of(ctx, keys[0])
	if err != nil {
		return nil, err
	}
	all := run.byDigest(keys, args)
	answer := node.do(ctx, all...)
	if redis.HasErrorPrefix(answer.Err(), "NOSCRIPT") {
		all = slices.Clone(all) // the client may still hold the others
		all[0], all[1] = "eval", run.text
		answer = node.do(ctx, all...)
	}
	return answer.Slice()
}

// byDigest returns the command that calls a script by its digest.
func (s script) byDigest(keys []string, args []any) []any {
	all := make([]any, 0, 3+len(keys)+len(args))
	all = append(all, "evalsha", s.Hash(), len(keys))
	for _, key := range keys {
		all = append(all, key)
	}
	return append(all, args...)
}
