package mongostore

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"streamgate/content-svc/internal/video"
	"streamgate/libs/listing"
	"streamgate/libs/mongodb"
	"streamgate/libs/objectid"
	"streamgate/libs/service"
)

// Store is a video.Store.
type Store struct {
	contents *mongo.Collection
	seeds    *mongo.Collection // one document for each name that was seeded
}

// New returns a store in a database.
func New(db *mongo.Database) *Store {
	return &Store{contents: db.Collection("contents"), seeds: db.Collection("seeds")}
}

// Indexes returns the step of start-up that creates the missing indexes. They make the sort orders of lists cheap.
func (s *Store) Indexes() service.Step {
	return service.Step{Name: "make indexes in MongoDB", Do: func(ctx context.Context) error {
		// One at a time: FerretDB 1.24 drops the connection when several indexes of one request exist.
		for _, keys := range []bson.D{
			{{Key: "createdAt", Value: -1}, {Key: "_id", Value: 1}},
			{{Key: "name", Value: 1}, {Key: "_id", Value: 1}},
			{{Key: "type", Value: 1}, {Key: "_id", Value: 1}},
		} {
			if _, err := s.contents.Indexes().CreateOne(ctx, mongo.IndexModel{Keys: keys}); err != nil {
				return mongodb.Fault(err)
			}
		}
		return nil
	}}
}

// List implements video.Store.
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

// Get implements video.Store.
func (s *Store) Get(ctx context.Context, id objectid.ID) (video.Content, error) {
	return content(s.contents.FindOne(ctx, byID(id)))
}

// Insert implements video.Store.
func (s *Store) Insert(ctx context.Context, c video.Content) error {
	_, err := s.contents.InsertOne(ctx, newDocument(c))
	return mongodb.Fault(err)
}

// Update implements video.Store.
func (s *Store) Update(ctx context.Context, id objectid.ID, update video.Update) (video.Content, error) {
	set := bson.D{{Key: "updatedAt", Value: update.At}}
	if update.Type != nil {
		set = append(set, bson.E{Key: "type", Value: string(*update.Type)})
	}
	for name, value := range map[string]*string{"name": update.Name, "description": update.Description, "src": update.Src, "poster": update.Poster} {
		if value != nil {
			set = append(set, bson.E{Key: name, Value: *value})
		}
	}
	if update.Src != nil {
		film := video.Film{} // not known of what is somewhere else
		if update.Film != nil {
			film = *update.Film
		}
		set = append(set, bson.E{Key: "duration", Value: film.Duration.Milliseconds()},
			bson.E{Key: "width", Value: film.Width}, bson.E{Key: "height", Value: film.Height})
	}
	after := options.FindOneAndUpdate().SetReturnDocument(options.After)
	return content(s.contents.FindOneAndUpdate(ctx, byID(id), bson.D{{Key: "$set", Value: set}}, after))
}

// Delete implements video.Store.
func (s *Store) Delete(ctx context.Context, id objectid.ID) error {
	result, err := s.contents.DeleteOne(ctx, byID(id))
	if err == nil && result.DeletedCount == 0 {
		return video.ErrNotFound
	}
	return mongodb.Fault(err)
}

// Seed implements video.Store. The mark comes last, so that an interrupted seed is completed by the next.
func (s *Store) Seed(ctx context.Context, name string, contents []video.Content) error {
	mark := bson.D{{Key: "_id", Value: name}}
	err := s.seeds.FindOne(ctx, mark).Err()
	if !errors.Is(err, mongo.ErrNoDocuments) {
		return mongodb.Fault(err)
	}
	for _, c := range contents {
		if _, err := s.contents.InsertOne(ctx, newDocument(c)); err != nil && !mongo.IsDuplicateKeyError(err) {
			return mongodb.Fault(err)
		}
	}
	if _, err := s.seeds.InsertOne(ctx, mark); err != nil && !mongo.IsDuplicateKeyError(err) {
		return mongodb.Fault(err)
	}
	return nil
}

func byID(id objectid.ID) bson.D { return bson.D{{Key: "_id", Value: bson.ObjectID(id)}} }

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
