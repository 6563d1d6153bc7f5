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

// Sessions returns the store's other half. Sessions live for ttl.
func (s *Store) Sessions(ttl time.Duration) *SessionStore { return &SessionStore{s, ttl} }

// Open is session.Store's.
func (s *SessionStore) Open(_ context.Context, id string, opened session.Session, signIn session.SignIn) (session.Session, error) {
	a, now, unlock := s.store.lock(id)
	defer unlock()
	if found, ok := a.sessions[opened.ID]; ok {
		return found, nil
	}
	a.hear(now, signIn)
	a.open(now, session.RememberFor, false)
	opened.Created, opened.Refreshed, opened.Expires, opened.Generation = now, now, now.Add(s.ttl), 1
	a.sessions[opened.ID] = opened
	return opened, nil
}

// hear marks an account that the store never heard of; if others did, the store has lost its memory of it.
func (a *account) hear(now time.Time, signIn session.SignIn) {
	if !a.heard && signIn == session.LaterSignIn {
		a.lost = now
	}
	a.heard = true
}

// end leaves a mark where a session was, so that it is not adopted.
func (a *account) end(id session.ID, now time.Time) {
	a.sessions[id] = session.Session{ID: id, Refreshed: now}
}

// Adopt is session.Store's.
func (s *SessionStore) Adopt(_ context.Context, id string, lost session.Session) (bool, error) {
	a, now, unlock := s.store.lock(id)
	defer unlock()
	a.hear(now, session.LaterSignIn)
	if _, ok := a.sessions[lost.ID]; !ok {
		a.sessions[lost.ID] = lost
	}
	_, lives := a.signedIn(lost.ID, now)
	return lives, nil
}

// Sight is session.Store's.
func (s *SessionStore) Sight(
	ctx context.Context, account string, id session.ID, seen session.Sighting, recorded session.RecordedEnds,
) (session.Session, bool, error) {
	if found, ended := s.hasEnded(account, id, seen); ended {
		return found, false, nil
	}
	if err := s.recall(ctx, account, recorded); err != nil {
		return session.Session{}, false, err
	}
	a, now, unlock := s.store.lock(account)
	defer unlock()
	if found, lives := a.signedIn(id, now); lives {
		return found, true, nil
	}
	if a.ended(id, seen) {
		return session.Session{ID: id}, false, nil
	}
	a.open(now, session.EndsFor(s.ttl), true)
	opened := session.Session{
		ID: id, Device: session.CleanName(seen.Device), Created: now, Refreshed: now, Expires: now.Add(s.ttl), Generation: 1,
	}
	a.sessions[id] = opened
	return opened, true, nil
}

// hasEnded reports whether a session has ended by what is known without the records.
func (s *SessionStore) hasEnded(account string, id session.ID, seen session.Sighting) (session.Session, bool) {
	a, now, unlock := s.store.lock(account)
	defer unlock()
	if !a.heard {
		a.heard, a.lost = true, s.store.began
	}
	_, lives := a.signedIn(id, now)
	return session.Session{ID: id}, !lives && a.ended(id, seen)
}

// ended reports whether a session that doesn't live was ended, and not because it expired.
func (a *account) ended(id session.ID, seen session.Sighting) bool {
	after := func(at, end time.Time) bool { return at.Add(-session.SightLeeway).After(end) }
	found, known := a.sessions[id]
	if known {
		return found.Expires.IsZero() && !after(seen.SignedIn, found.Refreshed)
	}
	return !after(seen.Issued, a.gone) || id != a.but && !after(seen.SignedIn, a.others)
}

// recall takes back the ends that are recorded, once. This store forgets nothing while they are read.
func (s *SessionStore) recall(ctx context.Context, account string, recorded session.RecordedEnds) error {
	a, _, unlock := s.store.lock(account)
	recalled := a.recalled
	unlock()
	if recalled {
		return nil
	}
	ends, err := recorded(ctx, account)
	if err != nil {
		return err
	}
	a, _, unlock = s.store.lock(account)
	defer unlock()
	a.recalled = true
	finish := func(id session.ID, at time.Time) {
		found, ended := a.sessions[id], a.sessions[id].Expires.IsZero()
		if ended && found.Refreshed.Before(at) || !ended && !found.Created.After(at.Add(session.SightLeeway)) {
			a.end(id, at)
		}
	}
	if ends.Others.After(a.others) {
		a.others, a.but = ends.Others, ends.But
		for id := range a.sessions {
			if id != a.but {
				finish(id, a.others)
			}
		}
	}
	for id, at := range ends.Each {
		finish(id, at)
	}
	return nil
}

// open makes room for one more session: it forgets those that ended so long ago, and ends the one not refreshed longest if too many live. Of another
// issuer's account it remembers when the last of the forgotten ones was ended.
func (a *account) open(now time.Time, remember time.Duration, foreign bool) {
	crowded := len(a.sessions) >= session.MaxKnown
	a.recalled = a.recalled && !crowded // the records know more then
	for id, each := range a.sessions {
		ended := later(each.Expires, each.Refreshed)
		if each.Expires.After(now) || !crowded && ended.Add(remember).After(now) {
			continue
		}
		delete(a.sessions, id)
		if foreign && each.Expires.IsZero() {
			a.gone = later(a.gone, ended)
		}
	}
	live := slices.DeleteFunc(slices.Collect(maps.Values(a.sessions)), func(each session.Session) bool { return !each.Expires.After(now) })
	if len(live) >= session.MaxSessions {
		a.end(slices.MinFunc(live, byRefresh).ID, now)
	}
}

// Refresh is session.Store's.
func (s *SessionStore) Refresh(_ context.Context, id string, r session.Refresh) (session.Session, session.Outcome, error) {
	a, now, unlock := s.store.lock(id)
	defer unlock()
	found, ok := a.signedIn(r.ID, now)
	switch {
	case !ok:
		return session.Session{}, session.Missing, nil
	case found.Generation == r.Generation+1:
		return found, session.Refreshed, nil
	case found.Generation > r.Generation:
		a.end(r.ID, now)
		return session.Session{}, session.Reused, nil
	}
	found.Generation = r.Generation + 1
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
func (s *SessionStore) End(_ context.Context, id string, which session.Selection, by string) error {
	a, now, unlock := s.store.lock(id)
	defer unlock()
	a.hear(now, session.LaterSignIn)
	if !which.Others {
		a.end(which.ID, now)
	} else {
		a.others, a.but = now, which.ID
	}
	for each := range a.sessions {
		if which.Includes(each) {
			a.end(each, now)
		}
	}
	for i := range a.streams {
		k := &a.streams[i]
		if which.Includes(k.lease.Session) {
			k.finish(stream.End{Reason: stream.SessionEnded, By: by}, now.Add(s.store.rules.Remember))
		}
	}
	return nil
}

// Erase is session.Store's.
func (s *SessionStore) Erase(_ context.Context, id string) error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	delete(s.store.accounts, id)
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func sooner(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func byRefresh(a, b session.Session) int {
	return cmp.Or(a.Refreshed.Compare(b.Refreshed), -cmp.Compare(a.ID.String(), b.ID.String()))
}
