package mongostore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"streamgate/user-svc/internal/account"
)

// rollout is how long replicas of an older version, which record no sessions, may go on opening some beside us. For as long, an ended
// session is told from one of theirs.
const rollout = time.Hour

// Session implements account.Store.
func (s *Store) Session(ctx context.Context, id, of string) (account.Session, error) {
	d, err := s.recorded(ctx, id)
	if err != nil {
		return account.Session{}, err
	}
	found, ok := d.Sessions[of]
	if !ok || found.Ended {
		return account.Session{}, account.ErrSessionNotFound
	}
	return account.Session{
		ID: of, Account: id, Device: found.Device, Generation: found.Generation,
		Created: found.Created.UTC(), Refreshed: found.Refreshed.UTC(), Expires: found.Expires.UTC(),
	}, nil
}

// recorded reads what is recorded of an account's sessions.
func (s *Store) recorded(ctx context.Context, id string) (document, error) {
	key, ok := parseID(id)
	if !ok {
		return document{}, account.ErrNotFound
	}
	only := options.FindOne().SetProjection(bson.D{{Key: fieldSessions, Value: 1}, {Key: fieldRecorded, Value: 1}})
	var d document
	if err := s.accounts.FindOne(ctx, bson.D{{Key: fieldID, Value: key}}, only).Decode(&d); err != nil {
		return document{}, missing(err)
	}
	return d, nil
}

// changeSessions adds to a change what it does to the recorded sessions.
func (s *Store) changeSessions(ctx context.Context, id string, change account.Change, set, unset bson.D) (bson.D, bson.D, error) {
	switch {
	case change.End != nil && change.End.Others:
		kept := map[string]session{}
		if change.End.Session != "" {
			d, err := s.recorded(ctx, id)
			if err != nil {
				return nil, nil, err
			}
			kept[change.End.Session] = d.Sessions[change.End.Session] // an empty one can be refreshed, and is recorded then
		}
		set = append(set, only(kept)...)
	case change.End != nil:
		set = append(set, bson.E{Key: sessionField(change.End.Session), Value: session{Ended: true, Expires: time.Now().Add(rollout)}})
	case change.Record != nil:
		set = append(set, bson.E{Key: sessionField(change.Record.ID), Value: newSession(change.Record)})
		if change.IfRecorded {
			break
		}
		d, err := s.recorded(ctx, id)
		if err != nil {
			return nil, nil, err
		}
		if d.SessionsRecordedFrom == nil {
			set = append(set, bson.E{Key: fieldRecorded, Value: change.Record.Created.Add(rollout)})
		}
		for _, of := range superfluous(d.Sessions, change.Record.Refreshed) {
			unset = append(unset, bson.E{Key: sessionField(of), Value: ""})
		}
	}
	return set, unset, nil
}

// only records these sessions as all there are, whatever is recorded at the same time and whatever an older version opened.
func only(kept map[string]session) bson.D {
	return bson.D{{Key: fieldSessions, Value: kept}, {Key: fieldRecorded, Value: time.Unix(0, 0)}}
}

// superfluous returns the sessions that give way to a new one.
func superfluous(sessions map[string]session, now time.Time) []string {
	byExpiry := slices.SortedFunc(maps.Keys(sessions), func(a, b string) int {
		return cmp.Or(sessions[a].Expires.Compare(sessions[b].Expires), cmp.Compare(a, b))
	})
	expired := 0
	for expired < len(byExpiry) && !sessions[byExpiry[expired]].Expires.After(now) {
		expired++
	}
	return byExpiry[:max(expired, len(byExpiry)-account.MaxSessions+1)]
}

// refreshable matches an account in which a session is recorded, or could not be.
func refreshable(of *account.Session) bson.D {
	return bson.D{
		{Key: sessionField(of.ID) + ".ended", Value: bson.D{{Key: "$ne", Value: true}}},
		{Key: "$or", Value: bson.A{
			recordedIn(of.ID),
			bson.D{{Key: fieldRecorded, Value: bson.D{{Key: "$exists", Value: false}}}},
			bson.D{{Key: fieldRecorded, Value: bson.D{{Key: "$gt", Value: of.Created}}}},
		}},
	}
}

// recordedIn matches an account in which a session is recorded.
func recordedIn(of string) bson.D {
	return bson.D{{Key: sessionField(of), Value: bson.D{{Key: "$exists", Value: true}}}}
}

func sessionField(of string) string { return fieldSessions + "." + of }

func newSession(s *account.Session) session {
	return session{Device: s.Device, Generation: s.Generation, Created: s.Created, Refreshed: s.Refreshed, Expires: s.Expires}
}
