package mongostore

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"streamgate/libs/mongodb"
	"streamgate/user-svc/internal/account"
)

// ends is what is stored of another issuer's account in the collection ends.
type ends struct {
	ID      bson.ObjectID        `bson:"_id"` // of the account
	Each    map[string]time.Time `bson:"each"`
	Others  time.Time            `bson:"others"`
	But     string               `bson:"but"`
	Until   time.Time            `bson:"until"`
	Version int64                `bson:"version"`
}

// Ends implements account.EndStore.
func (s *Store) Ends(ctx context.Context, id string) (account.Ends, error) {
	key, ok := parseID(id)
	if !ok {
		return account.Ends{}, nil
	}
	var d ends
	err := s.ends.FindOne(ctx, bson.D{{Key: fieldID, Value: key}}).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return account.Ends{}, nil
	}
	if err != nil {
		return account.Ends{}, mongodb.Fault(err)
	}
	found := account.Ends{Each: map[string]time.Time{}, But: d.But, Until: d.Until.UTC(), Version: d.Version}
	if !d.Others.IsZero() {
		found.Others = d.Others.UTC()
	}
	for of, at := range d.Each {
		found.Each[of] = at.UTC()
	}
	return found, nil
}

// SaveEnds implements account.EndStore.
func (s *Store) SaveEnds(ctx context.Context, id string, e account.Ends) (bool, error) {
	key, ok := parseID(id)
	if !ok {
		return false, account.ErrNotFound
	}
	next := ends{ID: key, Each: e.Each, Others: e.Others, But: e.But, Until: e.Until, Version: e.Version + 1}
	if e.Version == 0 {
		_, err := s.ends.InsertOne(ctx, next)
		if mongo.IsDuplicateKeyError(err) {
			return false, nil
		}
		return err == nil, mongodb.Fault(err)
	}
	replaced, err := s.ends.ReplaceOne(ctx, bson.D{{Key: fieldID, Value: key}, {Key: "version", Value: e.Version}}, next)
	if err != nil {
		return false, mongodb.Fault(err)
	}
	return replaced.MatchedCount == 1, nil
}

// ForgetEnds implements account.EndStore.
func (s *Store) ForgetEnds(ctx context.Context, at time.Time) error {
	_, err := s.ends.DeleteMany(ctx, bson.D{{Key: fieldUntil, Value: bson.D{{Key: "$lt", Value: at}}}})
	return mongodb.Fault(err)
}
