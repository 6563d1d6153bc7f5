package redisstore

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/redis/go-redis/v9"
)

// gate stands in for a server that answers when it is told to, to count what a client sends at once.
type gate struct {
	answer chan struct{}
	sent   chan int // the length of each pipeline
}

func (*gate) DialHook(next redis.DialHook) redis.DialHook { return next }

func (*gate) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (g *gate) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(_ context.Context, cmds []redis.Cmder) error {
		g.sent <- len(cmds)
		<-g.answer
		return nil
	}
}

// While as many pipelines as may be are under way, calls gather and go together in the next.
func TestCallsGather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
		defer func() { _ = client.Close() }()
		server := gate{answer: make(chan struct{}), sent: make(chan int, pipelined)}
		client.AddHook(&server)
		calls := newGroup(client, pipelines)
		const crowd = pipelines + pipelined + 10
		for range crowd {
			go calls.do(t.Context(), "ping")
			synctest.Wait()
		}
		for range pipelines {
			server.answer <- struct{}{}
			synctest.Wait()
		}
		close(server.answer)
		synctest.Wait()
		close(server.sent)
		var sent []int
		for n := range server.sent {
			sent = append(sent, n)
		}
		if want := []int{1, 1, 1, 1, pipelined, 10}; !slices.Equal(sent, want) {
			t.Errorf("sent pipelines of %v calls, want %v", sent, want)
		}
	})
}
