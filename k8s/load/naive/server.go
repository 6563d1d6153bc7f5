package naive

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/k8s/load/player"
)

// Flaw is what a server does wrong.
type Flaw string

// The flaws.
const (
	None         Flaw = "none"                                              // which shows that a correct server is not found faulty
	Race         Flaw = "reads the leases, decides, and writes them later"  // get, then set
	Counter      Flaw = "counts streams beside their leases"                // so that a player that dies takes its slot with it
	TwoClocks    Flaw = "decides by the clocks of its replicas"             // which differ
	Early        Flaw = "refuses one stream before the limit"               // to be on the safe side
	NoPurge      Flaw = "never forgets a lapsed lease"                      // so that slots are lost
	NoCount      Flaw = "grants whatever is asked for"                      //
	NoSession    Flaw = "doesn't ask whether the session has ended"         //
	TwoSteps     Flaw = "replaces in two steps: stops one, starts the next" // and what was to be replaced is gone when there is no slot
	Resurrection Flaw = "lets a late heartbeat bring a stopped stream back" //
	Forgetful    Flaw = "starts a second stream for a repeated start"       // so that a retry counts twice
	Vague        Flaw = "shows other leases in a refusal than it counted"   //
)

// Server is a session-svc of two replicas in this process.
type Server struct {
	System player.System

	flaw     Flaw
	lease    time.Duration
	limit    int
	replicas []*httptest.Server

	mu       sync.Mutex
	accounts map[string]*account
}

type account struct {
	leases  []*lease
	ended   map[string]string // why, by stream
	counted int               // of Counter
	out     map[string]bool   // sessions that ended
	keys    map[string]string // streams by Idempotency-Key
}

type lease struct {
	id, session, player, device string

	started, expires time.Time
}

// skew is the difference between the clocks of TwoClocks.
const skew = 700 * time.Millisecond

// Open starts a server.
func Open(flaw Flaw, lease time.Duration, limit int) *Server {
	s := &Server{flaw: flaw, lease: lease, limit: limit, accounts: map[string]*account{}}
	transport := player.NewTransport()
	s.System = player.System{SignIn: s.signIn, Transport: transport}
	for i := range 2 {
		now := func() time.Time { return time.Now().Truncate(time.Millisecond) }
		if flaw == TwoClocks && i == 1 {
			now = func() time.Time { return time.Now().Add(skew).Truncate(time.Millisecond) }
		}
		mux := http.NewServeMux()
		mux.HandleFunc("POST /streams", func(w http.ResponseWriter, r *http.Request) { s.start(w, r, now) })
		mux.HandleFunc("GET /streams", func(w http.ResponseWriter, r *http.Request) { s.list(w, r, now) })
		mux.HandleFunc("POST /streams/{id}/heartbeat", func(w http.ResponseWriter, r *http.Request) { s.heartbeat(w, r, now) })
		mux.HandleFunc("DELETE /streams/{id}", s.stop)
		mux.HandleFunc("DELETE /sessions/{id}", s.signOut)
		replica := httptest.NewServer(mux)
		s.replicas = append(s.replicas, replica)
		s.System.Sessions = append(s.System.Sessions, replica.URL)
	}
	return s
}

// Close stops it.
func (s *Server) Close() {
	for _, replica := range s.replicas {
		replica.CloseClientConnections()
		replica.Close()
	}
}

// caller returns the account and the session of the token, which is account.session.
func (s *Server) caller(r *http.Request) (*account, string) {
	id, session, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), ".")
	a := s.accounts[id]
	if a == nil {
		a = &account{ended: map[string]string{}, out: map[string]bool{}, keys: map[string]string{}}
		s.accounts[id] = a
	}
	return a, session
}

func (s *Server) live(a *account, now time.Time) []*lease {
	var live []*lease
	for _, l := range a.leases {
		if a.ended[l.id] == "" && (l.expires.After(now) || s.flaw == NoPurge) {
			live = append(live, l)
		}
	}
	return live
}

func newID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id)
	return base64.RawURLEncoding.EncodeToString(id)
}

func problem(w http.ResponseWriter, status int, members map[string]any) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, members)
}

func (s *Server) refuse(w http.ResponseWriter, live []*lease) {
	if s.flaw == Vague && len(live) > 0 {
		live = slices.Clone(live)
		live[0] = &lease{id: newID(), device: "nobody's", started: live[0].started, expires: live[0].expires}
	}
	problem(w, http.StatusForbidden, map[string]any{"code": "stream_limit_reached", "limit": s.limit, "active": len(live), "streams": show(live)})
}

func show(live []*lease) []map[string]any {
	all := make([]map[string]any, 0, len(live))
	for _, l := range live {
		all = append(all, map[string]any{"id": l.id, "device": l.device, "startedAt": l.started, "expiresAt": l.expires})
	}
	return all
}

