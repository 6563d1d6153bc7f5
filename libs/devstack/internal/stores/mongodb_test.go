package stores_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"streamgate/libs/devstack/internal/stores"
)

// nowhere is the address of no Redis, for tests that need none.
const nowhere = "redis://127.0.0.1:1/0"

func open(t *testing.T, o stores.Options) *stores.Stores {
	t.Helper()
	o.MongoDBAddress, o.RedisAddress = "127.0.0.1:0", "127.0.0.1:0"
	s, err := stores.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStores(t *testing.T, s *stores.Stores) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // t.Context has ended when a test cleans up
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
}

func accounts(t *testing.T, s *stores.Stores) *mongo.Collection {
	t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(s.MongoDB.URL))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return client.Database("streamgate_users").Collection("accounts")
}

func TestMongoDBKeepsDocumentsAndIndexes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ctx := t.Context()
	before := open(t, stores.Options{Dir: dir, RedisURL: nowhere})
	collection := accounts(t, before)
	unique := mongo.IndexModel{Keys: bson.D{{Key: "email", Value: 1}}, Options: options.Index().SetUnique(true)}
	if _, err := collection.Indexes().CreateOne(ctx, unique); err != nil {
		t.Fatal(err)
	}
	document := bson.D{{Key: "email", Value: "test@example.com"}, {Key: "name", Value: "test"}}
	if _, err := collection.InsertOne(ctx, document); err != nil {
		t.Fatal(err)
	}
	closeStores(t, before)

	after := open(t, stores.Options{Dir: dir, RedisURL: nowhere})
	defer closeStores(t, after)
	collection = accounts(t, after)
	var found struct{ Email, Name string }
	if err := collection.FindOne(ctx, document[:1]).Decode(&found); err != nil || found.Name != "test" {
		t.Errorf("found %+v, %v", found, err)
	}
	if _, err := collection.InsertOne(ctx, document); !mongo.IsDuplicateKeyError(err) {
		t.Errorf("the same e-mail again: %v", err)
	}
	if err := collection.FindOne(ctx, bson.D{{Key: "email", Value: "other"}}).Err(); !errors.Is(err, mongo.ErrNoDocuments) {
		t.Errorf("an unknown e-mail: %v", err)
	}
}

func TestExistingStoresAreUsedAsTheyAre(t *testing.T) {
	t.Parallel()
	const uri = "mongodb://user:secret@db1.example:27017,db2.example:27017/?replicaSet=rs0"
	s := open(t, stores.Options{Dir: t.TempDir(), MongoDBURI: uri, RedisURL: nowhere})
	defer closeStores(t, s)
	if s.MongoDB.URL != uri || s.Redis.URL != nowhere {
		t.Errorf("%s, %s", s.MongoDB.URL, s.Redis.URL)
	}
	if want := "mongodb://…@db1.example:27017,db2.example:27017/?replicaSet=rs0"; s.MongoDB.ShownURL() != want {
		t.Errorf("shown as %s", s.MongoDB.ShownURL())
	}
}
