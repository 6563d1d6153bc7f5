package mongostore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"streamgate/libs/mongodb"
	"streamgate/libs/objectid"
	"streamgate/libs/service"
	"streamgate/user-svc/internal/account"
)

// Store implements account.Store and account.ResetStore over the collection accounts, account.GuessStore over the
// collection guesses, and account.EndStore over the collection ends.
type Store struct{ accounts, guesses, ends *mongo.Collection }

var (
	_ account.Store      = (*Store)(nil)
	_ account.ResetStore = (*Store)(nil)
	_ account.GuessStore = (*Store)(nil)
	_ account.EndStore   = (*Store)(nil)
)

// New returns a store in this database. It needs its indexes: see Indexes.
func New(db *mongo.Database) *Store {
	return &Store{db.Collection("accounts"), db.Collection("guesses"), db.Collection("ends")}
}

// Indexes returns the start-up step that creates missing indexes. The unique one keeps two accounts from having the
// same address.
func (s *Store) Indexes() service.Step {
	return service.Step{Name: "make indexes in MongoDB", Do: func(ctx context.Context) error {
		for _, index := range []mongo.IndexModel{
			{Keys: bson.D{{Key: fieldCanonical, Value: 1}}, Options: options.Index().SetUnique(true)},
			{Keys: bson.D{{Key: fieldCreated, Value: -1}, {Key: fieldID, Value: 1}}},
			{Keys: bson.D{{Key: fieldResetHash, Value: 1}}, Options: options.Index().SetSparse(true)},
		} { // one by one: FerretDB 1.24 drops the connection when it is asked for several that exist
			if _, err := s.accounts.Indexes().CreateOne(ctx, index); err != nil {
				return mongodb.Fault(err)
			}
		}
		for _, collection := range []*mongo.Collection{s.guesses, s.ends} {
			if _, err := collection.Indexes().CreateOne(ctx, mongo.IndexModel{Keys: bson.D{{Key: fieldUntil, Value: 1}}}); err != nil {
				return mongodb.Fault(err)
			}
		}
		return nil
	}}
}

// Insert implements account.Store.
func (s *Store) Insert(ctx context.Context, a account.Account) (account.Account, error) {
	d := newDocument(a)
	_, err := s.accounts.InsertOne(ctx, d)
	if mongo.IsDuplicateKeyError(err) {
		return account.Account{}, account.ErrEmailTaken
	}
	if err != nil {
		return account.Account{}, mongodb.Fault(err)
	}
	return d.account(), nil
}

// ByID implements account.Store.
func (s *Store) ByID(ctx context.Context, id string) (account.Account, error) {
	key, ok := parseID(id)
	if !ok {
		return account.Account{}, account.ErrNotFound
	}
	return found(s.accounts.FindOne(ctx, bson.D{{Key: fieldID, Value: key}}))
}

// ByEmail implements account.Store.
func (s *Store) ByEmail(ctx context.Context, canonical string) (account.Account, error) {
	// Without its sessions, whose size would tell by the time that there is an account.
	short := options.FindOne().SetProjection(bson.D{{Key: fieldSessions, Value: 0}})
	return found(s.accounts.FindOne(ctx, bson.D{{Key: fieldCanonical, Value: canonical}}, short))
}

// List implements account.Store.
func (s *Store) List(ctx context.Context, q account.Query) ([]account.Account, int64, error) {
	filter := mongodb.Contains(q.Q, fieldName, fieldEmail)
	if q.Role != "" {
		filter = append(filter, bson.E{Key: fieldRole, Value: string(q.Role)})
	}
	total, err := s.accounts.CountDocuments(ctx, filter)
	if err != nil {
		return nil, 0, fmt.Errorf("count: %w", mongodb.Fault(err))
	}
	cursor, err := s.accounts.Find(ctx, filter, mongodb.Page(q.Query, map[string]string{"email": fieldCanonical}))
	if err != nil {
		return nil, 0, fmt.Errorf("list: %w", mongodb.Fault(err))
	}
	var documents []document
	if err := cursor.All(ctx, &documents); err != nil {
		return nil, 0, fmt.Errorf("list: %w", mongodb.Fault(err))
	}
	accounts := make([]account.Account, len(documents))
	for i := range documents {
		accounts[i] = documents[i].account()
	}
	return accounts, total, nil
}

// Update implements account.Store.
func (s *Store) Update(ctx context.Context, id string, change account.Change) (account.Account, error) {
	key, ok := parseID(id)
	if !ok {
		return account.Account{}, account.ErrNotFound
	}
	filter := bson.D{{Key: fieldID, Value: key}}
	if change.IfPasswordHash != "" {
		filter = append(filter, bson.E{Key: fieldPassword, Value: change.IfPasswordHash})
	}
	if change.IfRecorded {
		filter = append(filter, refreshable(change.Record)...)
	}
	if change.End != nil && !change.End.Others {
		filter = append(filter, recordedIn(change.End.Session)...)
	}
	set, unset := update(change)
	set, unset, err := s.changeSessions(ctx, id, change, set, unset)
	if err != nil {
		return account.Account{}, err
	}
	if len(set)+len(unset) == 0 {
		return found(s.accounts.FindOne(ctx, filter))
	}
	return s.change(ctx, filter, operators(set, unset))
}

