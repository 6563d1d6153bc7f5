package redisstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"streamgate/session-svc/internal/session"
)

// A session is kept as text, its numbers decimal, its times milliseconds since 1970:
//
//	<expires> <generation> <refreshed> <created> <device name …>
//
// An ended session is kept as one that expired in 1970 and was refreshed when it ended, for as long as a grant may speak for it: what a
// server doesn't know may be what it has lost.
//
// The field "m" is the mark that says since when the store knows of the account:
//
//	<when it lost its memory of the account> <until when it adopts what it has lost, or 0> <when sessions ended of which it doesn't know, or 0>
//
// Of an account of which it has lost nothing, the first is when it first heard of it, negative. The last is when all others were ended, or
// ended ones forgotten early: as long as something speaks for these, nothing unknown is adopted.
const (
	sessionFields = 5
	markField     = "m"
)

// SessionStore is a session.Store.
type SessionStore struct {
	store *Store
	ttl   time.Duration
}

// Open is session.Store's.
func (s *SessionStore) Open(ctx context.Context, account string, opened session.Session, known bool) (session.Session, error) {
	before := 0
	if known {
		before = 1
	}
	answer, err := s.store.call(ctx, "open", s.store.scripts.open, []string{sessionsKey(account)}, opened.ID[:], opened.Device,
		s.ttl.Milliseconds(), session.MaxSessions, before, session.AdoptFor.Milliseconds(), session.MaxKnown, session.GrantFor.Milliseconds())
	if err != nil {
		return session.Session{}, err
	}
	return parseSession(opened.ID, answer[1])
}

// Adopt is session.Store's.
func (s *SessionStore) Adopt(ctx context.Context, account string, lost session.Session) (lives bool, err error) {
	err = s.store.tellSince(func(since int64) (bool, error) {
		answer, err := s.store.call(ctx, "adopt", s.store.scripts.adopt, []string{sessionsKey(account)}, lost.ID[:], lost.Device,
			s.ttl.Milliseconds(), session.AdoptFor.Milliseconds(), lost.Generation, since, session.GrantFor.Milliseconds())
		lives = err == nil && answer[0] == int64(1)
		return lives, err
	})
	return lives, err
}

// Refresh is session.Store's.
func (s *SessionStore) Refresh(ctx context.Context, account string, r session.Refresh) (session.Session, session.Outcome, error) {
	answer, err := s.store.call(ctx, "refresh", s.store.scripts.refresh, []string{sessionsKey(account)}, r.ID[:], r.Generation,
		s.ttl.Milliseconds(), session.Grace.Milliseconds(), session.GrantFor.Milliseconds())
	if err != nil {
		return session.Session{}, "", err
	}
	outcome, _ := answer[0].(string)
	if session.Outcome(outcome) != session.Refreshed {
		return session.Session{}, session.Outcome(outcome), nil
	}
	refreshed, err := parseSession(r.ID, answer[1])
	return refreshed, session.Refreshed, err
}

// Get is session.Store's.
func (s *SessionStore) Get(ctx context.Context, account string, id session.ID) (session.Session, bool, error) {
	found, err := s.read(ctx, account, string(id[:]))
	if err != nil || len(found) == 0 {
		return session.Session{}, false, err
	}
	return found[0], true, nil
}

// List is session.Store's.
func (s *SessionStore) List(ctx context.Context, account string) ([]session.Session, error) {
	found, err := s.read(ctx, account, "")
	slices.SortFunc(found, func(a, b session.Session) int {
		return cmp.Or(b.Refreshed.Compare(a.Refreshed), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	return found, err
}

// End is session.Store's.
func (s *SessionStore) End(ctx context.Context, account string, e session.End) error {
	others := 0
	if e.Others {
		others = 1
	}
	keys := []string{leasesKey(account), sessionsKey(account)}
	return s.store.tellSince(func(since int64) (bool, error) {
		answer, err := s.store.call(ctx, "end", s.store.scripts.end, keys, e.ID[:], others, e.By,
			s.store.rules.Lease.Milliseconds(), s.store.rules.Remember.Milliseconds(), session.AdoptFor.Milliseconds(), since,
			session.GrantFor.Milliseconds())
		if err != nil {
			return false, err
		}
		ms, _ := answer[0].(int64)
		record, _ := answer[1].(string)
		entries, err := unpack(record, nil)
		s.store.tellEnded(entries, instant(ms))
		return false, err
	})
}

// read gives one session or all, less those that have expired.
func (s *SessionStore) read(ctx context.Context, account, id string) ([]session.Session, error) {
	answer, err := s.store.call(ctx, "sessions", s.store.scripts.sessions, []string{sessionsKey(account)}, id)
	if err != nil {
		return nil, err
	}
	ms, _ := answer[0].(int64)
	pairs, _ := answer[1].([]any)
	var found []session.Session
	for pair := range slices.Chunk(pairs, 2) {
		key, _ := pair[0].(string)
		if key == markField {
			continue
		}
		each, err := parseSession(session.ID([]byte(key)), pair[1])
		if err != nil {
			return nil, err
		}
		if each.Expires.After(instant(ms)) {
			found = append(found, each)
		}
	}
	return found, nil
}

// sessionName gives the name in a session as it is kept, or "" if there is none.
func sessionName(value any) string {
	text, _ := value.(string)
	parts := strings.SplitN(text, " ", sessionFields)
	if len(parts) != sessionFields {
		return ""
	}
	return parts[4]
}

func parseSession(id session.ID, value any) (session.Session, error) {
	text, _ := value.(string)
	parts := strings.SplitN(text, " ", sessionFields)
	if len(parts) != sessionFields {
		return session.Session{}, fmt.Errorf("session %q: damaged", text)
	}
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(parts[i], 10, 64)
		return n
	}
	return session.Session{
		ID: id, Expires: instant(number(0)), Generation: int32(number(1)), //nolint:gosec // counts refreshes
		Refreshed: instant(number(2)), Created: instant(number(3)), Device: parts[4],
	}, nil
}
