package redisstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"streamgate/libs/objectid"
	"streamgate/libs/redisdb"
	"streamgate/libs/service"
)

// Rights are those that a user of Redis needs, as ACL SETUSER takes them.
const Rights = "~a:* ~s:* ~promoted:* &a:* &ends +@all -@admin -@dangerous +info"

// RequireRights returns the start-up step that waits for the server and tries all that the service will need there, with an account that nobody
// has. Its error names every right that the user lacks. What a server can't do for another reason is not its concern.
func RequireRights(client redis.UniversalClient) service.Step {
	return service.Step{Name: "connect to Redis", Do: func(ctx context.Context) error {
		if err := redisdb.Ping(client).Do(ctx); err != nil && !forbidden(err) {
			return err
		}
		lacking, err := lackingRights(ctx, client)
		if err != nil {
			return fmt.Errorf("redis: %w", err)
		}
		if len(lacking) > 0 {
			user := cmp.Or(userOf(client), "default")
			return service.Permanent(fmt.Errorf("the user %s of Redis lacks %s; give it what it needs: ACL SETUSER %s %s",
				user, strings.Join(lacking, " "), user, Rights))
		}
		return nil
	}}
}

func lackingRights(ctx context.Context, client redis.UniversalClient) (lacking []string, err error) {
	account := objectid.New().String()
	leases, sessions, promoted := leasesKey(account), sessionsKey(account), promotionKey(account, 0)
	connection, err := connect(ctx, client)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, connection.Close()) }()
	try := func(key, channel string, args ...any) {
		err = errors.Join(err, note(&lacking, connection.Do(ctx, args...).Err(), key, channel))
	}
	// The server looks at the rights for a command when it is queued. What is discarded then leaves no key: an empty server is to be seen as one.
	try("", "", "multi")
	const ms = 1000
	try("", "", "ping")
	try("", "", "info", "server")
	try("", "", "time")
	try("~a:*", "", "eval", "return 1", 1, leases)
	try("~s:*", "", "eval", "return 1", 1, sessions)
	try("", "", "evalsha", strings.Repeat("0", 40), 0)
	try("~a:*", "", "set", leases, "", "px", ms)
	for _, command := range [][]any{
		{"get"},
		{"hset", "x", ""},
		{"hget", "x"},
		{"hmget", "x"},
		{"hgetall"},
		{"hdel", "x"},
		{"hkeys"},
		{"hlen"},
		{"hexists", "x"},
		{"hincrby", "x", 1},
		{"pexpire", ms},
		{"ttl"},
	} {
		try("~a:*", "", slices.Insert(command, 1, any(leases))...)
	}
	try("~promoted:*", "", "set", promoted, "", "px", ms)
	try("~promoted:*", "", "del", promoted)
	try("", "&a:*", "publish", leases, "")
	try("", "&ends", "publish", endsChannel, "")
	try("", "", "discard")
	for pattern, channel := range map[string]string{"&a:*": leases, "&ends": endsChannel} {
		err = errors.Join(err, note(&lacking, subscribe(ctx, client, channel), "", pattern))
	}
	slices.Sort(lacking)
	return slices.Compact(lacking), err
}

// connect returns a connection of its own, on a Cluster to one of the nodes, whose users are alike.
func connect(ctx context.Context, client redis.UniversalClient) (*redis.Conn, error) {
	switch c := client.(type) {
	case *redis.Client:
		return c.Conn(), nil
	case *redis.ClusterClient:
		node, err := c.MasterForKey(ctx, leasesKey(""))
		if err != nil {
			return nil, err
		}
		return node.Conn(), nil
	}
	return nil, fmt.Errorf("a client that is a %T", client)
}

// subscribe says why a channel can't be subscribed to, or no longer.
func subscribe(ctx context.Context, client redis.UniversalClient, channel string) error {
	subscribed := client.Subscribe(ctx, channel)
	defer func() { _ = subscribed.Close() }()
	if _, err := subscribed.ReceiveTimeout(ctx, redisdb.AnswerWithin); err != nil {
		return err
	}
	if err := subscribed.Unsubscribe(ctx, channel); err != nil {
		return err
	}
	_, err := subscribed.ReceiveTimeout(ctx, redisdb.AnswerWithin)
	return err
}

// note adds the right for which a command was refused, and returns errors of the connection.
func note(lacking *[]string, err error, key, channel string) error {
	answer := redis.Error(nil)
	if err == nil || !forbidden(err) {
		if errors.As(err, &answer) {
			return nil
		}
		return err
	}
	// "… no permissions to run the 'get' command", "… to access a key", "… to access one of the channels used as arguments": servers differ.
	text := err.Error()
	_, named, runs := strings.Cut(text, "run the '")
	switch {
	case runs: // perhaps one of those that open a connection
		command, _, _ := strings.Cut(named, "'")
		*lacking = append(*lacking, "+"+command)
	case strings.Contains(text, "channel"):
		*lacking = append(*lacking, channel)
	default:
		*lacking = append(*lacking, key)
	}
	return nil
}

func forbidden(err error) bool {
	return err != nil && strings.Contains(err.Error(), "NOPERM")
}

func userOf(client redis.UniversalClient) string {
	switch c := client.(type) {
	case *redis.Client:
		return c.Options().Username
	case *redis.ClusterClient:
		return c.Options().Username
	default:
		return ""
	}
}
