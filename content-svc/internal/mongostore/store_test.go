package mongostore_test

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"streamgate/content-svc/internal/mongostore"
	"streamgate/content-svc/internal/video"
	"streamgate/content-svc/internal/video/storetest"
	"streamgate/libs/fault"
	"streamgate/libs/objectid"
	"streamgate/libs/testkit"
)

// empty returns a database with nothing in it but indexes.
func empty(t *testing.T) *mongo.Database {
	t.Helper()
	uri, database := testkit.Mongo(t)
	db := testkit.OpenMongo(t, uri, database)
	for range 2 { // as at every start but the first, the indexes exist the second time
		if err := mongostore.New(db).Indexes().Do(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) video.Store {
		t.Helper()
		return mongostore.New(empty(t))
	})
}

func TestUpdatesAtTheSameTime(t *testing.T) {
	t.Parallel()
	db := empty(t)
	info, err := db.RunCommand(t.Context(), bson.D{{Key: "buildInfo", Value: 1}}).Raw()
	if err != nil {
		t.Fatal(err)
	}
	if info.Lookup("ferretdb").Type != 0 || info.Lookup("ferretdbVersion").Type != 0 {
		t.Skip("FerretDB's updates are not atomic")
	}
	storetest.Concurrent(t, mongostore.New(db))
}

func TestAServerThatIsAway(t *testing.T) {
	t.Parallel()
	db := testkit.OpenMongo(t, "mongodb://127.0.0.1:1", "none")
	if _, err := mongostore.New(db).Get(t.Context(), objectid.ID{}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("kind %v of %v", fault.KindOf(err), err)
	}
}
