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
	ends   endWatchers
	client redis.UniversalClient
	pubsub *redis.PubSub

	mu       sync.Mutex
	watchers map[string]map[chan struct{}]bool // by channel
	changed  map[string]bool                   // channels that may have to be subscribed to, or no longer
	stale    chan struct{}                     // told when there are any
}

// NewChanges makes Changes. Nobody is told anything before Run.
func NewChanges(client redis.UniversalClient) *Changes {
	return &Changes{
		client: client, pubsub: client.Subscribe(context.Background(), endsChannel), watchers: map[string]map[chan struct{}]bool{},
		changed: map[string]bool{}, stale: make(chan struct{}, 1),
	}
}

var _ stream.Changes = (*Changes)(nil)

// Watch is stream.Changes'.
func (c *Changes) Watch(account string) (changed <-chan struct{}, stop func()) {
	channel, signal := leasesKey(account), make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watchers[channel] == nil {
		c.watchers[channel] = map[chan struct{}]bool{}
		c.changed[channel] = true
		poke(c.stale)
	}
	c.watchers[channel][signal] = true
	return signal, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.watchers[channel], signal)
		if len(c.watchers[channel]) == 0 {
			delete(c.watchers, channel)
			c.changed[channel] = true
			poke(c.stale)
		}
	}
}

// Run tells the watchers until ctx ends.
func (c *Changes) Run(ctx context.Context) {
	var subscribing sync.WaitGroup
	defer subscribing.Wait()
	defer func() { _ = c.pubsub.Close() }()
	subscribing.Go(func() { c.subscribe(ctx) })
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
				if m.Channel == endsChannel {
					c.ends.tell(m.Payload)
				} else {
					c.tell(m.Channel)
				}
			case *redis.Subscription:
				if m.Channel == endsChannel {
					c.ends.missed()
				} else {
					c.tell(m.Channel)
				}
			}
		}
	}
}

// subscribe keeps what is subscribed to in step with what is watched, so that nobody who watches waits for a server that is silent.
func (c *Changes) subscribe(ctx context.Context) {
	subscribed := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.stale:
		}
		var come, gone []string
		c.mu.Lock()
		for channel := range c.changed {
			switch watched := c.watchers[channel] != nil; {
			case watched && !subscribed[channel]:
				come = append(come, channel)
				subscribed[channel] = true
			case !watched && subscribed[channel]:
				gone = append(gone, channel)
				delete(subscribed, channel)
			}
		}
		clear(c.changed)
		c.mu.Unlock()
		// An error is one of the connection: the client makes up for it when there is one again, and says so.
		if len(come) > 0 {
			_ = c.pubsub.Subscribe(ctx, come...)
		}
		if len(gone) > 0 {
			_ = c.pubsub.Unsubscribe(ctx, gone...)
		}
	}
}

func (c *Changes) tell(channel string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for signal := range c.watchers[channel] {
		poke(signal)
	}
}

// poke tells who listens, if it isn't told already.
func poke(signal chan<- struct{}) {
	select {
	case signal <- struct{}{}:
	default:
	}
}
