package sessionsvctest

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"streamgate/libs/fault"
	"streamgate/libs/instant"
	"streamgate/libs/logging"
	"streamgate/libs/peer"
	"streamgate/libs/problem"
)

// Secret is the secret that callers must show.
const Secret = "a-secret-of-the-tests"

// StandIn serves session-svc's internal API about sessions, without its insides. It checks callers against that
// contract, and fails the test on any other request.
type StandIn struct {
	URL string

	t testing.TB

	mu       sync.Mutex
	sessions map[string]*Session // by id
	away     bool
	erased   []string // accounts
	onOpen   func(account string)
}

// Session is a device session as session-svc keeps it.
type Session struct {
	ID, Account, Device string
	Known               bool // as it was opened

	created time.Time
	refresh string
	used    []string
	ended   bool
}

// opened is what is answered about a session that was opened or refreshed.
func (s *Session) opened() map[string]any {
	now := time.Now()
	return map[string]any{
		"account": s.Account, "id": s.ID, "refreshToken": s.refresh, "device": s.Device, "generation": len(s.used) + 1,
		"createdAt": instant.Time(s.created), "refreshedAt": instant.Time(now), "expiresAt": instant.Time(now.Add(ttl)),
	}
}

// ttl is how long a session lives after its last refresh.
const ttl = 720 * time.Hour

// New starts a stand-in that ends with the test.
func New(t testing.TB) *StandIn {
	t.Helper()
	s := &StandIn{t: t, sessions: map[string]*Session{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /internal/sessions", s.open)
	mux.HandleFunc("POST /internal/sessions/refresh", s.refresh)
	mux.HandleFunc("GET /internal/accounts/{account}/sessions/{sid}", s.alive)
	mux.HandleFunc("DELETE /internal/accounts/{account}/sessions/{sid}", s.end)
	mux.HandleFunc("DELETE /internal/accounts/{account}/sessions", s.endAll)
	mux.HandleFunc("GET /internal/accounts/{account}/data", s.data)
	mux.HandleFunc("DELETE /internal/accounts/{account}/data", s.erase)
	mux.HandleFunc("/", func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("session-svc has no %s %s", r.Method, r.URL.Path)
	})
	server := httptest.NewServer(s.gate(mux))
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Away makes the stand-in break off every request, until it is called with false.
func (s *StandIn) Away(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

// OnOpen makes the stand-in call f before it opens a session.
func (s *StandIn) OnOpen(f func(account string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onOpen = f
}

// Alive returns the open sessions of an account, by id.
func (s *StandIn) Alive(account string) []Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	var alive []Session
	for _, session := range s.sessions {
		if session.Account == account && !session.ended {
			alive = append(alive, *session)
		}
	}
	slices.SortFunc(alive, func(a, b Session) int { return strings.Compare(a.ID, b.ID) })
	return alive
}

// End ends a session, as another service would.
func (s *StandIn) End(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if session := s.sessions[id]; session != nil {
		session.ended = true
	}
}

// Forget makes the stand-in forget that sessions of an account ended, as a Redis does that loses its last writes.
func (s *StandIn) Forget(account string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		session.ended = session.ended && session.Account != account
	}
}

// OpenBehind opens a session that user-svc doesn't hear of, as one of an older version records none. It returns the
// refresh token.
func (s *StandIn) OpenBehind(account string, created time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	session := &Session{ID: random(8), Account: account, Device: "old", created: created, refresh: random(24)}
	s.sessions[session.ID] = session
	return session.refresh
}

var (
	accountID = regexp.MustCompile(`^[0-9a-f]{24}$`)
	sessionID = regexp.MustCompile(`^[A-Za-z0-9_-]{11}$`)
)

// gate checks what holds for every request.
func (s *StandIn) gate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		away := s.away
		s.mu.Unlock()
		if away {
			panic(http.ErrAbortHandler)
		}
		if r.Header.Get(peer.SecretHeader) != Secret {
			s.fail(w, r, fault.New(fault.Unauthenticated, "internal_secret_invalid", "This listener is for the services themselves."))
			return
		}
		query := r.URL.Query()
		if len(query) > 0 && (r.Method != http.MethodDelete || len(query) != 1 || !sessionID.MatchString(query.Get("except"))) {
			s.t.Errorf("%s %s has the query %s", r.Method, r.URL.Path, r.URL.RawQuery)
		}
		next.ServeHTTP(w, r)
	})
}

