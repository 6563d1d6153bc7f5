package redisstore

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/redisdb"
)

const (
	// pipelines is how many are under way at once. While they are, further calls gather for the next one: so a call goes out at once where
	// there is little to do, and with as many others as there are where there is much.
	pipelines = 4
	// nodePipelines is how many are to each node of a Cluster: among several nodes fewer calls gather for each.
	nodePipelines = 2
	// pipelined and waiting bound the calls in one pipeline, and those that gather.
	pipelined, waiting = 64, 4096
)

// nodes are the servers of a client: one, or those of a Cluster, each with its own group, so that one that is away keeps no call to another waiting.
type nodes struct {
	client redis.UniversalClient
	single *group // nil for a Cluster

	mu     sync.Mutex
	byAddr map[string]*group
}

func newNodes(client redis.UniversalClient) *nodes {
	n := &nodes{client: client, byAddr: map[string]*group{}}
	if _, many := client.(*redis.ClusterClient); !many {
		n.single = newGroup(client, pipelines)
	}
	return n
}

// of returns the group of the node that has a key. Where that is wrong, since slots have moved, the client sends the calls on.
func (n *nodes) of(ctx context.Context, key string) (*group, error) {
	if n.single != nil {
		return n.single, nil
	}
	many, _ := n.client.(*redis.ClusterClient)
	node, err := many.MasterForKey(ctx, key)
	if err != nil {
		return nil, err
	}
	addr := node.Options().Addr
	n.mu.Lock()
	defer n.mu.Unlock()
	g := n.byAddr[addr]
	if g == nil {
		g = newGroup(n.client, nodePipelines)
		n.byAddr[addr] = g
	}
	return g, nil
}

// group sends calls to one node that are made at the same time in one pipeline, which costs service and server one turn of reading and writing
// instead of one for each call. Calls stay independent of each other: each has its own answer, and leaves when its own context ends.
type group struct {
	client redis.UniversalClient
	clock  *clock
	most   int // pipelines at once

	mu      sync.Mutex
	calls   []call
	running int
}

func newGroup(client redis.UniversalClient, pipelines int) *group {
	return &group{client: client, clock: newClock(), most: pipelines}
}

// call is one call, and whom it is made for.
type call struct {
	cmd *redis.Cmd
	by  *waiter
}

// waiter is a caller that waits for its calls.
type waiter struct {
	ctx  context.Context //nolint:containedctx // of the caller
	todo atomic.Int32    // calls without an answer
	done chan struct{}   // closed when there are none
	left atomic.Bool     // the caller waits no more
}

// do makes a call, and waits for its answer.
func (g *group) do(ctx context.Context, args ...any) *redis.Cmd {
	cmd := redis.NewCmd(ctx, args...)
	if err := g.doAll(ctx, []*redis.Cmd{cmd}); err != nil {
		cmd = redis.NewCmd(ctx) // the other one may yet get its answer, which nobody waits for
		cmd.SetErr(err)
	}
	return cmd
}

// doAll makes calls, and waits for all their answers. If it fails, the caller must not look at the calls.
func (g *group) doAll(ctx context.Context, cmds []*redis.Cmd) error {
	late := time.NewTimer(redisdb.AnswerWithin) // with the wait for others; a context would cost more than all else here
	defer late.Stop()
	w := &waiter{ctx: ctx, done: make(chan struct{})}
	w.todo.Store(int32(len(cmds))) //nolint:gosec // a few hundred at most
	g.mu.Lock()
	if len(g.calls)+len(cmds) > waiting {
		g.mu.Unlock()
		return redis.ErrPoolTimeout
	}
	for _, cmd := range cmds {
		g.calls = append(g.calls, call{cmd, w})
	}
	if g.running < g.most {
		g.running++
		go g.run() //nolint:contextcheck,gosec // it serves many callers, whose contexts end their own waits
	}
	g.mu.Unlock()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		w.left.Store(true)
		return ctx.Err()
	case <-late.C:
		w.left.Store(true)
		return context.DeadlineExceeded
	}
}

// run sends one pipeline after the other until nobody waits.
func (g *group) run() {
	for batch := g.next(nil); len(batch) > 0; batch = g.next(batch) {
		_, err := g.client.Pipelined(context.Background(), func(pipe redis.Pipeliner) error {
			for _, c := range batch {
				_ = pipe.Process(c.by.ctx, c.cmd)
			}
			return nil
		})
		for _, c := range batch {
			if c.cmd.Err() == nil && c.cmd.Val() == nil { // the client doesn't tell each call of a connection that it couldn't use
				c.cmd.SetErr(err)
			}
			if c.by.todo.Add(-1) == 0 {
				close(c.by.done)
			}
		}
	}
}

// next takes the calls that have gathered, without those whose caller has left.
func (g *group) next(batch []call) []call {
	clear(batch)
	batch = batch[:0]
	g.mu.Lock()
	defer g.mu.Unlock()
	taken := 0
	for _, c := range g.calls {
		if len(batch) == pipelined {
			break
		}
		if taken++; !c.by.left.Load() && c.by.ctx.Err() == nil {
			batch = append(batch, c)
		}
	}
	rest := copy(g.calls, g.calls[taken:])
	clear(g.calls[rest:])
	g.calls = g.calls[:rest]
	if len(batch) == 0 {
		g.running--
	}
	return batch
}
