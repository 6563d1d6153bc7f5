package testkit

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"streamgate/libs/mongodb"
	"streamgate/libs/objectid"
	"streamgate/libs/redisemu"
)

// The variables in which `make test` names its stores.
const (
	mongoVariable = "TEST_MONGODB_URI"
	redisVariable = "TEST_REDIS_URL"
)

// Mongo returns the address of a server and the name of a database for this test alone, which is dropped afterwards.
// Without a server the test is skipped; `make test` always has one.
func Mongo(t testing.TB) (uri, database string) {
	t.Helper()
	uri = os.Getenv(mongoVariable)
	if uri == "" {
		t.Skip(mongoVariable + " is not set; run: make test")
	}
	database = "test_" + strings.ToLower(bson.NewObjectID().Hex())
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		client, err := mongo.Connect(options.Client().ApplyURI(uri))
		if err != nil {
			t.Error(err)
			return
		}
		if err := client.Database(database).Drop(ctx); err != nil {
			t.Error(err)
		}
		_ = client.Disconnect(ctx)
	})
	return uri, database
}

// OpenMongo returns a database as a service opens it. Its connections end with the test.
func OpenMongo(t testing.TB, uri, database string) *mongo.Database {
	t.Helper()
	db, err := mongodb.Open(uri, database, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := mongodb.Close(db)(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return db
}

// SharedRedis returns the address of a server that tests share, or nothing if there is none.
func SharedRedis() string { return os.Getenv(redisVariable) }

// Redis returns the address of a server that tests share: use your own accounts. Without one, it is a miniredis of this
// test alone, on real time.
func Redis(t testing.TB) string {
	t.Helper()
	if address := SharedRedis(); address != "" {
		return address
	}
	mini := miniredis.RunT(t)
	mini.Server().SetPreHook(redisemu.Scripts())
	return "redis://" + mini.Addr() + "/0"
}

// NewID returns an id of an account or a content that no other test has.
func NewID() string { return objectid.New().String() }

// Eventually waits until condition holds, and fails the test if it never does within ten seconds.
func Eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
