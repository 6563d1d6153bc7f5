package mongostore

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"streamgate/libs/mongodb"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/report"
)

// fact is a report.Fact as it is stored.
type fact struct {
	ID       string        `bson:"_id"`
	Account  string        `bson:"account"`
	Kind     report.Kind   `bson:"kind"`
	Stream   string        `bson:"stream,omitempty"`
	Content  string        `bson:"content"`
	Device   report.Device `bson:"device"`
	From     time.Time     `bson:"from"`
	Until    time.Time     `bson:"until"` // endless while a hold lasts
	Opened   int64         `bson:"opened"`
	Closed   int64         `bson:"closed"`
	Lapsed   bool          `bson:"lapsed,omitempty"`
	Reason   events.Reason `bson:"reason,omitempty"`
	Level    int           `bson:"level,omitempty"`
	Times    int           `bson:"times,omitempty"`
	Seen     *time.Time    `bson:"seen,omitempty"`
	Unfolded *time.Time    `bson:"unfolded,omitempty"` // missing if all of it is counted
}

const (
	fieldID       = "_id"
	fieldAccount  = "account"
	fieldStream   = "stream"
	fieldFrom     = "from"
	fieldUntil    = "until"
	fieldOpened   = "opened"
	fieldClosed   = "closed"
	fieldSeen     = "seen"
	fieldUnfolded = "unfolded"
)

// endless is when a hold ends that lasts, so that one index finds it among those that ended late enough.
var endless = time.Date(9999, time.January, 1, 0, 0, 0, 0, time.UTC)

func newFact(f *report.Fact) fact {
	d := fact{
		ID: f.ID, Account: f.Account, Kind: f.Kind, Stream: f.Stream, Content: f.Content, Device: f.Device, From: f.From, Until: f.Until,
		Opened: f.Opened, Closed: f.Closed, Lapsed: f.Lapsed, Reason: f.Reason, Level: f.Level, Times: f.Times,
	}
	if f.Until.IsZero() {
		d.Until = endless
	}
	if !f.Seen.IsZero() {
		d.Seen = &f.Seen
	}
	if !f.Unfolded.IsZero() {
		d.Unfolded = &f.Unfolded
	}
	return d
}

func (d *fact) fact() report.Fact {
	f := report.Fact{
		ID: d.ID, Account: d.Account, Kind: d.Kind, Stream: d.Stream, Content: d.Content, Device: d.Device, From: d.From.UTC(), Until: d.Until.UTC(),
		Opened: d.Opened, Closed: d.Closed, Lapsed: d.Lapsed, Reason: d.Reason, Level: d.Level, Times: d.Times,
	}
	if d.Until.Equal(endless) {
		f.Until = time.Time{}
	}
	if d.Seen != nil {
		f.Seen = d.Seen.UTC()
	}
	if d.Unfolded != nil {
		f.Unfolded = d.Unfolded.UTC()
	}
	return f
}

// Write implements report.FactStore.
func (s *Store) Write(ctx context.Context, closing *report.Closing, add *report.Fact) error {
	var writes []mongo.WriteModel
	if closing != nil {
		whose := bson.E{Key: fieldStream, Value: closing.Stream}
		if closing.Account != "" {
			whose = bson.E{Key: fieldAccount, Value: closing.Account}
		}
		open := bson.D{whose, {Key: fieldUntil, Value: endless}, {Key: fieldOpened, Value: bson.D{{Key: "$lt", Value: closing.Closed}}}}
		writes = append(writes, mongo.NewUpdateManyModel().SetFilter(open).SetUpdate(bson.D{
			{Key: "$set", Value: bson.D{
				{Key: fieldUntil, Value: closing.At}, {Key: fieldClosed, Value: closing.Closed}, {Key: "lapsed", Value: closing.Lapsed},
			}},
			// The server's clock may have been set back since the hold began.
			{Key: "$min", Value: bson.D{{Key: fieldFrom, Value: closing.At}, {Key: fieldUnfolded, Value: closing.At}}},
		}))
	}
	if add != nil {
		writes = append(writes, mongo.NewUpdateOneModel().SetFilter(byID(add.ID)).SetUpsert(true).
			SetUpdate(bson.D{{Key: "$setOnInsert", Value: newFact(add)}}))
	}
	_, err := s.facts.BulkWrite(ctx, writes)
	if mongo.IsDuplicateKeyError(err) {
		return nil // somebody has added it meanwhile
	}
	return mongodb.Fault(err)
}

func byID(id string) bson.D { return bson.D{{Key: fieldID, Value: id}} }

