package mongostore

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"streamgate/libs/mongodb"
	"streamgate/user-svc/internal/account"
)

// guess is what is stored of a key in the collection guesses.
type guess struct {
	Key       string    `bson:"_id"`
	Forgotten int64     `bson:"forgotten,omitempty"` // Unix milliseconds, since $inc adds to no date
	Known     bool      `bson:"known,omitempty"`
	Until     time.Time `bson:"until"`  // when all of it means nothing any more
	Writes    int64     `bson:"writes"` // how often it was written
}

const fieldUntil = "until"

// Guesses implements account.GuessStore.
func (s *Store) Guesses(ctx context.Context, keys ...string) (map[string]account.Guesses, error) {
	cursor, err := s.guesses.Find(ctx, bson.D{{Key: fieldID, Value: bson.D{{Key: "$in", Value: keys}}}})
	if err != nil {
		return nil, mongodb.Fault(err)
	}
	var found []guess
	if err := cursor.All(ctx, &found); err != nil {
		return nil, mongodb.Fault(err)
	}
	guesses := make(map[string]account.Guesses, len(found))
	for _, g := range found {
		guesses[g.Key] = account.Guesses{Forgotten: time.UnixMilli(g.Forgotten).UTC(), Known: g.Known}
	}
	return guesses, nil
}

// CountGuess implements account.GuessStore. Of each two updates, the second adds to what the first has left, also when others come between. Both
// change something, whatever counts: a server that has nothing to write is faster, and the time would tell of a lock.
func (s *Store) CountGuess(ctx context.Context, at time.Time, each map[string]time.Duration) error {
	var updates []mongo.WriteModel
	written := bson.E{Key: "writes", Value: int64(1)}
	for key, counts := range each {
		updates = append(updates,
			upsert(key, bson.D{
				{Key: "$max", Value: bson.D{{Key: "forgotten", Value: at.UnixMilli()}, {Key: fieldUntil, Value: at}}}, {Key: "$inc", Value: bson.D{written}},
			}),
			upsert(key, bson.D{{Key: "$inc", Value: bson.D{{Key: "forgotten", Value: counts.Milliseconds()}, written}}}))
	}
	return s.updateGuesses(ctx, updates)
}

// Remember implements account.GuessStore.
func (s *Store) Remember(ctx context.Context, until time.Time, keys ...string) error {
	updates := make([]mongo.WriteModel, len(keys))
	for i, key := range keys {
		updates[i] = upsert(key, bson.D{
			{Key: "$set", Value: bson.D{{Key: "known", Value: true}}}, {Key: "$max", Value: bson.D{{Key: fieldUntil, Value: until}}},
		})
	}
	return s.updateGuesses(ctx, updates)
}

func upsert(key string, update bson.D) mongo.WriteModel {
	return mongo.NewUpdateOneModel().SetFilter(bson.D{{Key: fieldID, Value: key}}).SetUpdate(update).SetUpsert(true)
}

// updateGuesses sends the updates as one command. Two replicas may insert a key at the same time: one of them updates instead.
func (s *Store) updateGuesses(ctx context.Context, updates []mongo.WriteModel) error {
	_, err := s.guesses.BulkWrite(ctx, updates)
	if mongo.IsDuplicateKeyError(err) {
		_, err = s.guesses.BulkWrite(ctx, updates)
	}
	return mongodb.Fault(err)
}

// ForgetGuesses implements account.GuessStore.
func (s *Store) ForgetGuesses(ctx context.Context, key string) error {
	_, err := s.guesses.DeleteOne(ctx, bson.D{{Key: fieldID, Value: key}})
	return mongodb.Fault(err)
}

// ForgetOlder implements account.GuessStore.
func (s *Store) ForgetOlder(ctx context.Context, at time.Time) error {
	_, err := s.guesses.DeleteMany(ctx, bson.D{
		{Key: fieldUntil, Value: bson.D{{Key: "$lt", Value: at}}},
		{Key: "forgotten", Value: bson.D{{Key: "$not", Value: bson.D{{Key: "$gte", Value: at.UnixMilli()}}}}},
	})
	return mongodb.Fault(err)
}
