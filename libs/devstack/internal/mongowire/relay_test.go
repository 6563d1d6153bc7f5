package mongowire_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"streamgate/libs/devstack/internal/mongowire"
	"streamgate/libs/devstack/internal/stores"
)

// startFerretDB returns a collection of a FerretDB behind a relay.
func startFerretDB(t *testing.T) *mongo.Collection {
	t.Helper()
	s, err := stores.Open(t.Context(), stores.Options{
		Dir: t.TempDir(), MongoDBAddress: "127.0.0.1:0", RedisURL: "redis://127.0.0.1:1/0", Throwaway: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	client, err := mongo.Connect(options.Client().ApplyURI(s.MongoDB.URL))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Disconnect(context.Background())
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return client.Database("test").Collection("documents")
}

func TestNoUpdateIsLost(t *testing.T) {
	t.Parallel()
	collection := startFerretDB(t)
	ctx := t.Context()
	byID := bson.D{{Key: "_id", Value: "counter"}}
	if _, err := collection.InsertOne(ctx, append(byID, bson.E{Key: "n", Value: 0})); err != nil {
		t.Fatal(err)
	}
	increment := bson.D{{Key: "$inc", Value: bson.D{{Key: "n", Value: 1}}}}
	const clients, each = 4, 10
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for range each / 2 {
				if _, err := collection.UpdateOne(ctx, byID, increment); err != nil {
					t.Error(err)
				}
				if err := collection.FindOneAndUpdate(ctx, byID, increment).Err(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	var counter struct{ N int }
	if err := collection.FindOne(ctx, byID).Decode(&counter); err != nil || counter.N != clients*each {
		t.Errorf("%d, %v; want %d", counter.N, err, clients*each)
	}
}

func TestUpdateThatBreaksAUniqueIndex(t *testing.T) {
	t.Parallel()
	collection := startFerretDB(t)
	ctx := t.Context()
	unique := mongo.IndexModel{Keys: bson.D{{Key: "email", Value: 1}}, Options: options.Index().SetUnique(true)}
	if _, err := collection.Indexes().CreateOne(ctx, unique); err != nil {
		t.Fatal(err)
	}
	if _, err := collection.InsertMany(ctx, []any{bson.D{{Key: "email", Value: "a"}}, bson.D{{Key: "email", Value: "b"}}}); err != nil {
		t.Fatal(err)
	}
	a := bson.D{{Key: "email", Value: "a"}}
	toB := bson.D{{Key: "$set", Value: bson.D{{Key: "email", Value: "b"}}}}
	_, update := collection.UpdateOne(ctx, a, toB)
	_, replace := collection.ReplaceOne(ctx, a, bson.D{{Key: "email", Value: "b"}})
	findAndModify := collection.FindOneAndUpdate(ctx, a, toB).Err()
	for name, err := range map[string]error{"update": update, "replace": replace, "findAndModify": findAndModify} {
		if !mongo.IsDuplicateKeyError(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, err := collection.CountDocuments(ctx, a); n != 1 || err != nil {
		t.Errorf("%d documents are left unchanged, %v", n, err)
	}
}

func TestUnacknowledgedWrite(t *testing.T) {
	t.Parallel()
	collection := startFerretDB(t)
	ctx := t.Context()
	unacknowledged := collection.Clone(options.Collection().SetWriteConcern(writeconcern.Unacknowledged()))
	for range 3 { // an answer to the first would be taken for the answer to the next command on the same connection
		if _, err := unacknowledged.InsertOne(ctx, bson.D{{Key: "x", Value: 1}}); err != nil {
			t.Fatal(err)
		}
		if _, err := collection.CountDocuments(ctx, bson.D{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNonsenseEndsTheConnection(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // a server that never gets a request
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	relay, err := mongowire.Listen(t.Context(), "127.0.0.1:0", silent.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := relay.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, nonsense := range []string{"GET / HTTP/1.1\r\n\r\n", "\x00\x00\x00\x00", "\xff\xff\xff\xff"} {
		conn, err := net.Dial("tcp", relay.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, nonsense)
		if answer, err := io.ReadAll(conn); len(answer) > 0 {
			t.Errorf("%q was answered: %q, %v", nonsense, answer, err)
		}
		_ = conn.Close()
	}
}
