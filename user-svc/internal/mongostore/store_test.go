package mongostore_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"streamgate/libs/fault"
	"streamgate/libs/testkit"
	"streamgate/user-svc/internal/account"
	"streamgate/user-svc/internal/account/storetest"
	"streamgate/user-svc/internal/mongostore"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Stores {
		t.Helper()
		uri, database := testkit.Mongo(t)
		return open(t, uri, database)
	})
}

func open(t *testing.T, uri, database string) *mongostore.Store {
	t.Helper()
	db := testkit.OpenMongo(t, uri, database)
	store := mongostore.New(db)
	for range 2 { // every replica does it, at every start
		if err := store.Indexes().Do(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return store
}

// The ids of two accounts reveal nothing of the ids between them. The driver's own ids of one second begin with the
// same nine bytes.
func TestIDsAreRandom(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	store := open(t, uri, database)
	insert := func(email string) string {
		t.Helper()
		inserted, err := store.Insert(t.Context(), account.Account{Email: email, CanonicalEmail: email})
		if err != nil {
			t.Fatal(err)
		}
		return inserted.ID
	}
	if a, b := insert("a@example.com"), insert("b@example.com"); a[8:18] == b[8:18] {
		t.Errorf("%s and %s are of one series", a, b)
	}
}

// A guess is written in the same way whether it counts or not, as during a lock: the time it takes tells nothing.
func TestGuessesThatDontCountAreWritten(t *testing.T) {
	t.Parallel()
	uri, database := testkit.Mongo(t)
	store, at := open(t, uri, database), time.Now()
	stored := func() bson.Raw {
		t.Helper()
		raw, err := testkit.OpenMongo(t, uri, database).Collection("guesses").FindOne(t.Context(), bson.D{{Key: "_id", Value: "a"}}).Raw()
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	var before bson.Raw
	for _, counts := range []time.Duration{time.Minute, 0, 0} {
		if err := store.CountGuess(t.Context(), at, map[string]time.Duration{"a": counts}); err != nil {
			t.Fatal(err)
		}
		after := stored()
		if bytes.Equal(before, after) {
			t.Errorf("nothing was written: %v", after)
		}
		before = after
	}
}

// Every method says so when the server is away.
func TestStoreAway(t *testing.T) {
	t.Parallel()
	db := testkit.OpenMongo(t, "mongodb://"+testkit.FreeAddr(t), "any")
	store := mongostore.New(db)
	var calls sync.WaitGroup
	id, hash, name := testkit.NewID(), []byte("hash"), "name"
	for method, call := range map[string]func(context.Context) error{
		"Insert":  func(ctx context.Context) error { _, err := store.Insert(ctx, account.Account{}); return err },
		"ByID":    func(ctx context.Context) error { _, err := store.ByID(ctx, id); return err },
		"ByEmail": func(ctx context.Context) error { _, err := store.ByEmail(ctx, "a@b"); return err },
		"List":    func(ctx context.Context) error { _, _, err := store.List(ctx, account.Query{}); return err },
		"Update": func(ctx context.Context) error {
			_, err := store.Update(ctx, id, account.Change{Name: &name})
			return err
		},
		"Session": func(ctx context.Context) error { _, err := store.Session(ctx, id, "AAAAAAAAAAA"); return err },
		"Guesses": func(ctx context.Context) error { _, err := store.Guesses(ctx, "a"); return err },
		"CountGuess": func(ctx context.Context) error {
			return store.CountGuess(ctx, time.Now(), map[string]time.Duration{"a": time.Second})
		},
		"Remember":      func(ctx context.Context) error { return store.Remember(ctx, time.Now(), "a") },
		"ForgetGuesses": func(ctx context.Context) error { return store.ForgetGuesses(ctx, "a") },
		"ForgetOlder":   func(ctx context.Context) error { return store.ForgetOlder(ctx, time.Now()) },
		"Ends":          func(ctx context.Context) error { _, err := store.Ends(ctx, id); return err },
		"SaveEnds":      func(ctx context.Context) error { _, err := store.SaveEnds(ctx, id, account.Ends{}); return err },
		"ForgetEnds":    func(ctx context.Context) error { return store.ForgetEnds(ctx, time.Now()) },
		"Delete":        func(ctx context.Context) error { return store.Delete(ctx, id) },
		"SaveReset": func(ctx context.Context) error {
			_, err := store.SaveReset(ctx, id, account.Reset{})
			return err
		},
		"ByReset": func(ctx context.Context) error { _, _, err := store.ByReset(ctx, hash, time.Now()); return err },
		"Redeem":  func(ctx context.Context) error { _, err := store.Redeem(ctx, hash, time.Now(), "new"); return err },
	} {
		calls.Go(func() { // at once, since each waits for a server
			if err := call(t.Context()); fault.KindOf(err) != fault.Unavailable {
				t.Errorf("%s: error %v, want fault.Unavailable", method, err)
			}
		})
	}
	calls.Wait()
}
