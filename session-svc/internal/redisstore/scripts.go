package redisstore

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
	"streamgate/libs/tracing"
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
	recallScript   = load("recall")
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
	traced := tracing.CallRedis(ctx, run.verb)
	answer, err := s.run(ctx, run, keys, args)
	traced.End(err)
	reply := s.reply(run, keys[0], time.Since(began), answer, err)
	return reply.answer, reply.err
}

// scriptCall is what a script is called with. The first of the keys is of the account.
type scriptCall struct {
	keys []string
	args []any
}

// scriptReply is what call returns.
type scriptReply struct {
	answer []any
	err    error
}

// together are calls to one node.
type together struct {
	cmds []*redis.Cmd
	of   []int // which calls they are
	err  error
}

// callAll makes calls of one script, those to each node together, without a goroutine and a wait for each.
func (s *Store) callAll(ctx context.Context, run script, calls []scriptCall) []scriptReply {
	replies := make([]scriptReply, len(calls))
	nodes := map[*group]*together{}
	for i, c := range calls {
		node, err := s.nodes.of(ctx, c.keys[0])
		if err != nil {
			replies[i].err = redisdb.Fault(err)
			continue
		}
		if nodes[node] == nil {
			nodes[node] = &together{}
		}
		keys, args := s.telling(run, c.keys, c.args)
		nodes[node].cmds = append(nodes[node].cmds, redis.NewCmd(ctx, run.byDigest(keys, args)...))
		nodes[node].of = append(nodes[node].of, i)
	}
	began := time.Now()
	traced := tracing.CallRedis(ctx, run.verb)
	var all sync.WaitGroup
	for node, t := range nodes {
		all.Go(func() { t.err = node.doAll(ctx, t.cmds) })
	}
	all.Wait()
	traced.End(nil) // each may have failed for itself
	took := time.Since(began)
	for _, t := range nodes {
		for n, i := range t.of {
			answer, err := []any(nil), t.err
			if err == nil {
				answer, err = t.cmds[n].Slice()
			}
			if redis.HasErrorPrefix(err, "NOSCRIPT") {
				replies[i].answer, replies[i].err = s.call(ctx, run, calls[i].keys, calls[i].args...)
				continue
			}
			replies[i] = s.reply(run, calls[i].keys[0], took, answer, err)
		}
	}
	return replies
}

// reply notes what a call came to.
func (s *Store) reply(run script, key string, took time.Duration, answer []any, err error) scriptReply {
	s.heard(run, key, answer, err)
	s.metrics.Script(run.verb, took, err)
	if err != nil {
		return scriptReply{err: redisdb.Fault(fmt.Errorf("%s: %w", run.verb, err))}
	}
	return scriptReply{answer: answer}
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
