package mongostore

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"streamgate/libs/mongodb"
	"streamgate/session-svc/internal/report"
)

// group is a part of a report.Group. Each turn inserts its own, and the last turn counts whose first part is there: it is inserted after the others. So
// a replica that stood still, and goes on in a turn that is over, spoils nothing.
type group struct {
	ID      string    `bson:"_id"` // by, at, part and turn
	By      report.By `bson:"by"`
	At      time.Time `bson:"at"`
	Part    int       `bson:"part"` // from 0
	Turn    int64     `bson:"turn"` // that put it
	Minutes int       `bson:"minutes"`
	Counts  []counts  `bson:"counts"`
}

// counts are report.Counts as they are stored. What is zero is left out.
type counts struct {
	Key         string      `bson:"key"`
	Peak        int         `bson:"peak,omitempty"`
	Played      int64       `bson:"played,omitempty"` // ms
	Starts      int         `bson:"starts,omitempty"`
	Lapses      int         `bson:"lapses,omitempty"`
	Resumptions int         `bson:"resumptions,omitempty"`
	Refusals    []int       `bson:"refusals,omitempty"`
	Ends        []int       `bson:"ends,omitempty"`
	Levels      map[int]int `bson:"levels,omitempty"`
	Granted     map[int]int `bson:"granted,omitempty"`
	Denied      map[int]int `bson:"denied,omitempty"`
	Durations   []int       `bson:"durations,omitempty"`
	Held        int64       `bson:"held,omitempty"` // ms
}

const (
	fieldBy   = "by"
	fieldAt   = "at"
	fieldPart = "part"
	fieldTurn = "turn"
	// partSize is how many counts are in one document, which has 16 MB at most.
	partSize = 5000
)

func newCounts(key string, c *report.Counts) counts {
	return counts{
		Key: key, Peak: c.Peak, Played: c.Played.Milliseconds(), Starts: c.Starts, Lapses: c.Lapses, Resumptions: c.Resumptions,
		Refusals: unlessZero(c.Refusals[:]), Ends: unlessZero(c.Ends[:]), Levels: c.Levels, Granted: c.Granted, Denied: c.Denied,
		Durations: unlessZero(c.Durations[:]), Held: c.Held.Milliseconds(),
	}
}

func unlessZero(counts []int) []int {
	if slices.Max(counts) == 0 {
		return nil
	}
	return counts
}

func (d *counts) counts() *report.Counts {
	c := &report.Counts{
		Peak: d.Peak, Played: time.Duration(d.Played) * time.Millisecond, Starts: d.Starts, Lapses: d.Lapses, Resumptions: d.Resumptions,
		Levels: d.Levels, Granted: d.Granted, Denied: d.Denied, Held: time.Duration(d.Held) * time.Millisecond,
	}
	copy(c.Refusals[:], d.Refusals)
	copy(c.Ends[:], d.Ends)
	copy(c.Durations[:], d.Durations)
	return c
}

// parts returns the documents of a group.
func (s *Store) parts(g *report.Group, turn int64) (all []group) {
	for keys := range slices.Chunk(slices.Sorted(maps.Keys(g.Counts)), s.partSize) {
		d := group{By: g.By, At: g.At, Part: len(all), Turn: turn}
		for _, key := range keys {
			d.Counts = append(d.Counts, newCounts(key, g.Counts[key]))
		}
		all = append(all, d)
	}
	if len(all) == 0 {
		all = []group{{By: g.By, At: g.At, Turn: turn}}
	}
	for i := range all {
		all[i].ID = fmt.Sprintf("%s %s %d %d", g.By, g.At.UTC().Format(time.RFC3339), i, turn)
	}
	all[0].Minutes = g.Minutes
	return all
}

func (s *Store) groups(step report.Step) *mongo.Collection {
	if step == report.Hour {
		return s.hours
	}
	return s.minutes
}

// Put implements report.CountStore.
func (s *Store) Put(ctx context.Context, turn int64, hold time.Duration, step report.Step, groups []*report.Group) error {
	if err := s.keepTurn(ctx, turn, bson.D{{Key: fieldHeld, Value: time.Now().Add(hold)}}); err != nil || len(groups) == 0 {
		return err
	}
	var documents []group
	for _, g := range groups {
		all := s.parts(g, turn)
		slices.Reverse(all)
		documents = append(documents, all...)
	}
	in := s.groups(step)
	if _, err := in.InsertMany(ctx, documents); err != nil {
		return mongodb.Fault(err)
	}
	first, last := groups[0].At, groups[len(groups)-1].At
	_, err := in.DeleteMany(ctx, bson.D{
		{Key: fieldBy, Value: bson.D{{Key: "$in", Value: report.Bys}}},
		{Key: fieldAt, Value: bson.D{{Key: "$gte", Value: first}, {Key: "$lte", Value: last}}},
		{Key: fieldTurn, Value: bson.D{{Key: "$lt", Value: turn}}},
	})
	return mongodb.Fault(err)
}

