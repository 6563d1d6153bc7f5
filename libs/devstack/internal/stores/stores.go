package stores

import (
	"context"
	"errors"
	"fmt"
	"regexp"
)

// Redis names the server that is used as Redis.
type Redis string

// The kinds of Redis.
const (
	Auto      Redis = "auto"      // Server if there is one in PATH, else Miniredis
	Server    Redis = "server"    // valkey-server or redis-server
	Miniredis Redis = "miniredis" // in this process
)

// ParseRedis returns the kind of this name.
func ParseRedis(name string) (Redis, error) {
	switch kind := Redis(name); kind {
	case Auto, Server, Miniredis:
		return kind, nil
	}
	return "", fmt.Errorf("it can be %s, %s or %s", Auto, Server, Miniredis)
}

// Options are the arguments of Open.
type Options struct {
	Dir            string // holds their data, each in a folder of its own; absolute
	MongoDBAddress string // host:port where MongoDB's protocol is served; port 0 or a taken one: a free one
	RedisAddress   string // the same for Redis
	MongoDBURI     string // an existing MongoDB, used instead of our own
	RedisURL       string // an existing Redis, used instead of our own
	Redis          Redis
	Throwaway      bool // the data need not outlive the stores, which makes them faster
}

// Store is an open database.
type Store struct {
	Kind string // for people
	URL  string
	Data string // the folder of its data, empty if it isn't ours

	gone  <-chan struct{} // closed when the store has ended; nil if that can't be known
	why   func() error    // returns the reason
	close func(context.Context) error
}

// ShownURL returns the URL without its password.
func (s *Store) ShownURL() string { return credentials.ReplaceAllString(s.URL, "://…@") }

var credentials = regexp.MustCompile(`://[^/?#]*@`)

// Stores are the open databases.
type Stores struct {
	MongoDB, Redis *Store
}

// Open starts the stores and waits until they answer.
func Open(ctx context.Context, o Options) (*Stores, error) {
	mongoDB, err := openMongoDB(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("MongoDB: %w", err)
	}
	redis, err := openRedis(ctx, o)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("redis: %w", err), mongoDB.close(ctx))
	}
	return &Stores{MongoDB: mongoDB, Redis: redis}, nil
}

// Gone returns a channel that is closed when a store has ended by itself; Err then returns the reason.
func (s *Stores) Gone() <-chan struct{} { return s.Redis.gone } // MongoDB's protocol is served by this very process

// Err returns the reason for which a store has ended.
func (s *Stores) Err() error { return s.Redis.why() }

// Close stops the stores that were started; their data are on disk when it returns.
func (s *Stores) Close(ctx context.Context) error {
	return errors.Join(s.Redis.close(ctx), s.MongoDB.close(ctx))
}

// existing returns a store that runs elsewhere.
func existing(kind, url string) *Store {
	return &Store{Kind: kind, URL: url, close: func(context.Context) error { return nil }}
}
