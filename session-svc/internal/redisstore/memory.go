package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// memoryName names the key in which a server keeps since when it has forgotten nothing. It goes with all others if the server loses its memory.
const memoryName = "memory"

// Remember has each server that loses its memory from now on notice that, so that accounts that it doesn't know are new to it later.
func (s *Store) Remember(ctx context.Context) error {
	if many, ok := s.nodes.client.(*redis.ClusterClient); ok {
		return many.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			_, err := memoryOf(ctx, node)
			return err
		})
	}
	_, err := memoryOf(ctx, s.nodes.client)
	return err
}

// memory returns since when the server that has a key has forgotten nothing: when somebody first asked, in Unix milliseconds on its own clock.
func (s *Store) memory(ctx context.Context, key string) (int64, error) {
	many, ok := s.nodes.client.(*redis.ClusterClient)
	if !ok {
		return memoryOf(ctx, s.nodes.client)
	}
	node, err := many.MasterForKey(ctx, key)
	if err != nil {
		return 0, err
	}
	return memoryOf(ctx, node)
}

func memoryOf(ctx context.Context, node redis.Cmdable) (since int64, err error) {
	for n := range slotsTried {
		key := promotionKey(memoryName, n)
		since, err = node.GetEx(ctx, key, promotionKept).Int64()
		if errors.Is(err, redis.Nil) {
			var now time.Time
			if now, err = node.Time(ctx).Result(); err != nil {
				return 0, err
			}
			if err = node.SetNX(ctx, key, now.UnixMilli(), promotionKept).Err(); err == nil {
				since, err = node.Get(ctx, key).Int64()
			}
		}
		if !redis.HasErrorPrefix(err, "MOVED") { // a node of a cluster keeps it where it has the slot
			break
		}
	}
	return since, err
}
