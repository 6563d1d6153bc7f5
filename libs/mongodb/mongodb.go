package mongodb

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/connstring"

	"streamgate/libs/fault"
	"streamgate/libs/listing"
	"streamgate/libs/service"
	"streamgate/libs/tracing"
)

const (
	// operationTimeout bounds every operation, with its retries.
	operationTimeout = 5 * time.Second
	// selectionTimeout is how long an operation waits for a server. With the driver's own 30 s every request would hang
	// while the server is away.
	selectionTimeout = 2 * time.Second
)

// Validate returns every fault of the settings MONGODB_URI and MONGODB_DATABASE.
func Validate(uri, database string) []error {
	var faults []error
	switch {
	case uri == "":
		faults = append(faults, errors.New("MONGODB_URI: missing; set it to the server's address, such as mongodb://mongodb:27017"))
	case !strings.HasPrefix(uri, "mongodb://") && !strings.HasPrefix(uri, "mongodb+srv://"):
		faults = append(faults, errors.New("MONGODB_URI: doesn't begin with mongodb:// or mongodb+srv://")) // it may have a password in it
	default:
		faults = append(faults, optionFaults(uri)...)
	}
	if database == "" || strings.ContainsAny(database, "/\\. \"$*<>:|?") || len(database) > maxDatabase {
		faults = append(faults, errors.New("MONGODB_DATABASE: not the name of a database, such as streamgate"))
	}
	return faults
}

// withoutEffect are the options of an address that the driver knows and that would not count: it ignores the first, and writes are acknowledged by a
// majority, and reads see them, whatever the address says.
var withoutEffect = []string{"sockettimeoutms", "journal", "readpreferencetags", "maxstaleness", "maxstalenessseconds"}

// optionFaults names the options of an address that would not count.
func optionFaults(uri string) (faults []error) {
	// The driver asks DNS for the hosts of an address with srv, which no check of settings should wait for.
	plain := "mongodb://" + strings.TrimPrefix(strings.TrimPrefix(uri, "mongodb://"), "mongodb+srv://")
	if strings.HasPrefix(uri, "mongodb+srv://") {
		plain = srvOptions.ReplaceAllString(plain, "$1")
	}
	read, err := connstring.Parse(plain)
	if err != nil {
		return []error{fmt.Errorf("MONGODB_URI: %w", err)}
	}
	for _, name := range slices.Sorted(maps.Keys(read.UnknownOptions)) {
		faults = append(faults, fmt.Errorf("MONGODB_URI: the option %s is not known; remove it", name))
	}
	for _, name := range slices.Sorted(maps.Keys(read.Options)) {
		value := read.Options[name][len(read.Options[name])-1]
		switch {
		case slices.Contains(withoutEffect, name):
			faults = append(faults, fmt.Errorf("MONGODB_URI: the option %s has no effect here; remove it", name))
		case name == "w" && value != "majority":
			faults = append(faults, fmt.Errorf("MONGODB_URI: the option w is %q, and a failover would lose what was written; remove it, or set it to majority", value))
		case name == "readpreference" && !strings.EqualFold(value, "primary"):
			faults = append(faults, fmt.Errorf("MONGODB_URI: the option readPreference is %q, and what was just written might not be read; remove it", value))
		case len(read.Options[name]) > 1:
			faults = append(faults, fmt.Errorf("MONGODB_URI: the option %s is given %d times", name, len(read.Options[name])))
		}
	}
	return faults
}

// srvOptions matches the options that only an address with srv may have.
var srvOptions = regexp.MustCompile(`(?i)([?&])(?:srvMaxHosts|srvServiceName)=[^&]*(?:&|$)`)

// maxDatabase is the largest length in bytes of a database's name in MongoDB.
const maxDatabase = 63

// Open returns a handle of one database on the server at uri. It doesn't connect: Ping does. Writes are acknowledged by
// a majority, so that a failover loses none. Options of the address count before our own. Traces may be nil.
func Open(uri, database, service string, traces *tracing.Tracing) (*mongo.Database, error) {
	o := options.Client().SetAppName(service).
		SetTimeout(operationTimeout).SetServerSelectionTimeout(selectionTimeout).SetConnectTimeout(selectionTimeout).
		ApplyURI(uri).SetWriteConcern(writeconcern.Majority())
	if traces != nil {
		o.SetMonitor(traced())
	}
	client, err := mongo.Connect(o)
	if err != nil {
		return nil, fmt.Errorf("MONGODB_URI: %w", err)
	}
	return client.Database(database), nil
}

// Ping returns the start-up step that waits for the server.
func Ping(db *mongo.Database) service.Step {
	return service.Step{Name: "connect to MongoDB", Do: func(ctx context.Context) error {
		if err := db.Client().Ping(ctx, readpref.Primary()); err != nil {
			return fmt.Errorf("MongoDB: %w", err)
		}
		return nil
	}}
}

// Close returns a function that ends the client's connections.
func Close(db *mongo.Database) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := db.Client().Disconnect(ctx); err != nil {
			return fmt.Errorf("MongoDB: %w", err)
		}
		return nil
	}
}

// Fault adds a kind to an error of the driver: the server's absence is fault.Unavailable.
func Fault(err error) error {
	switch {
	case err == nil:
		return nil
	case mongo.IsTimeout(err), mongo.IsNetworkError(err), errors.Is(err, mongo.ErrClientDisconnected),
		errors.Is(err, context.DeadlineExceeded), failingOver(err), poolCleared(err):
		return fault.Away("The database", err)
	default:
		return fmt.Errorf("MongoDB: %w", err)
	}
}

// notServing are the codes of a server that steps down, starts or stops, as the driver specifications' "Retryable Reads" lists them.
var notServing = []int{91, 189, 10107, 11600, 11602, 13435, 13436}

// failingOver reports whether a server answered that another one should be asked. The driver has tried that once
// already.
func failingOver(err error) bool {
	answer, ok := errors.AsType[mongo.ServerError](err)
	return ok && slices.ContainsFunc(notServing, answer.HasErrorCode)
}

// poolCleared reports whether another operation's connection broke, so that the driver gave up all of them.
func poolCleared(err error) bool {
	pool, ok := errors.AsType[interface {
		error
		Retryable() bool
	}](err)
	return ok && pool.Retryable()
}

// Page turns a list's sort, page and limit into options of a find. The id decides between equals, so that pages don't
// overlap. Names maps each field to its stored name, where that differs.
func Page(q listing.Query, names map[string]string) *options.FindOptionsBuilder {
	order := bson.D{}
	for _, key := range q.Sort {
		name, direction := key.Field, 1
		if stored, ok := names[name]; ok {
			name = stored
		}
		if key.Descending {
			direction = -1
		}
		order = append(order, bson.E{Key: name, Value: direction})
	}
	order = append(order, bson.E{Key: "_id", Value: 1})
	return options.Find().SetSort(order).SetSkip(int64((q.Page - 1) * q.Limit)).SetLimit(int64(q.Limit))
}

// Contains matches documents in which one of the fields contains the text, ignoring case. The empty text matches all.
func Contains(text string, fields ...string) bson.D {
	if text == "" {
		return bson.D{}
	}
	pattern := bson.Regex{Pattern: regexp.QuoteMeta(text), Options: "i"}
	either := bson.A{}
	for _, field := range fields {
		either = append(either, bson.D{{Key: field, Value: pattern}})
	}
	return bson.D{{Key: "$or", Value: either}}
}