// taken returns how many slots are taken, without those that a start replaces.
func (s *Server) taken(a *account, live []*lease, replaced []*lease) int {
	switch s.flaw {
	case Counter:
		return a.counted - len(replaced)
	case NoCount:
		return 0
	case Early:
		return len(live) - len(replaced) + 1
	default:
		return len(live) - len(replaced)
	}
}

func (s *Server) start(w http.ResponseWriter, r *http.Request, now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = r.ParseForm()
	a, session := s.caller(r)
	if a.out[session] && s.flaw != NoSession {
		problem(w, http.StatusUnauthorized, map[string]any{"code": "session_ended"})
		return
	}
	t := now()
	live := s.live(a, t)
	asked := &lease{id: newID(), session: session, player: r.Form.Get("player"), device: r.Form.Get("device"), started: t, expires: t.Add(s.lease)}
	if key := r.Header.Get("Idempotency-Key"); key != "" && s.flaw != Forgetful {
		key += session
		if id := a.keys[key]; id != "" {
			asked.id = id
			if why := a.ended[id]; why != "" {
				problem(w, http.StatusGone, map[string]any{"code": "stream_ended", "reason": why})
				return
			}
			for _, l := range live {
				if l.id == id {
					s.answer(w, l, len(live))
					return
				}
			}
			a.leases = slices.DeleteFunc(a.leases, func(l *lease) bool { return l.id == id })
		}
		a.keys[key] = asked.id
	}
	replaced := slices.DeleteFunc(slices.Clone(live), func(l *lease) bool {
		return l.id != r.Form.Get("replace") && (asked.player == "" || l.player != asked.player || l.session != session)
	})
	if s.flaw == TwoSteps {
		s.end(a, replaced)
		live = s.live(a, t)
		replaced = nil
		s.pause()
	}
	if s.taken(a, live, replaced) >= s.limit {
		s.refuse(w, live)
		return
	}
	if s.flaw == Race {
		s.pause()
	}
	s.end(a, replaced)
	a.leases = append(a.leases, asked)
	a.counted++
	s.answer(w, asked, len(s.live(a, t)))
}

// pause lets other requests in.
func (s *Server) pause() {
	s.mu.Unlock()
	time.Sleep(time.Millisecond)
	s.mu.Lock()
}

func (s *Server) end(a *account, leases []*lease) {
	for _, l := range leases {
		a.ended[l.id] = "replaced"
		a.counted--
	}
}

func (s *Server) answer(w http.ResponseWriter, l *lease, active int) {
	w.Header().Set("X-Stream-Limit", strconv.Itoa(s.limit))
	w.Header().Set("X-Stream-Active", strconv.Itoa(active))
	w.WriteHeader(http.StatusCreated)
	_ = json.MarshalWrite(w, map[string]any{"source": "/media/x", "stream": show([]*lease{l})[0]})
}

func (s *Server) list(w http.ResponseWriter, r *http.Request, now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, _ := s.caller(r)
	_ = json.MarshalWrite(w, map[string]any{"limit": s.limit, "streams": show(s.live(a, now()))})
}

func (s *Server) heartbeat(w http.ResponseWriter, r *http.Request, now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, session := s.caller(r)
	t := now()
	for _, l := range a.leases {
		switch {
		case l.id != r.PathValue("id"):
			continue
		case a.ended[l.id] != "" && s.flaw != Resurrection:
			problem(w, http.StatusGone, map[string]any{"code": "stream_ended", "reason": a.ended[l.id]})
			return
		case a.out[session] && s.flaw != NoSession:
			problem(w, http.StatusUnauthorized, map[string]any{"code": "session_ended"})
			return
		}
		lapsed := !l.expires.After(t) && s.flaw != NoPurge
		if live := s.live(a, t); (lapsed || a.ended[l.id] != "") && len(live) >= s.limit && s.flaw != NoCount {
			s.refuse(w, live)
			return
		}
		delete(a.ended, l.id)
		l.expires = t.Add(s.lease)
		_ = json.MarshalWrite(w, map[string]any{"expiresAt": l.expires, "resumed": lapsed})
		return
	}
	problem(w, http.StatusNotFound, map[string]any{"code": "stream_not_found"})
}

func (s *Server) stop(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, session := s.caller(r)
	for _, l := range a.leases {
		if l.id == r.PathValue("id") && a.ended[l.id] == "" {
			a.counted--
			a.ended[l.id] = "stopped"
			if l.session != session {
				a.ended[l.id] = "terminated"
			}
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a, _ := s.caller(r)
	a.out[r.PathValue("id")] = true
	for _, l := range a.leases {
		if l.session == r.PathValue("id") && a.ended[l.id] == "" && s.flaw != NoSession {
			a.counted--
			a.ended[l.id] = "session_ended"
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) signIn(_ context.Context, account string) (*player.Device, error) {
	session := newID()[:11]
	return &player.Device{Account: account, Session: session, Token: account + "." + session}, nil
}
