package redisstore

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"

	"streamgate/session-svc/internal/stream"
)

// Changes tells of changes of accounts, whichever replica made them. The scripts publish them on a channel that is called as the account's
// leases are; what lapses is not published, since nobody does it.
type Changes struct {
	client redis.UniversalClient
	pubsub *redis.PubSub

	mu       sync.Mutex
	watchers map[string]map[chan struct{}]bool // by channel
}

// NewChanges makes Changes. Nobody is told anything before Run.
func NewChanges(client redis.UniversalClient) *Changes {
	return &Changes{client: client, pubsub: client.Subscribe(context.Background()), watchers: map[string]map[chan struct{}]bool{}}
}

var _ stream.Changes = (*Changes)(nil)

// Watch is stream.Changes'.
func (c *Changes) Watch(ctx context.Context, account string) (changed <-chan struct{}, stop func()) {
	channel, signal := leasesKey(account), make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watchers[channel] == nil {
		c.watchers[channel] = map[chan struct{}]bool{}
		// An error is one of the connection: the channel is subscribed to when there is one again.
		_ = c.pubsub.Subscribe(ctx, channel)
	}
	c.watchers[channel][signal] = true
	return signal, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watchers[channel], signal)
		if len(c.watchers[channel]) == 0 {
			delete(c.watchers, channel)
			_ = c.pubsub.Unsubscribe(context.WithoutCancel(ctx), channel)
		}
	}
}

// Run tells the watchers until ctx ends.
func (c *Changes) Run(ctx context.Context) {
	defer func() { _ = c.pubsub.Close() }()
	// The client subscribes again after a connection broke, and says so: what was published meanwhile is made up for by a look.
	messages := c.pubsub.ChannelWithSubscriptions()
	for {
		select {
		case <-ctx.Done():
			return
		case message, ok := <-messages:
			if !ok {
				return
			}
			switch m := message.(type) {
			case *redis.Message:
				c.tell(m.Channel)
			case *redis.Subscription:
				c.tell(m.Channel)
			}
		}
	}
}

func (c *Changes) tell(channel string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for signal := range c.watchers[channel] {
		select {
		case signal <- struct{}{}:
		default: // told already
		}
	}
}
