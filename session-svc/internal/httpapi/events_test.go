package httpapi_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"streamgate/libs/testkit"
	"streamgate/session-svc/internal/config"
	"streamgate/session-svc/internal/session"
)

// open opens GET /streams/events. The caller closes the answer's body.
func (d *device) open(t *testing.T, token string) *http.Response {
	t.Helper()
	return d.openUntil(t.Context(), t, token)
}

func (d *device) openUntil(ctx context.Context, t *testing.T, token string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.PublicURL+"/streams/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// watch opens GET /streams/events, and returns the number of active streams of each event.
func (d *device) watch(t *testing.T, token string) <-chan int {
	t.Helper()
	return d.watchUntil(t.Context(), t, token)
}

func (d *device) watchUntil(ctx context.Context, t *testing.T, token string) <-chan int {
	t.Helper()
	answer := d.openUntil(ctx, t, token)
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatal(answer.Status, answer.Header)
	}
	events := make(chan int, 100)
	go func() {
		defer close(events)
		defer answer.Body.Close()
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			if !ok {
				continue
			}
			var event struct{ Limit, Active int }
			if err := json.Unmarshal([]byte(data), &event, json.MatchCaseInsensitiveNames(true)); err != nil || event.Limit != 3 {
				t.Errorf("%s: %v", data, err)
			}
			events <- event.Active
		}
	}()
	return events
}

func next(t *testing.T, events <-chan int, want int) {
	t.Helper()
	select {
	case got, ok := <-events:
		if !ok || got != want {
			t.Fatalf("%d active (open: %v), want %d", got, ok, want)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("no event of %d active", want)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	here := start(t)
	there := start(t, sharing(here))
	tv, phone := here.signIn(t, "TV"), here.signIn(t, "Phone")
	phone.gate = there // the other replica
	events := phone.watch(t, phone.token)
	next(t, events, 0)
	first, _ := tv.playing(t, "")
	next(t, events, 1)
	tv.playing(t, "")
	next(t, events, 2)
	tv.do(t, http.MethodDelete, "/streams/"+first, "").Want(t, http.StatusNoContent)
	next(t, events, 1)
	next(t, events, 0) // the other lapsed, without a request
	tv.heartbeat(t, first, "").Want(t, http.StatusGone)
	tv.playing(t, "")
	next(t, events, 1)
	tv.do(t, http.MethodDelete, "/sessions/"+tv.session, "").Want(t, http.StatusNoContent)
	next(t, events, 0)
}

// One account can't make a replica look for a thousand watchers.
func TestWatchersAreBounded(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	for range session.MaxSessions {
		next(t, tv.watch(t, tv.token), 0)
	}
	refused := tv.do(t, http.MethodGet, "/streams/events", "").Problem(t, http.StatusTooManyRequests, "too_many_watchers")
	if refused.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

// Changes that follow each other are looked at together, and the last one is reported within a second.
func TestManyChangesAreFewLooks(t *testing.T) {
	t.Parallel()
	tv := start(t, func(c *config.Config) { c.StartsBurst = 1000 }).signIn(t, "TV")
	events := tv.watch(t, tv.token)
	next(t, events, 0)
	const changes = 40
	before, began := tv.calls(t, "list"), time.Now()
	for range changes {
		tv.playing(t, "?player=one")
	}
	tv.playing(t, "")
	testkit.Eventually(t, "the last change is told", func() bool {
		select {
		case active := <-events:
			return active == 2
		default:
			return false
		}
	})
	// One each 300 ms, where a stream may have lapsed, and at both ends.
	took := time.Since(began)
	if looks, most := tv.calls(t, "list")-before, int(took/(300*time.Millisecond)+took/time.Second)+4; looks > most {
		t.Errorf("%d changes in %v took %d looks, more than %d", changes, took, looks, most)
	}
}

func TestEventsEndWithTheirToken(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	events := tv.watch(t, tv.tokenFor(t, 2*time.Second))
	next(t, events, 0)
	testkit.Eventually(t, "the events end", func() bool {
		select {
		case _, open := <-events:
			return !open
		default:
			return false
		}
	})
}

// A watcher must not keep its replica from ending: the harness fails the test if the drain takes longer than its time.
func TestEventsEndWithTheService(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	next(t, tv.watch(t, tv.token), 0)
}

// The answer ends properly even if its last event is older than the time that a client has to read one.
func TestEventsEndWhenNothingHappened(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	answer := tv.open(t, tv.tokenFor(t, 12*time.Second))
	defer answer.Body.Close()
	if text, err := io.ReadAll(answer.Body); err != nil {
		t.Errorf("after %q: %v", text, err)
	}
}

// A device that is signed out, alone or with others, at this replica or another, is told nothing more within 5 s.
func TestEventsEndWithTheirSession(t *testing.T) {
	t.Parallel()
	for name, signOut := range map[string]func(phone, tv *device){
		"alone": func(phone, tv *device) {
			tv.do(t, http.MethodDelete, "/sessions/"+phone.session, "").Want(t, http.StatusNoContent)
		},
		"with others": func(_, tv *device) { tv.do(t, http.MethodDelete, "/sessions", "").Want(t, http.StatusNoContent) },
		"for a change of the account": func(phone, _ *device) {
			phone.internal(t, http.MethodDelete, "/internal/accounts/"+phone.account+"/sessions", "").Want(t, http.StatusNoContent)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here := start(t)
			there := start(t, sharing(here))
			tv, phone := here.signIn(t, "TV"), here.signIn(t, "Phone")
			away := &device{gate: there, session: phone.session, token: phone.token}
			events, elsewhere := phone.watch(t, phone.token), away.watch(t, phone.token)
			next(t, events, 0)
			next(t, elsewhere, 0)
			phone.do(t, http.MethodGet, "/content", "").Want(t, http.StatusOK) // now it is cached that it is signed in
			signOut(phone, tv)
			ended := time.Now()
			for range events {
			}
			for range elsewhere {
			}
			if took := time.Since(ended); took > 5*time.Second {
				t.Errorf("told on for %v", took)
			}
		})
	}
}

// A client that listens for long is not counted as a slow request.
func TestEventsAreNoSlowRequest(t *testing.T) {
	t.Parallel()
	tv := start(t).signIn(t, "TV")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	events := tv.watchUntil(ctx, t, tv.token)
	next(t, events, 0)
	tv.playing(t, "")
	next(t, events, 1)
	next(t, events, 0) // two seconds later
	leave()
	took := func(series string) bool {
		line := "\nhttp_request_duration_seconds_" + series + "\n"
		return strings.Contains(string(testkit.Do(t, http.MethodGet, tv.OperationsURL+"/metrics", "").Body), line)
	}
	const route = `listener="public",method="GET",route="/streams/events"`
	testkit.Eventually(t, "it is counted", func() bool { return took(`count{` + route + `} 1`) })
	if !took(`bucket{` + route + `,le="1"} 1`) {
		t.Error("it counts as a request of two seconds")
	}
}
