package mongostore

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"streamgate/libs/mongodb"
	"streamgate/session-svc/internal/report"
)

// Store implements report.FactStore over the collection facts, and report.CountStore over that and the collections minutes, hours and turns.
type Store struct {
	facts, minutes, hours, turns *mongo.Collection

	partSize int
}

var (
	_ report.FactStore  = (*Store)(nil)
	_ report.CountStore = (*Store)(nil)
)

// New returns a store in this database. It needs its indexes: see Indexes.
func New(db *mongo.Database) *Store {
	return &Store{db.Collection("facts"), db.Collection("minutes"), db.Collection("hours"), db.Collection("turns"), partSize}
}

// Indexes creates missing indexes.
func (s *Store) Indexes(ctx context.Context) error {
	for _, index := range []mongo.IndexModel{
		{Keys: bson.D{{Key: fieldUntil, Value: 1}, {Key: fieldSeen, Value: 1}}},
		{Keys: bson.D{{Key: fieldStream, Value: 1}}},
		{Keys: bson.D{{Key: fieldAccount, Value: 1}}},
		{Keys: bson.D{{Key: fieldUnfolded, Value: 1}}, Options: options.Index().SetSparse(true)},
	} { // one by one: FerretDB 1.24 drops the connection when it is asked for several that exist
		if _, err := s.facts.Indexes().CreateOne(ctx, index); err != nil {
			return mongodb.Fault(err)
		}
	}
	for _, groups := range []*mongo.Collection{s.minutes, s.hours} {
		index := mongo.IndexModel{Keys: append(bson.D{{Key: fieldBy, Value: 1}}, inOrder...)}
		if _, err := groups.Indexes().CreateOne(ctx, index); err != nil {
			return mongodb.Fault(err)
		}
	}
	return nil
}

// readWithin bounds a look at many documents, which takes longer than what the database is asked for otherwise.
const readWithin = 5 * time.Minute

// find calls each with the documents that match, one at a time.
func find[T any](ctx context.Context, in *mongo.Collection, filter bson.D, how *options.FindOptionsBuilder, each func(*T) error) error {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	cursor, err := in.Find(ctx, filter, how)
	if err != nil {
		return mongodb.Fault(err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	for cursor.Next(ctx) {
		var d T
		if err := cursor.Decode(&d); err != nil {
			return mongodb.Fault(err)
		}
		if err := each(&d); err != nil {
			return err
		}
	}
	return mongodb.Fault(cursor.Err())
}
