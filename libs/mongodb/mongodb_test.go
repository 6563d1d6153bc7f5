package mongodb_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"streamgate/libs/fault"
	"streamgate/libs/listing"
	"streamgate/libs/metrics"
	"streamgate/libs/mongodb"
	"streamgate/libs/service"
	"streamgate/libs/testkit"
)

func open(t testing.TB, uri, database string) *mongo.Database {
	t.Helper()
	db, err := mongodb.Open(uri, database, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mongodb.Close(db)(context.Background()) })
	return db
}

// nowhere returns the address of a server that is away: nothing listens there.
func nowhere(t testing.TB) string {
	t.Helper()
	return "mongodb://" + testkit.FreeAddr(t)
}

// silent returns the address of a server that accepts connections, and never answers.
func silent(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return "mongodb://" + listener.Addr().String()
}

func isAway(t testing.TB, what string, err error) {
	t.Helper()
	e, ok := errors.AsType[*fault.Error](mongodb.Fault(err))
	if !ok || e.Kind != fault.Unavailable || e.RetryAfter <= 0 || err == nil || e.Unwrap() == nil {
		t.Errorf("%s: %v becomes %v", what, err, e)
	}
}

func TestOpenTellsNoPassword(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"", "localhost", "http://user:hunter2@host", "mongodb://user:hunter2@", "mongodb://user:hun/ter2@host", "mongodb://user:hunter2@host:99999",
	} {
		for _, fault := range mongodb.Validate(uri, "test") {
			if strings.Contains(fault.Error(), "hun") {
				t.Errorf("%s: %v", uri, fault)
			}
		}
		_, err := mongodb.Open(uri, "test", "test", nil)
		if err == nil || !strings.HasPrefix(err.Error(), "MONGODB_URI: ") || strings.Contains(err.Error(), "hun") {
			t.Errorf("%s: %v", uri, err)
		}
	}
}

func TestNothingHangsWhenTheServerIsAway(t *testing.T) {
	t.Parallel()
	for name, uri := range map[string]string{"nothing listens": nowhere(t), "nothing answers": silent(t)} {
		collection := open(t, uri, "test").Collection("things")
		for what, call := range map[string]func(context.Context) error{
			"read": func(ctx context.Context) error { return collection.FindOne(ctx, bson.D{}).Err() },
			"write": func(ctx context.Context) error {
				_, err := collection.InsertOne(ctx, bson.D{})
				return err
			},
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				isAway(t, what, call(t.Context()))
				if took := time.Since(began); took > 3*time.Second { // of the driver's own 30
					t.Errorf("it took %v to say so", took)
				}
				deadline, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
				defer cancel()
				isAway(t, what+" with a deadline", call(deadline))
				left, cancel := context.WithCancel(t.Context())
				cancel()
				if err := mongodb.Fault(call(left)); !errors.Is(err, context.Canceled) {
					t.Errorf("a caller who left gets %v", err)
				}
			})
		}
	}
}

func TestFault(t *testing.T) {
	t.Parallel()
	if err := mongodb.Fault(nil); err != nil {
		t.Errorf("nothing becomes %v", err)
	}
	for what, err := range map[string]error{
		"stepping down":     mongo.CommandError{Code: 10107, Message: "not primary"},
		"starting":          fmt.Errorf("find: %w", mongo.CommandError{Code: 13436}),
		"stopping, a write": mongo.WriteException{WriteConcernError: &mongo.WriteConcernError{Code: 91}},
		"the network":       mongo.CommandError{Labels: []string{"NetworkError"}},
		"too slow":          mongo.CommandError{Code: 50, Name: "MaxTimeMSExpired"},
		"our shutdown":      mongo.ErrClientDisconnected,
		"our deadline":      context.DeadlineExceeded,
	} {
		isAway(t, what, err)
	}
	for what, err := range map[string]error{
		"a duplicate":  mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 11000}}},
		"nothing":      mongo.ErrNoDocuments,
		"our mistake":  mongo.CommandError{Code: 2, Message: "bad value"},
		"unauthorized": mongo.CommandError{Code: 13},
		"any other":    errors.New("oops"),
	} {
		if got := mongodb.Fault(err); fault.KindOf(got) != fault.Internal || got == nil || got.Error() != "MongoDB: "+err.Error() {
			t.Errorf("%s becomes %v", what, got)
		}
	}
	if !errors.Is(mongodb.Fault(mongo.ErrNoDocuments), mongo.ErrNoDocuments) {
		t.Error("nothing is something else now")
	}
	if got := mongodb.Fault(mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: 11000}}}); !mongo.IsDuplicateKeyError(got) {
		t.Errorf("a duplicate is not one any more: %v", got)
	}
}

