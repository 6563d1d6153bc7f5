package stack

import (
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// foreignEnds are those that the stand-in has recorded of the sessions of accounts that aren't user-svc's.
type foreignEnds struct {
	mu sync.Mutex
	of map[string][]foreignEnd // by account
}

type foreignEnd struct {
	Session string    `json:"session"`
	At      time.Time `json:"endedAt"`
}

// serve records the end of a session, or tells of all. Nobody here ends all others.
func (e *foreignEnds) serve(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	account := r.PathValue("id")
	if r.Method == http.MethodGet {
		_ = json.MarshalWrite(w, map[string]any{"sessions": e.of[account]}) // the asker asks again
		return
	}
	var end foreignEnd
	if err := json.UnmarshalRead(r.Body, &end); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if e.of == nil {
		e.of = map[string][]foreignEnd{}
	}
	end.At = time.Now()
	e.of[account] = append(e.of[account], end)
	w.WriteHeader(http.StatusNoContent)
}
