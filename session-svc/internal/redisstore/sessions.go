package redisstore

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"streamgate/libs/fault"
	"streamgate/libs/redisdb"
	"streamgate/session-svc/internal/session"
)

// The hash of an account's device sessions has a field for each session, called by its id, perhaps another one, and a few named ones. Times
// are Unix milliseconds.
//
//	<id>    <expires> <generation> <refreshed> <created> <device>
//	+<id>   when the records said that the session lives, after the server may have lost its end (Guard)
//	heard   when the server first heard of the account, unless it had forgotten it by then
//	lost    when it found that it had forgotten the account, with all its sessions and leases
//	limit   how many streams the account may play at once, where it was set
//	others  when all sessions but one were ended last, and the id of the one; also those that were not seen here yet
//	gone    of another issuer's account: when the last session was ended of which nothing else is known any more
//	ends    of another issuer's account: since when the ends that are recorded are known here. With a name behind it, somebody asks for them
//
// The generation is that of the refresh token that is good. An older version wrote a word where it didn't know it.
//
// An ended session expired in 1970 and was refreshed when it ended.
const sessionParts = 5

// SessionStore implements session.Store.
type SessionStore struct {
	store *Store
	ttl   time.Duration
}

// Open implements session.Store.
func (s *SessionStore) Open(ctx context.Context, account string, opened session.Session, signIn session.SignIn) (session.Session, error) {
	answer, err := s.call(ctx, openScript, account, opened.ID[:], opened.Device, s.ttl.Milliseconds(), session.MaxSessions, session.MaxKnown,
		string(signIn), session.RememberFor.Milliseconds(), session.GrantFor.Milliseconds(), "", "", "", "", "0", "")
	if err != nil {
		return session.Session{}, err
	}
	return parseSession(opened.ID, answer[1])
}

// Sight implements session.Store.
func (s *SessionStore) Sight(
	ctx context.Context, account string, id session.ID, seen session.Sighting, recorded session.RecordedEnds,
) (session.Session, bool, error) {
	for range attempts {
		found, lives, question, err := s.sight(ctx, account, id, seen)
		if err != nil || question == "" {
			return found, lives, err
		}
		// What is ended from now on is in the records as we read them, or is ended here, unless the server loses the question with that.
		ends, err := recorded(ctx, account)
		if err != nil {
			return session.Session{}, false, err
		}
		_, err = s.call(ctx, recallScript, account, question, packEnds(ends), session.SightLeeway.Milliseconds(), s.store.guard.began())
		if err != nil {
			return session.Session{}, false, err
		}
	}
	return session.Session{}, false, errForgets
}

// errForgets says that a server loses its memory again and again.
var errForgets = fault.New(fault.Unavailable, "recovering", "The service has just lost its memory; try again.").After(time.Second)

// sight asks once. Unless the question is "", the ends that are recorded are to be taken back first.
func (s *SessionStore) sight(
	ctx context.Context, account string, id session.ID, seen session.Sighting,
) (found session.Session, lives bool, question string, err error) {
	ask := func(lost, memory int64) ([]any, error) {
		return s.call(ctx, openScript, account, id[:], session.CleanName(seen.Device), s.ttl.Milliseconds(), session.MaxSessions, session.MaxKnown,
			string(session.LaterSignIn), session.EndsFor(s.ttl).Milliseconds(), (session.GrantFor + session.TokenFor).Milliseconds(),
			seen.SignedIn.Add(-session.SightLeeway).UnixMilli(), seen.Issued.Add(-session.SightLeeway).UnixMilli(), lost, memory,
			s.store.guard.began(), session.NewID().String())
	}
	answer, err := ask(-1, -1)
	if err != nil {
		return session.Session{}, false, "", err
	}
	// Nobody tells us whether another issuer's account was here before. What the server has, it has since it began to keep its memory.
	now, _ := answer[0].(int64)
	if lost, _ := answer[2].(int64); answer[3] == "" && now-lost < s.store.rules.Lease.Milliseconds() {
		memory, err := s.store.memory(ctx, sessionsKey(account))
		if err != nil {
			return session.Session{}, false, "", redisdb.Fault(fmt.Errorf("memory: %w", err))
		}
		if memory < lost {
			if answer, err = ask(lost, memory); err != nil {
				return session.Session{}, false, "", err
			}
		}
	}
	question, _ = answer[3].(string)
	found, err = parseSession(id, answer[1])
	return found, found.Expires.After(instant(now)), question, err
}

// endFormat is that of an end as recall.lua reads it: when, and of which session.
const endFormat = ">I6c8"

// packEnds packs ends by endFormat, first that of all others.
func packEnds(ends session.Ends) []byte {
	var packed []byte
	end := func(at time.Time, id session.ID) {
		var ms [8]byte
		binary.BigEndian.PutUint64(ms[:], uint64(max(0, at.UnixMilli())))
		packed = append(append(packed, ms[2:]...), id[:]...)
	}
	end(ends.Others, ends.But)
	for id, at := range ends.Each {
		end(at, id)
	}
	return packed
}

