package audience_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"streamgate/k8s/e2e/audience"
)

// run lets an audience of one account use the service for a while. Once all is under way, broken takes effect.
func run(t *testing.T, broken func(w http.ResponseWriter, r *http.Request) bool) *audience.Figures {
	t.Helper()
	s := newService(t)
	account, err := audience.SignUp(t.Context(), s.URL, "a@example.com")
	if err != nil {
		t.Fatal(err)
	}
	a, err := audience.Begin(t.Context(), audience.Options{
		Base: s.URL, Content: "clip", Lease: testLease, Accounts: []*audience.Account{account},
		Heartbeats: 20 * time.Millisecond, Fetches: 20 * time.Millisecond, Visits: 50 * time.Millisecond, SignIns: 50 * time.Millisecond, Listeners: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	reach(t, func() bool { return a.Answered() >= 50 })
	if broken != nil {
		var met atomic.Bool
		s.breaks(func(w http.ResponseWriter, r *http.Request) bool {
			hit := true // also when it panics, as a connection that breaks does
			defer func() {
				if hit {
					met.Store(true)
				}
			}()
			hit = broken(w, r)
			return hit
		})
		reach(t, met.Load)
	}
	from := a.Answered()
	reach(t, func() bool { return a.Answered() >= from+100 })
	s.breaks(nil)
	reach(t, func() bool { return a.Answered() >= from+150 })
	return a.End(t.Context())
}

func reach(t *testing.T, reached func() bool) {
	t.Helper()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !reached() {
		select {
		case <-ticker.C:
		case <-t.Context().Done():
			t.Fatal("the test was over before")
		}
	}
}

func TestNothingIsWrongWithAGoodService(t *testing.T) {
	t.Parallel()
	f := run(t, nil)
	if len(f.Failed()) > 0 || len(f.Lost) > 0 || len(f.Broken()) > 0 {
		t.Errorf("failed %v, lost %v, broken %v", f.Failed(), f.Lost, f.Broken())
	}
	asked := map[string]int{}
	for _, r := range f.Requests {
		asked[r.What]++
	}
	for _, what := range []string{"start", "stop", "heartbeat", "fetch", "list", "sign-in", "sign-out", "catalogue", "events"} {
		if asked[what] == 0 {
			t.Errorf("no %s among %v", what, asked)
		}
	}
	if f.Quantile(0.99) < f.Quantile(0.5) || f.Quantile(0.5) == 0 {
		t.Errorf("p50 %v, p99 %v", f.Quantile(0.5), f.Quantile(0.99))
	}
}

func TestEveryFaultIsSeen(t *testing.T) {
	t.Parallel()
	reset := func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
	answer := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, c := range map[string]struct {
		method, path string
		how          func(http.ResponseWriter)
		what         string // that fails
		lost         bool
	}{
		"a heartbeat's connection breaks": {http.MethodPost, "/heartbeat", reset, "heartbeat", false},
		"a heartbeat is answered by 502":  {http.MethodPost, "/heartbeat", answer(http.StatusBadGateway, "Bad Gateway"), "heartbeat", false},
		"a stream has ended":              {http.MethodPost, "/heartbeat", answer(http.StatusGone, `{"reason": "evicted"}`), "heartbeat", true},
		"a stream is not known":           {http.MethodPost, "/heartbeat", answer(http.StatusNotFound, `{}`), "heartbeat", true},
		"a stream lapsed and is resumed": {
			http.MethodPost, "/heartbeat",
			answer(http.StatusOK, `{"expiresAt": "`+stamp(time.Now().Add(testLease))+`", "resumed": true}`), "", true,
		},
		"video ends too early": {http.MethodGet, "/media/", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "65536")
			w.WriteHeader(http.StatusPartialContent)
			_, _ = w.Write(make([]byte, 1000))
			panic(http.ErrAbortHandler)
		}, "fetch", false},
		"video is too short":               {http.MethodGet, "/media/", answer(http.StatusPartialContent, "short"), "fetch", false},
		"video is gone":                    {http.MethodGet, "/media/", answer(http.StatusGone, `{}`), "fetch", true},
		"a fourth stream starts":           {http.MethodPost, "/streams", answer(http.StatusCreated, `{"source": "x", "stream": {"id": "y"}}`), "start", false},
		"a start is refused otherwise":     {http.MethodPost, "/streams", answer(http.StatusForbidden, `{"code": "forbidden"}`), "start", false},
		"a start gets 503":                 {http.MethodPost, "/streams", answer(http.StatusServiceUnavailable, `{}`), "start", false},
		"the list is not to be had":        {http.MethodGet, "/content", answer(http.StatusInternalServerError, `{}`), "catalogue", false},
		"events break off":                 {http.MethodGet, "/events", reset, "events", false},
		"there are no events":              {http.MethodGet, "/events", answer(http.StatusOK, ""), "events", false},
		"somebody can't sign in":           {http.MethodPost, "/auth", answer(http.StatusTooManyRequests, `{}`), "sign-in", false},
		"the answer to a sign-in is empty": {http.MethodPost, "/auth", answer(http.StatusCreated, `{}`), "sign-in", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := run(t, func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != c.method || !strings.HasSuffix(r.URL.Path, c.path) && !strings.HasPrefix(r.URL.Path, c.path+"clip") {
					return false
				}
				c.how(w)
				return true
			})
			failed := map[string]string{}
			for _, r := range f.Failed() {
				failed[r.What] = r.Fault
			}
			if (c.what != "" && failed[c.what] == "") || c.lost != (len(f.Lost) > 0) {
				t.Errorf("failed %v, lost %v", failed, f.Lost)
			}
		})
	}
}
