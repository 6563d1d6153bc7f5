// Package mongostore keeps the catalogue in MongoDB.
package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"streamgate/content-svc/internal/video"
	"streamgate/libs/listing"
	"streamgate/libs/mongodb"
	"streamgate/libs/service"
)

// Store is a video.Store.
type Store struct {
	contents *mongo.Collection
	seeds    *mongo.Collection // one document for each name that was seeded
}

// New makes a store in a database.
func New(db *mongo.Database) *Store {
	return &Store{contents: db.Collection("contents"), seeds: db.Collection("seeds")}
}

// Indexes is the step of start-up that makes the sort orders of lists cheap.
func (s *Store) Indexes() service.Step {
	return service.Step{Name: "create indexes", Do: func(ctx context.Context) error {
		// One at a time: FerretDB 1.24 breaks the connection when several of a request exist.
		for _, keys := range []bson.D{
			{{Key: "createdAt", Value: -1}, {Key: "_id", Value: 1}},
			{{Key: "name", Value: 1}, {Key: "_id", Value: 1}},
			{{Key: "type", Value: 1}, {Key: "_id", Value: 1}},
		} {
			if _, err := s.contents.Indexes().CreateOne(ctx, mongo.IndexModel{Keys: keys}); err != nil {
				return fmt.Errorf("indexes: %w", err)
			}
		}
		return nil
	}}
}

// document is a content as it is stored.
type document struct {
	ID          bson.ObjectID `bson:"_id"`
	Type        string        `bson:"type"`
	Name        string        `bson:"name"`
	Description string        `bson:"description"`
	Src         string        `bson:"src"`
	CreatedAt   time.Time     `bson:"createdAt"`
	UpdatedAt   time.Time     `bson:"updatedAt"`
}

func toDocument(c video.Content) document {
	return document{bson.ObjectID(c.ID), string(c.Type), c.Name, c.Description, c.Src, c.CreatedAt, c.UpdatedAt}
}

func (d document) content() video.Content {
	return video.Content{
		ID: video.ID(d.ID), Type: video.Type(d.Type), Name: d.Name, Description: d.Description, Src: d.Src,
		CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
}

// List is as video.Store says.
func (s *Store) List(ctx context.Context, q listing.Query) ([]video.Content, int64, error) {
	filter := mongodb.Contains(q.Q, "name", "description")
	total, err := s.contents.CountDocuments(ctx, filter)
	if err != nil {
		return nil, 0, mongodb.Fault(err)
	}
	cursor, err := s.contents.Find(ctx, filter, mongodb.Page(q, nil))
	if err != nil {
		return nil, 0, mongodb.Fault(err)
	}
	var documents []document
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, 0, mongodb.Fault(err)
	}
	contents := make([]video.Content, len(documents))
	for i, d := range documents {
		contents[i] = d.content()
	}
	return contents, total, nil
}

// Get is as video.Store says.
func (s *Store) Get(ctx context.Context, id video.ID) (video.Content, error) {
	return content(s.contents.FindOne(ctx, byID(id)))
}

// Insert is as video.Store says.
func (s *Store) Insert(ctx context.Context, c video.Content) error {
	_, err := s.contents.InsertOne(ctx, toDocument(c))
	return mongodb.Fault(err)
}

// Update is as video.Store says.
func (s *Store) Update(ctx context.Context, id video.ID, update video.Update) (video.Content, error) {
	set := bson.D{{Key: "updatedAt", Value: update.At}}
	if update.Type != nil {
		set = append(set, bson.E{Key: "type", Value: string(*update.Type)})
	}
	for name, value := range map[string]*string{"name": update.Name, "description": update.Description, "src": update.Src} {
		if value != nil {
			set = append(set, bson.E{Key: name, Value: *value})
		}
	}
	after := options.FindOneAndUpdate().SetReturnDocument(options.After)
	return content(s.contents.FindOneAndUpdate(ctx, byID(id), bson.D{{Key: "$set", Value: set}}, after))
}

// Delete is as video.Store says.
func (s *Store) Delete(ctx context.Context, id video.ID) error {
	result, err := s.contents.DeleteOne(ctx, byID(id))
	if err == nil && result.DeletedCount == 0 {
		return video.ErrNotFound
	}
	return mongodb.Fault(err)
}

// Seed is as video.Store says. The mark comes last, so that an interrupted seed is completed by the next.
func (s *Store) Seed(ctx context.Context, name string, contents []video.Content) error {
	mark := bson.D{{Key: "_id", Value: name}}
	err := s.seeds.FindOne(ctx, mark).Err()
	if !errors.Is(err, mongo.ErrNoDocuments) {
		return mongodb.Fault(err)
	}
	for _, c := range contents {
		if _, err := s.contents.InsertOne(ctx, toDocument(c)); err != nil && !mongo.IsDuplicateKeyError(err) {
			return mongodb.Fault(err)
		}
	}
	if _, err := s.seeds.InsertOne(ctx, mark); err != nil && !mongo.IsDuplicateKeyError(err) {
		return mongodb.Fault(err)
	}
	return nil
}

func byID(id video.ID) bson.D { return bson.D{{Key: "_id", Value: bson.ObjectID(id)}} }

func content(result *mongo.SingleResult) (video.Content, error) {
	var d document
	err := result.Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return video.Content{}, video.ErrNotFound
	}
	if err != nil {
		return video.Content{}, mongodb.Fault(err)
	}
	return d.content(), nil
}