// Adopt implements session.Store.
func (s *SessionStore) Adopt(ctx context.Context, account string, lost session.Session) (bool, error) {
	answer, err := s.call(ctx, adoptScript, account, lost.ID[:], lost.Device, lost.Expires.UnixMilli(), lost.Generation,
		lost.Refreshed.UnixMilli(), lost.Created.UnixMilli(), s.ttl.Milliseconds(), session.GrantFor.Milliseconds(), s.store.guard.began())
	return err == nil && answer[1] == int64(1), err
}

// Refresh implements session.Store.
func (s *SessionStore) Refresh(ctx context.Context, account string, r session.Refresh) (session.Session, session.Outcome, error) {
	answer, err := s.call(ctx, refreshScript, account, r.ID[:], r.Generation, s.ttl.Milliseconds(), session.GrantFor.Milliseconds())
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

// Get implements session.Store.
func (s *SessionStore) Get(ctx context.Context, account string, id session.ID) (session.Session, bool, error) {
	found, err := s.read(ctx, account, string(id[:]))
	if err != nil || len(found) == 0 || found[0].Doubtful {
		return session.Session{}, false, err
	}
	return found[0], true, nil
}

// List implements session.Store.
func (s *SessionStore) List(ctx context.Context, account string) ([]session.Session, error) {
	found, err := s.read(ctx, account, "")
	slices.SortFunc(found, func(a, b session.Session) int {
		return cmp.Or(b.Refreshed.Compare(a.Refreshed), cmp.Compare(a.ID.String(), b.ID.String()))
	})
	return found, err
}

// End implements session.Store.
func (s *SessionStore) End(ctx context.Context, account string, which session.Selection, by string) error {
	mode := "one"
	if which.Others {
		mode = "others"
	}
	_, err := s.store.decide(ctx, endScript, keysOf(account), noStream[:], which.ID[:], mode, by,
		s.store.rules.Keep().Milliseconds(), (session.GrantFor + session.TokenFor).Milliseconds(), session.MaxKnown,
		s.store.rules.Lease.Milliseconds())
	return err
}

// Erase implements session.Store.
func (s *SessionStore) Erase(ctx context.Context, account string) error {
	_, err := s.store.call(ctx, eraseScript, []string{sessionsKey(account), leasesKey(account)})
	return err
}

func (s *SessionStore) call(ctx context.Context, run script, account string, args ...any) ([]any, error) {
	return s.store.call(ctx, run, []string{sessionsKey(account)}, args...)
}

// read returns one session or, for "", all, without those that have expired.
func (s *SessionStore) read(ctx context.Context, account, id string) ([]session.Session, error) {
	answer, err := s.call(ctx, sessionsScript, account, id)
	if err != nil {
		return nil, err
	}
	began := instant(s.store.guard.Since())
	ms, _ := answer[0].(int64)
	now := instant(ms)
	pairs, _ := answer[1].([]any)
	var found []session.Session
	confirmed := map[string]bool{}
	for pair := range slices.Chunk(pairs, 2) {
		field, _ := pair[0].(string)
		value, _ := pair[len(pair)-1].(string)
		if of, ok := strings.CutPrefix(field, "+"); ok && len(of) == len(session.ID{}) {
			ms, _ := strconv.ParseInt(value, 10, 64)
			confirmed[of] = !instant(ms).Before(began)
		}
		if len(field) != len(session.ID{}) {
			continue
		}
		each, err := parseSession(session.ID([]byte(field)), value)
		if err != nil {
			return nil, err
		}
		if each.Expires.After(now) {
			each.Doubtful = each.Created.Before(began)
			found = append(found, each)
		}
	}
	for i, each := range found {
		found[i].Doubtful = each.Doubtful && !confirmed[string(each.ID[:])]
	}
	return found, nil
}

// sessionName returns the device in a session as it is kept, or "" if there is none.
func sessionName(value any) string {
	found, err := parseSession(session.ID{}, value)
	if err != nil {
		return ""
	}
	return found.Device
}

func parseSession(id session.ID, value any) (session.Session, error) {
	text, _ := value.(string)
	parts := strings.SplitN(text, " ", sessionParts)
	if len(parts) != sessionParts {
		return session.Session{}, fmt.Errorf("session %q: damaged", text)
	}
	number := func(part string) int64 {
		n, _ := strconv.ParseInt(part, 10, 64)
		return n
	}
	return session.Session{
		ID: id, Expires: instant(number(parts[0])), Refreshed: instant(number(parts[2])), Created: instant(number(parts[3])), Device: parts[4],
		Generation: int32(number(parts[1])), //nolint:gosec // counts refreshes
	}, nil
}
