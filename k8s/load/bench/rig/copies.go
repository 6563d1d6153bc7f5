package rig

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// key is one of an account's keys, as DUMP returns it. Its name contains the account's id; its value does not.
type key struct {
	name, value string
	ttl         time.Duration
}

// Copy is an account's state in Redis, which other accounts can be set to.
type Copy struct {
	account string
	keys    []key
}

// Copy reads the state of an account.
func (r *Redis) Copy(ctx context.Context, account string) (*Copy, error) {
	c := &Copy{account: account}
	names := r.Client.Scan(ctx, 0, "*"+account+"*", 1000).Iterator()
	for names.Next(ctx) {
		value, err := r.Client.Dump(ctx, names.Val()).Result()
		if err != nil {
			return nil, fmt.Errorf("copy of %s: %w", names.Val(), err)
		}
		ttl, err := r.Client.PTTL(ctx, names.Val()).Result()
		if err != nil {
			return nil, fmt.Errorf("copy of %s: %w", names.Val(), err)
		}
		c.keys = append(c.keys, key{names.Val(), value, max(ttl, 0)})
	}
	if err := names.Err(); err != nil {
		return nil, fmt.Errorf("copy: %w", err)
	}
	return c, nil
}

// Without returns the copy without the keys that another copy of the same account has.
func (c *Copy) Without(other *Copy) *Copy {
	had := func(k key) bool { return slices.ContainsFunc(other.keys, func(o key) bool { return o.name == k.name }) }
	return &Copy{c.account, slices.DeleteFunc(slices.Clone(c.keys), had)}
}

// names returns the names of the keys for another account.
func (c *Copy) names(account string) []string {
	var names []string
	for _, k := range c.keys {
		names = append(names, strings.ReplaceAll(k.name, c.account, account))
	}
	return names
}

// batch is how many accounts are written in one round trip.
const batch = 500

// Paste sets the accounts from…to-1 to the copy.
func (r *Redis) Paste(ctx context.Context, c *Copy, from, to int) error {
	return r.each(ctx, from, to, func(pipe redis.Pipeliner, account string) {
		for i, name := range c.names(account) {
			pipe.RestoreReplace(ctx, name, c.keys[i].ttl, c.keys[i].value)
		}
	})
}

// Clear deletes the keys of a copy from the accounts from…to-1.
func (r *Redis) Clear(ctx context.Context, c *Copy, from, to int) error {
	return r.each(ctx, from, to, func(pipe redis.Pipeliner, account string) { pipe.Del(ctx, c.names(account)...) })
}

func (r *Redis) each(ctx context.Context, from, to int, do func(pipe redis.Pipeliner, account string)) error {
	for ; from < to; from += batch {
		_, err := r.Client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for n := from; n < min(from+batch, to); n++ {
				do(pipe, AccountID(n))
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("accounts from %d: %w", from, err)
		}
	}
	return nil
}