func TestPingWaitsForTheServer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	s := &service.Service{
		Registry: metrics.NewRegistry("", ""), Log: testkit.Logger(t), Prepare: []service.Step{mongodb.Ping(open(t, nowhere(t), "test"))},
		Background: []func(context.Context){func(context.Context) { t.Error("ready without a server") }},
	}
	const addr = "127.0.0.1:0"
	settings := service.Settings{PublicAddr: addr, InternalAddr: addr, OperationsAddr: addr, DrainTimeout: time.Second}
	if err := s.Run(ctx, settings); err != nil {
		t.Error(err)
	}
}

// filled returns a collection with things of these names.
func filled(t testing.TB, names ...string) *mongo.Collection {
	t.Helper()
	uri, database := testkit.Mongo(t)
	db := open(t, uri, database)
	if err := mongodb.Ping(db).Do(t.Context()); err != nil {
		t.Fatal(err)
	}
	collection := db.Collection("things")
	for i, name := range names {
		thing := bson.D{{Key: "title", Value: name}, {Key: "note", Value: fmt.Sprintf("n%d", i%2)}}
		if _, err := collection.InsertOne(t.Context(), thing); err != nil {
			t.Fatal(err)
		}
	}
	return collection
}

func titles(t testing.TB, collection *mongo.Collection, filter bson.D, q listing.Query) []string {
	t.Helper()
	cursor, err := collection.Find(t.Context(), filter, mongodb.Page(q, map[string]string{"name": "title"}))
	if err != nil {
		t.Fatal(err)
	}
	var things []struct{ Title string }
	if err := cursor.All(t.Context(), &things); err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, thing := range things {
		found = append(found, thing.Title)
	}
	return found
}

func TestContains(t *testing.T) {
	t.Parallel()
	names := []string{"Alpha", "beta (1)", "a.b*c", "$where", "ÜBER", "back\\slash", "^begin", "[a-z]", "", "two\nlines"}
	collection := filled(t, names...)
	all := listing.Query{Page: 1, Limit: 100}
	for text, want := range map[string][]string{
		"":      names,
		"alp":   {"Alpha"},
		"LPHA":  {"Alpha"},
		"(":     {"beta (1)"},
		".":     {"a.b*c"},
		".*":    {},
		"b*c":   {"a.b*c"},
		"$":     {"$where"},
		"$ne":   {},
		"\\":    {"back\\slash"},
		"^":     {"^begin"},
		"[a-z]": {"[a-z]"},
		"|":     {},
		"(?i)":  {},
		"\\E":   {},
		"n0":    {"Alpha", "a.b*c", "ÜBER", "^begin", ""}, // in the other field
	} {
		if got := titles(t, collection, mongodb.Contains(text, "title", "note"), all); !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("%q is in %q, want %q", text, got, want)
		}
	}
}