func (s *StandIn) open(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Account string `json:"account"`
		Device  string `json:"device"`
		Known   bool   `json:"known"`
	}
	if !s.read(w, r, &in) {
		return
	}
	if !accountID.MatchString(in.Account) || in.Device == "" || utf8.RuneCountInString(in.Device) > 64 {
		s.fail(w, r, fault.BadField("account", "or device is not what session-svc takes"))
		return
	}
	s.mu.Lock()
	onOpen := s.onOpen
	s.mu.Unlock()
	if onOpen != nil {
		onOpen(in.Account)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	session := &Session{ID: random(8), Account: in.Account, Device: in.Device, Known: in.Known, created: time.Now(), refresh: random(24)}
	s.sessions[session.ID] = session
	s.answer(w, http.StatusCreated, session.opened())
}

func (s *StandIn) refresh(w http.ResponseWriter, r *http.Request) {
	var in struct {
		RefreshToken string `json:"refreshToken"`
	}
	if !s.read(w, r, &in) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		if session.ended {
			continue
		}
		if session.refresh == in.RefreshToken {
			session.used = append(session.used, session.refresh)
			session.refresh = random(24)
			s.answer(w, http.StatusOK, session.opened())
			return
		}
		if slices.Index(session.used, in.RefreshToken) == len(session.used)-1 && len(session.used) > 0 { // its successor was not used yet
			s.answer(w, http.StatusOK, session.opened())
			return
		}
		if slices.Contains(session.used, in.RefreshToken) {
			session.ended = true
			s.fail(w, r, fault.New(fault.Unauthenticated, "refresh_token_reused", "This refresh token was used before; the session has been ended."))
			return
		}
	}
	s.fail(w, r, fault.ErrRefreshToken)
}

func (s *StandIn) alive(w http.ResponseWriter, r *http.Request) {
	session, ok := s.find(r)
	if !ok || session.ended {
		s.fail(w, r, fault.New(fault.NotFound, "session_not_found", "There is no such session."))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *StandIn) end(w http.ResponseWriter, r *http.Request) {
	if session, ok := s.find(r); ok {
		s.End(session.ID)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *StandIn) endAll(w http.ResponseWriter, r *http.Request) {
	if !accountID.MatchString(r.PathValue("account")) {
		s.t.Errorf("%s %s: not an account", r.Method, r.URL.Path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, session := range s.sessions {
		if session.Account == r.PathValue("account") && session.ID != r.URL.Query().Get("except") {
			session.ended = true
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *StandIn) data(w http.ResponseWriter, r *http.Request) {
	sessions := []any{}
	for _, session := range s.Alive(r.PathValue("account")) {
		sessions = append(sessions, map[string]any{
			"id": session.ID, "device": session.Device, "current": false, "createdAt": instant.Time(session.created),
			"refreshedAt": instant.Time(session.created), "expiresAt": instant.Time(session.created.Add(ttl)),
		})
	}
	s.answer(w, http.StatusOK, map[string]any{"sessions": sessions, "streams": []any{}})
}

func (s *StandIn) erase(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erased = append(s.erased, r.PathValue("account"))
	w.WriteHeader(http.StatusNoContent)
}

// Erased reports whether an account was erased.
func (s *StandIn) Erased(account string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.erased, account)
}

func (s *StandIn) find(r *http.Request) (Session, bool) {
	account, id := r.PathValue("account"), r.PathValue("sid")
	if !accountID.MatchString(account) || !sessionID.MatchString(id) {
		s.t.Errorf("%s %s: not a session of an account", r.Method, r.URL.Path)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if session := s.sessions[id]; session != nil && session.Account == account {
		return *session, true
	}
	return Session{}, false
}

func (s *StandIn) read(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.UnmarshalRead(r.Body, into, json.RejectUnknownMembers(true))
	if err != nil || r.Header.Get("Content-Type") != "application/json" {
		s.t.Errorf("%s %s: content type %q, %v", r.Method, r.URL.Path, r.Header.Get("Content-Type"), err)
		s.fail(w, r, fault.BadField("body", "can't be read"))
		return false
	}
	return true
}

func (s *StandIn) fail(w http.ResponseWriter, r *http.Request, err error) {
	problem.Write(w, r, logging.New(s.t.Output(), logging.Text, 0, "session-svc"), err)
}

func (s *StandIn) answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if err := json.MarshalWrite(w, body); err != nil {
		s.t.Error(err)
	}
}

func random(size int) string {
	bytes := make([]byte, size)
	_, _ = rand.Read(bytes) // never fails
	return base64.RawURLEncoding.EncodeToString(bytes)
}
