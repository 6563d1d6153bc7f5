package mongostore

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"streamgate/session-svc/internal/report"
)

// EndTurn ends the turn of a replica that was killed, as time does.
func (s *Store) EndTurn(ctx context.Context) error {
	_, err := s.turns.UpdateOne(ctx, byID(turnsID), bson.D{{Key: "$set", Value: bson.D{{Key: fieldHeld, Value: time.Time{}}}}})
	return err
}

// Split has the store put so many counts into a document.
func (s *Store) Split(size int) { s.partSize = size }

// PutLate puts groups as a replica does that had asked whether it is its turn.
func (s *Store) PutLate(ctx context.Context, turn int64, groups []*report.Group) error {
	var documents []group
	for _, g := range groups {
		documents = append(documents, s.parts(g, turn)...)
	}
	_, err := s.minutes.InsertMany(ctx, documents)
	return err
}