func TestPagesDoNotOverlap(t *testing.T) {
	t.Parallel()
	names := []string{"b", "a", "b", "a", "b", "c", "a"}
	collection := filled(t, names...)
	for _, sort := range [][]listing.SortKey{nil, {{Field: "name"}}, {{Field: "note"}}, {{Field: "note", Descending: true}, {Field: "name"}}} {
		var all []string
		for page := 1; page <= 4; page++ {
			all = append(all, titles(t, collection, bson.D{}, listing.Query{Page: page, Limit: 2, Sort: sort})...)
		}
		if len(all) != len(names) {
			t.Errorf("by %v: pages of %q", sort, all)
		}
		if again := titles(t, collection, bson.D{}, listing.Query{Page: 1, Limit: 100, Sort: sort}); !slices.Equal(all, again) {
			t.Errorf("by %v: pages %q of %q", sort, all, again)
		}
	}
	byName := titles(t, collection, bson.D{}, listing.Query{Page: 1, Limit: 100, Sort: []listing.SortKey{{Field: "name", Descending: true}}})
	if want := []string{"c", "b", "b", "b", "a", "a", "a"}; !slices.Equal(byName, want) {
		t.Errorf("from the last name %q", byName)
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 63)
	for _, right := range [][2]string{{"mongodb://mongodb", "streamgate"}, {"mongodb+srv://u:p@cluster.example.com", long}} {
		if faults := mongodb.Validate(right[0], right[1]); len(faults) > 0 {
			t.Errorf("%q: %v", right, faults)
		}
	}
	for _, wrong := range [][2]string{
		{"", "streamgate"}, {"postgres://u:hunter2@db", "streamgate"}, {"mongodb://mongodb", ""}, {"mongodb://mongodb", "a b"}, {"mongodb://mongodb", long + "x"},
	} {
		if faults := mongodb.Validate(wrong[0], wrong[1]); len(faults) != 1 || strings.Contains(faults[0].Error(), "hunter2") {
			t.Errorf("%q: %v", wrong, faults)
		}
	}
}

// What an address says counts, or is refused by name, all of it at once.
func TestWhatAnAddressSaysCounts(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{
		"mongodb+srv://u:p@cluster.example.com/?retryWrites=true&w=majority&appName=Cluster0",
		"mongodb+srv://u:p@cluster.example.com/?srvMaxHosts=3&tls=true&srvServiceName=db",
		"mongodb://a,b,c/users?replicaSet=rs0&authSource=admin&readPreference=primary&maxPoolSize=20&timeoutMS=3000",
	} {
		if faults := mongodb.Validate(uri, "x"); len(faults) > 0 {
			t.Errorf("%s: %v", uri, faults)
		}
	}
	for uri, words := range map[string][]string{
		"mongodb://host/?w=1":                                                      {"w is"},
		"mongodb://host/?w=0&journal=false":                                        {"w is", "journal"},
		"mongodb://host/?readPreference=secondary":                                 {"readPreference"},
		"mongodb://host/?socketTimeoutMS=9&conectTimeoutMS=1&waitQueueTimeoutMS=2": {"sockettimeoutms", "conecttimeoutms", "waitqueuetimeoutms"},
		"mongodb://host/?maxPoolSize=1&maxPoolSize=2":                              {"2 times"},
		"mongodb://host/?maxPoolSize=many":                                         {"MONGODB_URI"},
		"mongodb+srv://host.example.com/?fsync=true":                               {"fsync"},
	} {
		faults := mongodb.Validate(uri, "x")
		text := fmt.Sprint(faults)
		if len(faults) != len(words) {
			t.Errorf("%s: %v", uri, faults)
		}
		for _, word := range words {
			if !strings.Contains(text, word) {
				t.Errorf("%s: no %q in %v", uri, word, faults)
			}
		}
	}
	began := time.Now()
	db := open(t, silent(t)+"/?serverSelectionTimeoutMS=50", "test")
	isAway(t, "a server that is silent", mongodb.Ping(db).Do(t.Context()))
	if took := time.Since(began); took > time.Second {
		t.Errorf("the time that the address names doesn't count: it took %v", took)
	}
}
