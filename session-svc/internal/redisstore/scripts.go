package redisstore

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
)

//go:embed lua/*.lua
var files embed.FS

// script is one verb.
type script struct {
	verb, text string
	tells      bool // writes down events, if the store wants them
	*redis.Script
}

var (
	startScript    = loadTelling("start")
	renewScript    = loadTelling("renew")
	stopScript     = loadTelling("stop")
	undoScript     = loadTelling("undo")
	listScript     = load("list")
	rebaseScript   = load("rebase")
	openScript     = loadTelling("open")
	adoptScript    = load("adopt")
	refreshScript  = loadTelling("refresh")
	sessionsScript = load("sessions")
	endScript      = loadTelling("end")
	limitScript    = loadTelling("limit")
	wholeScript    = load("whole")
	eraseScript    = loadTelling("erase")
	lookScript     = loadTelling("look")
	takeScript     = load("take")
	sentScript     = load("sent")
)

func load(verb string) script {
	text, err := files.ReadFile("lua/" + verb + ".lua")
	if err != nil {
		panic(err) // the compiler embedded it
	}
	return script{verb, string(text), false, redis.NewScript(string(text))}
}

// loadTelling loads a script that writes down events: after its first line, which has its flags, comes how that is done.
func loadTelling(verb string) script {
	flags, rest, _ := strings.Cut(load(verb).text, "\n")
	text := flags + "\n" + load("tell").text + rest
	return script{verb, text, true, redis.NewScript(text)}
}

// call runs a script and returns its answer. The first of the keys is of the account.
func (s *Store) call(ctx context.Context, run script, keys []string, args ...any) ([]any, error) {
	keys, args = s.telling(run, keys, args)
	began := time.Now()
	answer, err := s.run(ctx, run, keys, args)
	s.heard(run, keys[0], answer, err)
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
