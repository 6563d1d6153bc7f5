package session

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	lru "github.com/hashicorp/golang-lru/v2"

	"streamgate/libs/fault"
	"streamgate/libs/names"
	"streamgate/libs/seal"
)

// purpose keeps refresh tokens apart from other sealed messages.
const purpose = "streamgate/refresh"

const (
	// aliveFor is how long the answer whether a session lives is reused, so that the session's end takes effect everywhere within 5 s.
	aliveFor = 4 * time.Second
	// aliveCached bounds the memory of these answers: about 150 bytes each.
	aliveCached = 50_000
	// aliveWithin is how long a request waits for the answer.
	aliveWithin = 250 * time.Millisecond
	// storeAwayFor is how long RequireToRead doesn't ask again after the store was away.
	storeAwayFor = time.Second
)

// ErrEnded is the answer to a request whose access token is genuine, but whose session has ended.
var ErrEnded = fault.ErrSessionEnded

var (
	errReusedToken = &fault.Error{
		Kind: fault.Unauthenticated, Code: "refresh_token_reused",
		Detail: "The refresh token was used before, so its device was signed out to be safe; sign in again with POST /auth.",
	}
	errNotFound = fault.New(fault.NotFound, "session_not_found", "There is no such session of this account.")
)

// Sessions opens, refreshes, shows and ends device sessions.
type Sessions struct {
	store   Store
	records Records
	keys    seal.Keys
	now     func() time.Time
	alive   *lru.Cache[aliveKey, aliveAnswer]
	// away is the time, in Unix nanoseconds, until which RequireToRead doesn't ask.
	away atomic.Int64
}

type aliveKey struct {
	account string
	id      ID
	issued  int64 // of a Sighting, Unix: what ended an older token doesn't end a newer one
}

func newAliveKey(account string, id ID, seen *Sighting) aliveKey {
	key := aliveKey{account: account, id: id}
	if seen != nil {
		key.issued = seen.Issued.Unix()
	}
	return key
}

type aliveAnswer struct {
	alive bool
	until time.Time
}

// New returns Sessions over a store, which may forget, and records, which don't. The keys seal refresh tokens.
func New(store Store, records Records, keys seal.Keys) *Sessions {
	cache, _ := lru.New[aliveKey, aliveAnswer](aliveCached) // fails for sizes below 1 only
	return &Sessions{store: store, records: records, keys: keys, now: time.Now, alive: cache}
}

// Open signs a device in, and returns its session and the refresh token. The name is cleaned by CleanName.
func (s *Sessions) Open(ctx context.Context, account, device string, signIn SignIn) (Session, string, error) {
	opened, err := s.store.Open(ctx, account, Session{ID: NewID(), Device: CleanName(device)}, signIn)
	if err != nil {
		return Session{}, "", err
	}
	return opened, s.token(account, opened), nil
}

// Refresh exchanges a refresh token for the next one. Its error is fault.Unauthenticated if the token is not good.
func (s *Sessions) Refresh(ctx context.Context, token string) (account string, refreshed Session, next string, err error) {
	account, r, ok := s.parse(token)
	if !ok {
		return "", Session{}, "", fault.ErrRefreshToken
	}
	refreshed, outcome, err := s.store.Refresh(ctx, account, r)
	if err == nil && outcome == Missing {
		var lives bool
		if lives, err = s.Adopt(ctx, account, r.ID, nil); lives {
			refreshed, outcome, err = s.store.Refresh(ctx, account, r)
		}
	}
	switch {
	case err != nil:
		return "", Session{}, "", err
	case outcome == Missing:
		return "", Session{}, "", fault.ErrRefreshToken
	case outcome == Reused:
		// The store has ended the session already; this makes that last, and its streams say so at once instead of within a lease.
		if err := s.SignOut(ctx, account, Only(r.ID), "a refresh token used twice"); err != nil {
			return "", Session{}, "", err
		}
		return "", Session{}, "", errReusedToken
	}
	return account, refreshed, s.token(account, refreshed), nil
}

// Require fails with ErrEnded unless the session lives, and with fault.Unavailable within 250 ms if that can't be known. The answer may be
// up to 4 s old.
func (s *Sessions) Require(ctx context.Context, account string, id ID, seen *Sighting) error {
	now, key := s.now(), newAliveKey(account, id, seen)
	answer, ok := s.alive.Get(key)
	if !ok || !now.Before(answer.until) {
		hurry, cancel := context.WithTimeout(ctx, aliveWithin)
		defer cancel()
		_, err := s.Get(hurry, account, id, seen)
		if err != nil && !errors.Is(err, errNotFound) {
			return err
		}
		answer = aliveAnswer{err == nil, now.Add(aliveFor)}
		s.alive.Add(key, answer)
	}
	if !answer.alive {
		return ErrEnded
	}
	return nil
}

// RequireToRead does the same for what only reads and goes on while nobody can say who is signed in: then a session counts as living, since
// its access token was signed at most 15 minutes ago.
func (s *Sessions) RequireToRead(ctx context.Context, account string, id ID, seen *Sighting) error {
	if s.now().UnixNano() < s.away.Load() {
		return nil
	}
	err := s.Require(ctx, account, id, seen)
	if fault.KindOf(err) == fault.Unavailable {
		if ctx.Err() == nil { // a caller who leaves says nothing of the store
			s.away.Store(s.now().Add(storeAwayFor).UnixNano())
		}
		return nil
	}
	return err
}