// Delete implements account.Store.
func (s *Store) Delete(ctx context.Context, id string) error {
	key, ok := parseID(id)
	if !ok {
		return account.ErrNotFound
	}
	result, err := s.accounts.DeleteOne(ctx, bson.D{{Key: fieldID, Value: key}})
	if err != nil {
		return mongodb.Fault(err)
	}
	if result.DeletedCount == 0 {
		return account.ErrNotFound
	}
	return nil
}

// SaveReset implements account.ResetStore. The resets of a day are counted in a field of their own, which outlives the reset: first those of a
// day that has begun, and if there is none, a new day begins.
func (s *Store) SaveReset(ctx context.Context, id string, r account.Reset) (bool, error) {
	key, ok := parseID(id)
	if !ok {
		return false, nil
	}
	rested := bson.E{Key: "$or", Value: bson.A{
		bson.D{{Key: fieldReset, Value: bson.D{{Key: "$exists", Value: false}}}},
		bson.D{{Key: fieldResetFrom, Value: bson.D{{Key: "$lte", Value: r.Requested.Add(-account.ResetPause)}}}},
	}}
	saved := bson.E{Key: fieldReset, Value: reset{r.Hash, r.Requested, r.Expires}}
	dayAgo := r.Requested.Add(-24 * time.Hour)
	for _, attempt := range []struct{ filter, change bson.D }{
		{
			bson.D{{Key: fieldMailsSince, Value: bson.D{{Key: "$gt", Value: dayAgo}}}, {Key: fieldMailsCount, Value: bson.D{{Key: "$lt", Value: account.ResetsPerDay}}}},
			bson.D{{Key: "$set", Value: bson.D{saved}}, {Key: "$inc", Value: bson.D{{Key: fieldMailsCount, Value: 1}}}},
		},
		{
			bson.D{{Key: fieldMailsSince, Value: bson.D{{Key: "$not", Value: bson.D{{Key: "$gt", Value: dayAgo}}}}}}, // or missing
			bson.D{{Key: "$set", Value: bson.D{saved, {Key: fieldMails, Value: mails{r.Requested, 1}}}}},
		},
	} {
		result, err := s.accounts.UpdateOne(ctx, append(attempt.filter, bson.E{Key: fieldID, Value: key}, rested), attempt.change)
		if err != nil {
			return false, mongodb.Fault(err)
		}
		if result.MatchedCount == 1 {
			return true, nil
		}
	}
	return false, nil
}

// ByReset implements account.ResetStore.
func (s *Store) ByReset(ctx context.Context, hash []byte, at time.Time) (string, time.Time, error) {
	var d document
	if err := s.accounts.FindOne(ctx, outstanding(hash, at)).Decode(&d); err != nil {
		return "", time.Time{}, missing(err)
	}
	return d.ID.Hex(), d.Reset.Expires.UTC(), nil
}

// Redeem implements account.ResetStore.
func (s *Store) Redeem(ctx context.Context, hash []byte, at time.Time, passwordHash string) (account.Account, error) {
	set, unset := update(account.Change{PasswordHash: &passwordHash, WithdrawReset: true, At: at})
	return s.change(ctx, outstanding(hash, at), operators(append(set, only(map[string]session{})...), unset))
}

// outstanding matches the account with this reset, unless it has expired.
func outstanding(hash []byte, at time.Time) bson.D {
	return bson.D{{Key: fieldResetHash, Value: hash}, {Key: fieldResetEnd, Value: bson.D{{Key: "$gt", Value: at}}}}
}

// change updates the account that matches, and returns it as changed.
func (s *Store) change(ctx context.Context, filter, operators bson.D) (account.Account, error) {
	return found(s.accounts.FindOneAndUpdate(ctx, filter, operators, options.FindOneAndUpdate().SetReturnDocument(options.After)))
}

func found(result *mongo.SingleResult) (account.Account, error) {
	var d document
	if err := result.Decode(&d); err != nil {
		return account.Account{}, missing(err)
	}
	return d.account(), nil
}

func missing(err error) error {
	if errors.Is(err, mongo.ErrNoDocuments) {
		return account.ErrNotFound
	}
	return mongodb.Fault(err)
}

// parseID parses an id. Text in another form belongs to no account.
func parseID(text string) (bson.ObjectID, bool) {
	id, err := objectid.Parse("id", text)
	return bson.ObjectID(id), err == nil
}
