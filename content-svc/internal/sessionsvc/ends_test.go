package sessionsvc_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/content-svc/internal/sessionsvc"
	"streamgate/libs/peer"
	"streamgate/libs/testkit"
)

const secret = "secret-of-the-services"

// told remembers what it was told.
type told struct {
	mu     sync.Mutex
	ended  []string
	missed int
}

func (t *told) Ended(stream string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = append(t.ended, stream)
}

func (t *told) Missed() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.missed++
}

func (t *told) is(missed int, ended ...string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.missed == missed && slices.Equal(t.ended, ended)
}

// Ends are told as they happen. After the connection broke, and where session-svc says so, some may have been missed.
func TestEndsAreFollowed(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	next := make(chan string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/internal/streams/ends" || r.Header.Get(peer.SecretHeader) != secret {
			http.NotFound(w, r)
			return
		}
		connections.Add(1)
		_, _ = fmt.Fprintln(w)
		for {
			w.(http.Flusher).Flush()
			select {
			case line := <-next:
				if line == "break" {
					panic(http.ErrAbortHandler)
				}
				_, _ = fmt.Fprintln(w, line)
			case <-r.Context().Done():
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var to told
	go sessionsvc.NewClient(server.URL, []string{secret}, prometheus.NewRegistry()).Follow(ctx, &to)

	testkit.Eventually(t, "the connection", func() bool { return to.is(1) })
	next <- "first"
	next <- ""
	next <- "second"
	testkit.Eventually(t, "two ends", func() bool { return to.is(1, "first", "second") })
	next <- "*"
	testkit.Eventually(t, "some were missed", func() bool { return to.is(2, "first", "second") })
	next <- "break"
	testkit.Eventually(t, "another connection", func() bool { return connections.Load() == 2 && to.is(3, "first", "second") })
	next <- "third"
	testkit.Eventually(t, "an end on it", func() bool { return to.is(3, "first", "second", "third") })
}

// A connection that says nothing is given up: session-svc writes each second.
func TestASilentConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	var connections atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		connections.Add(1)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var to told
	go sessionsvc.NewClient(server.URL, []string{secret}, prometheus.NewRegistry()).Follow(ctx, &to)
	testkit.Eventually(t, "another connection", func() bool { return connections.Load() >= 2 })
}
