package stack

import (
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/instant"
	"streamgate/libs/recorded"
)

// foreignEnds are those that the stand-in has recorded of the sessions of accounts that aren't user-svc's.
type foreignEnds struct {
	mu sync.Mutex
	of map[string][]recorded.End // by account
}

// serve records the end of a session, or tells of all. Nobody here ends all others.
func (e *foreignEnds) serve(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	account := r.PathValue("id")
	if r.Method == http.MethodGet {
		_ = json.MarshalWrite(w, recorded.Ends{Sessions: e.of[account]}) // the asker asks again
		return
	}
	var end recorded.Ending
	if err := json.UnmarshalRead(r.Body, &end); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if e.of == nil {
		e.of = map[string][]recorded.End{}
	}
	e.of[account] = append(e.of[account], recorded.End{Session: end.Session, EndedAt: instant.Time(time.Now())})
	w.WriteHeader(http.StatusNoContent)
}
