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
	several    bool // answers for several accounts, each for itself; its first arguments are those that they share
	*redis.Script
}

var (
	startScript    = loadTelling("start")
	renewScript    = loadTelling("renew").forSeveral()
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
	return script{verb: verb, text: string(text), Script: redis.NewScript(string(text))}
}

// loadTelling loads a script that writes down events: after its first line, which has its flags, comes how that is done.
func loadTelling(verb string) script {
	flags, rest, _ := strings.Cut(load(verb).text, "\n")
	text := flags + "\n" + load("tell").text + rest
	return script{verb: verb, text: text, tells: true, Script: redis.NewScript(text)}
}

// forSeveral returns a script that is for several accounts.
func (s script) forSeveral() script {
	s.several = true
	return s
}

// accountsAtOnce is how many accounts a script for several is called for. Each saves a third of what it would cost the server alone; more would
// save little, and keep other calls waiting for longer: 16 renewals take the server 0.3 ms.
const accountsAtOnce = 16

// call runs a script and returns its answer. The first of the keys is of the account.
func (s *Store) call(ctx context.Context, run script, keys []string, args ...any) ([]any, error) {
	began := time.Now()
	traced := tracing.CallRedis(ctx, run.verb)
	answer, err := s.run(ctx, run, s.keys(run, keys), s.arguments(run, args))
	traced.End(err)
	reply := s.reply(run, keys[0], time.Since(began), run.answerOf(0, answer, err))
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

// answerOf returns what a script answered for the nth account of a call.
func (s script) answerOf(n int, answer []any, err error) scriptReply {
	if !s.several || err != nil {
		return scriptReply{answer, err}
	}
	if n < len(answer) {
		switch own := answer[n].(type) {
		case []any:
			return scriptReply{own, nil}
		case error:
			return scriptReply{nil, own}
		}
	}
	return scriptReply{nil, fmt.Errorf("no answer for account %d in %v", n, answer)}
}

// together are calls to one node.
type together struct {
	calls []int // which of all they are
	cmds  []*redis.Cmd
	err   error
}

// command returns the one command that makes calls of a script, of several if it is for several accounts.
func (s *Store) command(ctx context.Context, run script, shared []any, all []scriptCall, which []int) *redis.Cmd {
	keys := make([]string, 0, 3*len(which))
	args := append(make([]any, 0, len(shared)+len(which)*len(all[which[0]].args)), shared...)
	for _, i := range which {
		keys, args = append(keys, s.keys(run, all[i].keys)...), append(args, all[i].args...)
	}
	return redis.NewCmd(ctx, run.byDigest(keys, s.arguments(run, args))...)
}

// callAll makes calls of one script, those to each node together, without a goroutine and a wait for each. Before the arguments of each come
// the shared ones. On a single server, where all keys are, a script for several accounts is called for several at once.
func (s *Store) callAll(ctx context.Context, run script, shared []any, calls []scriptCall) []scriptReply {
	atOnce := 1
	if run.several && s.nodes.single != nil {
		atOnce = accountsAtOnce
	}
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
		nodes[node].calls = append(nodes[node].calls, i)
	}
	for _, t := range nodes {
		for which := range slices.Chunk(t.calls, atOnce) {
			t.cmds = append(t.cmds, s.command(ctx, run, shared, calls, which))
		}
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
		for n, i := range t.calls {
			answer, err := []any(nil), t.err
			if err == nil {
				answer, err = t.cmds[n/atOnce].Slice()
			}
			if redis.HasErrorPrefix(err, "NOSCRIPT") {
				replies[i].answer, replies[i].err = s.call(ctx, run, calls[i].keys, slices.Concat(shared, calls[i].args)...)
				continue
			}
			replies[i] = s.reply(run, calls[i].keys[0], took, run.answerOf(n%atOnce, answer, err))
		}
	}
	return replies
}

// reply notes what a call came to.
func (s *Store) reply(run script, key string, took time.Duration, r scriptReply) scriptReply {
	s.heard(run, key, r.answer, r.err)
	s.metrics.Script(run.verb, took, r.err)
	if r.err != nil {
		return scriptReply{err: redisdb.Fault(fmt.Errorf("%s: %w", run.verb, r.err))}
	}
	return r
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
