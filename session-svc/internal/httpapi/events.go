package httpapi

import (
	"bytes"
	"cmp"
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/metrics"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

const (
	// keepAlive is how often a silent connection is written to, below the idle time of the usual proxies.
	keepAlive = 15 * time.Second
	// writeTimeout is how long a client may take to read an event.
	writeTimeout = 10 * time.Second
	// maxWatchers is how many connections of one account are told of what plays, by one replica: as many as it has devices.
	maxWatchers = session.MaxSessions
	// lookPause is the least time between two looks at what plays, so that a change that follows another costs no look of its own.
	lookPause = 300 * time.Millisecond
	// requireAgain is how often the device must still be signed in: with the answer's time it is told within 5 s that it isn't.
	requireAgain = 3 * time.Second
	// lookAgain is how soon the streams are asked for again after the store was away.
	lookAgain = time.Second
)

// streamEvents tells what plays, at once and after each change, until the access token expires: GET /streams/events.
func (a *API) streamEvents(c *gin.Context, r request) error {
	if err := errors.Join(bind.Nothing(c), a.signedIn(c, r)); err != nil {
		return err
	}
	leave, err := a.watchers.enter(r.Account)
	if err != nil {
		return err
	}
	defer leave()
	changed, stop := a.Changes.Watch(r.Account)
	defer stop()
	playing, err := a.Streams.List(c.Request.Context(), r.Account)
	if err != nil {
		return err
	}

	header := c.Writer.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	w := &watch{api: a, c: c, request: r, control: http.NewResponseController(c.Writer), shown: playing}
	_ = w.control.SetReadDeadline(time.Time{}) // the server's would end the request
	metrics.Begun(c)
	if w.send(event(r, playing)) {
		w.run(changed)
	}
	return nil
}

// watchers counts the connections of each account.
type watchers struct {
	mu sync.Mutex
	of map[string]int
}

// enter counts one more, until leave is called.
func (w *watchers) enter(account string) (leave func(), err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of[account] >= maxWatchers {
		detail := "Too many connections of this account wait for events; close some of them."
		return nil, fault.New(fault.TooManyRequests, "too_many_watchers", detail).After(keepAlive)
	}
	if w.of == nil {
		w.of = map[string]int{}
	}
	w.of[account]++
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.of[account]--; w.of[account] == 0 {
			delete(w.of, account)
		}
	}, nil
}

// watch is one connection that is told of what plays.
type watch struct {
	api     *API
	c       *gin.Context
	request request
	control *http.ResponseController
	shown   stream.Listing
}

// run tells of changes until the client goes, the token expires, the device is signed out or the service ends.
func (w *watch) run(changed <-chan struct{}) {
	// Of the last event the deadline may have passed, and the end of the answer would not be written.
	defer func() { _ = w.control.SetWriteDeadline(time.Now().Add(writeTimeout)) }()
	expired := time.NewTimer(time.Until(w.request.Expires))
	defer expired.Stop()
	beat := time.NewTicker(keepAlive)
	defer beat.Stop()
	require := time.NewTicker(requireAgain)
	defer require.Stop()
	look := time.NewTimer(untilLapse(w.shown.Live))
	defer look.Stop()
	looked := time.Now()
	for {
		select {
		case <-w.c.Request.Context().Done():
			return
		case <-w.api.Draining:
			return
		case <-expired.C:
			return
		case <-beat.C:
			if !w.send([]byte(": still here\n\n")) {
				return
			}
			continue
		case <-require.C:
			if w.signedOut() {
				return
			}
			continue
		case <-changed:
			if wait := lookPause - time.Since(looked); wait > 0 {
				look.Reset(wait)
				continue
			}
		case <-look.C:
		}
		looked = time.Now()
		wait, more := w.look()
		if !more {
			return
		}
		look.Reset(wait)
	}
}

// look shows what plays now, if it changed. It returns when to look again without a change, or that the client has gone.
func (w *watch) look() (again time.Duration, more bool) {
	now, err := w.api.Streams.List(w.c.Request.Context(), w.request.Account)
	if err != nil {
		return lookAgain, fault.KindOf(err) == fault.Unavailable
	}
	if w.signedOut() {
		return 0, false
	}
	if (w.shown.Limit != now.Limit || !sameStreams(w.shown.Live, now.Live)) && !w.send(event(w.request, now)) {
		return 0, false
	}
	w.shown = now
	return untilLapse(now.Live), true
}

// signedOut reports whether the device was signed out, as the store has it now.
func (w *watch) signedOut() bool {
	_, err := w.api.self(w.c, w.request)
	return errors.Is(err, session.ErrEnded)
}

func (w *watch) send(text []byte) bool {
	_ = w.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err := w.c.Writer.Write(text)
	return err == nil && w.control.Flush() == nil
}

// event is one Server-Sent Event.
func event(r request, playing stream.Listing) []byte {
	text, _ := json.Marshal(newStreamsDTO(playing.Live).limited(cmp.Or(playing.Limit, r.Limit))) // nothing in it can fail
	return slices.Concat([]byte("event: streams\ndata: "), bytes.TrimSpace(text), []byte("\n\n"))
}

// untilLapse returns how long it takes until the earliest lapse, which no request announces, and a little more.
func untilLapse(leases []stream.Lease) time.Duration {
	wait := time.Hour
	for _, l := range leases {
		wait = min(wait, max(time.Until(l.Expires), 0)+50*time.Millisecond)
	}
	return wait
}

func sameStreams(a, b []stream.Lease) bool {
	return slices.EqualFunc(a, b, func(x, y stream.Lease) bool { return x.ID == y.ID })
}