// Adopt takes back a session that a genuine token or grant names, if the store has forgotten it, or may have forgotten its end, and the records
// have it. It reports whether the session lives now. That it doesn't, it says for up to 4 s without asking again. Of a session of another
// issuer's account the records have its end alone; what was seen opens it where it has not ended.
func (s *Sessions) Adopt(ctx context.Context, account string, id ID, seen *Sighting) (bool, error) {
	_, lives, err := s.adopt(ctx, account, id, seen)
	return lives, err
}

func (s *Sessions) adopt(ctx context.Context, account string, id ID, seen *Sighting) (Session, bool, error) {
	now, key := s.now(), newAliveKey(account, id, seen)
	if answer, ok := s.alive.Get(key); ok && !answer.alive && now.Before(answer.until) {
		return Session{}, false, nil
	}
	recorded, lives, err := s.take(ctx, account, id, seen)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return Session{}, false, err
	}
	if !lives {
		s.alive.Add(key, aliveAnswer{alive: false, until: now.Add(aliveFor)})
	}
	return recorded, lives, nil
}

// take has the store open what was seen, or take back what is recorded.
func (s *Sessions) take(ctx context.Context, account string, id ID, seen *Sighting) (Session, bool, error) {
	if seen != nil {
		return s.store.Sight(ctx, account, id, *seen, s.records.Ends)
	}
	recorded, err := s.records.Session(ctx, account, id)
	if err != nil {
		return recorded, false, err
	}
	lives, err := s.store.Adopt(ctx, account, recorded)
	if err == nil && !lives { // it was ended while the records could not be told
		err = s.records.End(ctx, account, Only(id))
	}
	return recorded, lives, err
}

// Get returns a session that a genuine access token speaks for, or fails with fault.NotFound.
func (s *Sessions) Get(ctx context.Context, account string, id ID, seen *Sighting) (Session, error) {
	found, ok, err := s.store.Get(ctx, account, id)
	if err != nil || ok {
		return found, err
	}
	found, ok, err = s.adopt(ctx, account, id, seen)
	if err == nil && !ok {
		err = errNotFound
	}
	return found, err
}

// List returns the sessions of an account, the last refreshed first. It shows doubtful ones while nobody can say of them, and so those of a foreign
// account, which is another issuer's.
func (s *Sessions) List(ctx context.Context, account string, foreign bool) ([]Session, error) {
	all, err := s.store.List(ctx, account)
	if foreign {
		return all, err
	}
	hurry, cancel := context.WithTimeout(ctx, aliveWithin)
	defer cancel()
	return slices.DeleteFunc(all, func(each Session) bool {
		if !each.Doubtful {
			return false
		}
		lives, err := s.Adopt(hurry, account, each.ID, nil)
		return err == nil && !lives
	}), err
}

// SignOut ends the selected sessions for good, and their streams with them. by names the person or thing that ends them.
func (s *Sessions) SignOut(ctx context.Context, account string, which Selection, by string) error {
	// The records first: what they have no more, nothing brings back.
	if err := s.records.End(ctx, account, which); err != nil {
		return err
	}
	return s.End(ctx, account, which, by)
}

// End does the same to sessions that the records have no more.
func (s *Sessions) End(ctx context.Context, account string, which Selection, by string) error {
	if err := s.store.End(ctx, account, which, CleanName(by)); err != nil {
		return err
	}
	if !which.Others { // the others are forgotten when their time comes
		s.alive.Remove(aliveKey{account: account, id: which.ID})
	}
	return nil
}

// Erase ends all sessions of an account that is no more, their streams with them, and forgets it.
func (s *Sessions) Erase(ctx context.Context, account, by string) error {
	if err := s.End(ctx, account, All(), by); err != nil {
		return err
	}
	return s.store.Erase(ctx, account)
}

// token returns the base64url of account (12 bytes), session (8), generation (4) and seal (16).
func (s *Sessions) token(account string, of Session) string {
	b := make([]byte, 0, 24+seal.TagLength)
	b, _ = hex.AppendDecode(b, []byte(account)) // account is a valid id
	b = append(b, of.ID[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(of.Generation)) //nolint:gosec // from 1
	return base64.RawURLEncoding.EncodeToString(s.keys.Seal(purpose, b))
}

func (s *Sessions) parse(token string) (string, Refresh, bool) {
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || strings.ContainsAny(token, "\r\n") { // base64 skips line breaks: one token would have many forms
		return "", Refresh{}, false
	}
	b, ok := s.keys.Open(purpose, sealed)
	if !ok || len(b) != 24 {
		return "", Refresh{}, false
	}
	return hex.EncodeToString(b[:12]), Refresh{ID: ID(b[12:20]), Generation: int32(binary.BigEndian.Uint32(b[20:]))}, true //nolint:gosec // we sealed it
}

// CleanName returns a device's name fit to be stored and shown: see names.Shown.
func CleanName(name string) string {
	name = names.Shown(name, MaxName)
	for len(name) > maxNameBytes {
		_, last := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-last]
	}
	return name
}