// inOrder has the last turn of each time first.
var inOrder = bson.D{{Key: fieldAt, Value: 1}, {Key: fieldTurn, Value: -1}, {Key: fieldPart, Value: 1}}

// Groups implements report.CountStore.
func (s *Store) Groups(ctx context.Context, step report.Step, by report.By, from, to time.Time, each func(*report.Group) error) error {
	filter := bson.D{{Key: fieldBy, Value: by}, {Key: fieldAt, Value: bson.D{{Key: "$gte", Value: from}, {Key: "$lt", Value: to}}}}
	var counts group // the first part of what counts
	return find(ctx, s.groups(step), filter, options.Find().SetSort(inOrder), func(d *group) error {
		if !d.At.Equal(counts.At) && d.Part == 0 {
			counts = group{At: d.At, Turn: d.Turn}
		}
		if !d.At.Equal(counts.At) || d.Turn != counts.Turn {
			return nil
		}
		g := &report.Group{At: d.At.UTC(), By: d.By, Minutes: d.Minutes, Counts: make(map[string]*report.Counts, len(d.Counts))}
		for i := range d.Counts {
			g.Counts[d.Counts[i].Key] = d.Counts[i].counts()
		}
		return each(g)
	})
}

// Forget implements report.CountStore.
func (s *Store) Forget(ctx context.Context, facts, groups time.Time) error {
	_, err := s.facts.DeleteMany(ctx, bson.D{{Key: fieldUntil, Value: bson.D{{Key: "$lt", Value: facts}}}})
	for _, in := range []*mongo.Collection{s.minutes, s.hours} {
		for _, by := range report.Bys {
			if err != nil {
				return mongodb.Fault(err)
			}
			_, err = in.DeleteMany(ctx, bson.D{{Key: fieldBy, Value: by}, {Key: fieldAt, Value: bson.D{{Key: "$lt", Value: groups}}}})
		}
	}
	return mongodb.Fault(err)
}

// turns has one document: whose turn it is, and what was counted.
type turns struct {
	Turn  int64     `bson:"turn"`
	Held  time.Time `bson:"held"` // until when
	Until time.Time `bson:"until,omitempty"`
}

const (
	turnsID   = "minutes"
	fieldHeld = "held"
)

// Claim implements report.CountStore.
func (s *Store) Claim(ctx context.Context, hold time.Duration) (int64, time.Time, bool, error) {
	now := time.Now()
	free := append(byID(turnsID), bson.E{Key: fieldHeld, Value: bson.D{{Key: "$lt", Value: now}}})
	next := bson.D{
		{Key: "$inc", Value: bson.D{{Key: fieldTurn, Value: int64(1)}}}, {Key: "$set", Value: bson.D{{Key: fieldHeld, Value: now.Add(hold)}}},
	}
	var d turns
	err := s.turns.FindOneAndUpdate(ctx, free, next, options.FindOneAndUpdate().SetUpsert(true).SetReturnDocument(options.After)).Decode(&d)
	if mongo.IsDuplicateKeyError(err) {
		return 0, time.Time{}, false, nil
	}
	return d.Turn, d.Until.UTC(), err == nil, mongodb.Fault(err)
}

// keepTurn changes what is noted of a turn, unless it is another one's.
func (s *Store) keepTurn(ctx context.Context, turn int64, change bson.D) error {
	result, err := s.turns.UpdateOne(ctx, append(byID(turnsID), bson.E{Key: fieldTurn, Value: turn}), bson.D{{Key: "$set", Value: change}})
	if err == nil && result.MatchedCount == 0 {
		return report.ErrTurnLost
	}
	return mongodb.Fault(err)
}

// Release implements report.CountStore.
func (s *Store) Release(ctx context.Context, turn int64) error {
	err := s.keepTurn(ctx, turn, bson.D{{Key: fieldHeld, Value: time.Time{}}})
	if errors.Is(err, report.ErrTurnLost) {
		return nil
	}
	return err
}

// Counted implements report.CountStore.
func (s *Store) Counted(ctx context.Context, turn int64, until time.Time, facts []report.Fact) error {
	if err := s.keepTurn(ctx, turn, bson.D{{Key: fieldUntil, Value: until}}); err != nil || len(facts) == 0 {
		return err
	}
	notes := make([]mongo.WriteModel, len(facts))
	for i := range facts {
		notes[i] = counted(&facts[i], until)
	}
	_, err := s.facts.BulkWrite(ctx, notes, options.BulkWrite().SetOrdered(false))
	return mongodb.Fault(err)
}

// Until implements report.CountStore.
func (s *Store) Until(ctx context.Context) (time.Time, error) {
	var d turns
	err := s.turns.FindOne(ctx, byID(turnsID)).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return time.Time{}, nil
	}
	return d.Until.UTC(), mongodb.Fault(err)
}
