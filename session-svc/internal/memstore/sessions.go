package memstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// SessionStore is a session.Store.
type SessionStore struct {
	store *Store
	ttl   time.Duration
}

var _ session.Store = (*SessionStore)(nil)

// Sessions gives the store's other half. Sessions live for ttl.
func (s *Store) Sessions(ttl time.Duration) *SessionStore { return &SessionStore{s, ttl} }

// Open is session.Store's.
func (s *SessionStore) Open(_ context.Context, id string, opened session.Session) (session.Session, error) {
	a, now, unlock := s.store.lock(id)
	defer unlock()
	if found, ok := a.sessions[opened.ID]; ok {
		return found, nil
	}
	maps.DeleteFunc(a.sessions, func(_ session.ID, each session.Session) bool { return !each.Expires.After(now) })
	if len(a.sessions) >= session.MaxSessions {
		delete(a.sessions, slices.MinFunc(slices.Collect(maps.Values(a.sessions)), byRefresh).ID)
	}
	opened.Created, opened.Refreshed, opened.Expires, opened.Generation = now, now, now.Add(s.ttl), 1
	a.sessions[opened.ID] = opened
	return opened, nil
}

// Refresh is session.Store's.
func (s *SessionStore) Refresh(_ context.Context, id string, r session.Refresh) (session.Session, session.Outcome, error) {
	a, now, unlock := s.store.lock(id)
	defer unlock()
	found, ok := a.signedIn(r.ID, now)
	switch {
	case !ok:
		return session.Session{}, session.Missing, nil
	case found.Generation == r.Generation+1 && now.Before(found.Refreshed.Add(session.Grace)):
		return found, session.Refreshed, nil
	case found.Generation != r.Generation:
		delete(a.sessions, r.ID)
		return session.Session{}, session.Reused, nil
	}
	found.Generation++
	found.Refreshed, found.Expires = now, now.Add(s.ttl)
	a.sessions[r.ID] = found
	return found, session.Refreshed, nil
}

// Get is session.Store's.
func (s *SessionStore) Get(_ context.Context, id string, which session.ID) (session.Session, bool, error) {
	a, now, unlock := s.store.lock(id)
	defer unlock()
	found, ok := a.signedIn(which, now)
	if !ok {
		return session.Session{}, false, nil
	}
	return found, true, nil
}

// List is session.Store's.
func (s *SessionStore) List(_ context.Context, id string) ([]session.Session, error) {
	a, now, unlock := s.store.lock(id)
	defer unlock()
	var all []session.Session
	for _, each := range a.sessions {
		if each.Expires.After(now) {
			all = append(all, each)
		}
	}
	slices.SortFunc(all, func(a, b session.Session) int { return -byRefresh(a, b) })
	return all, nil
}

// End is session.Store's.
func (s *SessionStore) End(_ context.Context, id string, e session.End) error {
	a, now, unlock := s.store.lock(id)
	defer unlock()
	for each := range a.sessions {
		if (each == e.ID) != e.Others {
			delete(a.sessions, each)
		}
	}
	for i := range a.streams {
		k := &a.streams[i]
		if (k.lease.Session == e.ID) != e.Others {
			k.finish(stream.End{Reason: stream.SessionEnded, By: e.By}, now.Add(s.store.rules.Remember))
		}
	}
	return nil
}

func byRefresh(a, b session.Session) int {
	return cmp.Or(a.Refreshed.Compare(b.Refreshed), -cmp.Compare(a.ID.String(), b.ID.String()))
}
