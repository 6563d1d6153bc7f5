package audience_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"streamgate/k8s/e2e/audience"
)

const testLease = 10 * time.Second

// service answers an audience as Streamgate does, until something is broken.
type service struct {
	*httptest.Server

	mu      sync.Mutex
	broken  func(w http.ResponseWriter, r *http.Request) bool // true: it has answered
	streams map[string]*lease                                 // by id
	next    int
}

type lease struct {
	name           string
	began, expires time.Time
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{streams: map[string]*lease{}}
	mux := http.NewServeMux()
	token := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub": "account", "sid": "session"}`)) + ".e30"
	created := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write([]byte(body))
		}
	}
	mux.Handle("POST /users", created(`{}`))
	mux.Handle("POST /auth", created(`{"token": "`+token+`", "refreshToken": "r"}`))
	mux.HandleFunc("DELETE /auth", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /content", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /streams", s.start)
	mux.HandleFunc("GET /streams", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		fmt.Fprintf(w, `{"streams": [%s]}`, s.list())
	})
	mux.HandleFunc("POST /streams/{id}/heartbeat", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		l := s.streams[r.PathValue("id")]
		l.expires = time.Now().Add(testLease)
		fmt.Fprintf(w, `{"expiresAt": %q, "resumed": false}`, stamp(l.expires))
	})
	mux.HandleFunc("DELETE /streams/{id}", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.streams, r.PathValue("id"))
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /media/clip", func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(strings.Repeat("x", 100_000)))
	})
	mux.HandleFunc("GET /streams/events", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "event: streams\ndata: {}\n\n")
		_ = http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(300 * time.Millisecond): // as a pod that ends
		}
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		broken := s.broken
		s.mu.Unlock()
		if broken == nil || !broken(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// breaks makes the service answer by broken from now on, or as it should if that is nil.
func (s *service) breaks(broken func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func (s *service) list() string {
	var all []string
	for id, l := range s.streams {
		all = append(all, fmt.Sprintf(`{"id": %q, "device": %q, "startedAt": %q, "expiresAt": %q}`, id, l.name, stamp(l.began), stamp(l.expires)))
	}
	return strings.Join(all, ",")
}

func (s *service) start(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.streams) == audience.Limit {
		w.Header().Set("Retry-After", "10")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"code": "stream_limit_reached", "limit": 3, "streams": [%s]}`, s.list())
		return
	}
	s.next++
	id, now := fmt.Sprintf("stream-%d", s.next), time.Now()
	s.streams[id] = &lease{r.FormValue("device"), now, now.Add(testLease)}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, `{"source": "%s/media/clip", "stream": {"id": %q, "startedAt": %q, "expiresAt": %q}}`, s.URL, id, stamp(now), stamp(now.Add(testLease)))
}