// Device implements report.FactStore.
func (s *Store) Device(ctx context.Context, stream string) (report.Device, error) {
	only := options.FindOne().SetProjection(bson.D{{Key: "device", Value: 1}}).SetSort(bson.D{{Key: fieldOpened, Value: 1}})
	var d fact
	err := s.facts.FindOne(ctx, bson.D{{Key: fieldStream, Value: stream}}, only).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return report.Other, nil
	}
	return d.Device, mongodb.Fault(err)
}

// Facts implements report.FactStore.
func (s *Store) Facts(ctx context.Context, account string) ([]report.Fact, error) {
	return s.find(ctx, bson.D{{Key: fieldAccount, Value: account}}, bson.D{{Key: fieldFrom, Value: 1}, {Key: fieldOpened, Value: 1}}, 0)
}

// find returns the facts that match, at most so many; 0 is all.
func (s *Store) find(ctx context.Context, filter, sort bson.D, most int64) (facts []report.Fact, err error) {
	err = find(ctx, s.facts, filter, options.Find().SetSort(sort).SetLimit(most), func(d *fact) error {
		facts = append(facts, d.fact())
		return nil
	})
	return facts, err
}

// Erase implements report.FactStore.
func (s *Store) Erase(ctx context.Context, account string) error {
	nobody := bson.D{{Key: "$set", Value: bson.D{{Key: fieldAccount, Value: "erased " + rand.Text()}}}}
	_, err := s.facts.UpdateMany(ctx, bson.D{{Key: fieldAccount, Value: account}}, nobody)
	return mongodb.Fault(err)
}

// Unfolded implements report.CountStore.
func (s *Store) Unfolded(ctx context.Context, since time.Time) (time.Time, error) {
	var d fact
	first := options.FindOne().SetSort(bson.D{{Key: fieldUnfolded, Value: 1}})
	err := s.facts.FindOne(ctx, bson.D{{Key: fieldUnfolded, Value: bson.D{{Key: "$gte", Value: since}}}}, first).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, mongodb.Fault(err)
	}
	return d.Unfolded.UTC(), nil
}

// Touching implements report.CountStore.
func (s *Store) Touching(ctx context.Context, from, to time.Time) ([]report.Fact, error) {
	return s.find(ctx, bson.D{
		{Key: fieldUntil, Value: bson.D{{Key: "$gte", Value: from}}}, {Key: fieldFrom, Value: bson.D{{Key: "$lt", Value: to}}},
	}, bson.D{}, 0)
}

// Unseen implements report.CountStore.
func (s *Store) Unseen(ctx context.Context, before time.Time, count int) ([]report.Fact, error) {
	lasts := bson.D{{Key: fieldUntil, Value: endless}, {Key: fieldSeen, Value: bson.D{{Key: "$lt", Value: before}}}}
	return s.find(ctx, lasts, bson.D{{Key: fieldSeen, Value: 1}}, int64(count))
}

// Saw implements report.CountStore.
func (s *Store) Saw(ctx context.Context, at time.Time, last, lost []report.Fact) error {
	var notes []mongo.WriteModel
	for i := range last {
		notes = append(notes, mongo.NewUpdateOneModel().SetFilter(byID(last[i].ID)).SetUpdate(bson.D{{Key: "$set", Value: bson.D{{Key: fieldSeen, Value: at}}}}))
	}
	for i := range lost {
		seen := lost[i].Seen
		notes = append(notes, mongo.NewUpdateOneModel().SetFilter(append(byID(lost[i].ID), bson.E{Key: fieldUntil, Value: endless})).SetUpdate(bson.D{
			{Key: "$set", Value: bson.D{{Key: fieldUntil, Value: seen}, {Key: fieldClosed, Value: lost[i].Opened}}},
			{Key: "$min", Value: bson.D{{Key: fieldUnfolded, Value: seen}}},
		}))
	}
	if len(notes) == 0 {
		return nil
	}
	_, err := s.facts.BulkWrite(ctx, notes, options.BulkWrite().SetOrdered(false))
	return mongodb.Fault(err)
}

// counted returns what notes that a fact is counted up to a time, if it is as it was then.
func counted(f *report.Fact, until time.Time) mongo.WriteModel {
	left := bson.D{{Key: "$unset", Value: bson.D{{Key: fieldUnfolded, Value: ""}}}}
	if !f.Until.IsZero() && !f.Until.Before(until) {
		left = bson.D{{Key: "$set", Value: bson.D{{Key: fieldUnfolded, Value: f.Until}}}}
	}
	return mongo.NewUpdateOneModel().SetFilter(append(byID(f.ID), bson.E{Key: fieldClosed, Value: f.Closed})).SetUpdate(left)
}
