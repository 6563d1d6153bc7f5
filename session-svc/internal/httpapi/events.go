package httpapi

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

const (
	// keepAlive is how often a silent connection is written to, below the idle time of the usual proxies.
	keepAlive = 15 * time.Second
	// writeTimeout is how long a client may take to read an event.
	writeTimeout = 10 * time.Second
	// lookAgain is how soon the streams are asked for again after the store was away.
	lookAgain = time.Second
)

// streamsDTO is what plays.
type streamsDTO struct {
	Limit   *int       `json:"limit,omitempty"` // where it is known
	Active  int        `json:"active"`
	Streams []leaseDTO `json:"streams"`
}

// streamEvents tells what plays, at once and after each change, until the access token expires: GET /streams/events.
func (a *API) streamEvents(c *gin.Context, r request) error {
	if err := errors.Join(bind.Nothing(c), a.signedIn(c, r)); err != nil {
		return err
	}
	changed, stop := a.Changes.Watch(c, r.Account)
	defer stop()
	leases, err := a.Streams.List(c, r.Account)
	if err != nil {
		return err
	}

	controller := http.NewResponseController(c.Writer)
	_ = controller.SetReadDeadline(time.Time{}) // the server's would end the request
	header := c.Writer.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no")
	send := func(text []byte) bool {
		_ = controller.SetWriteDeadline(time.Now().Add(writeTimeout))
		_, err := c.Writer.Write(text)
		return err == nil && controller.Flush() == nil
	}
	if !send(event(r, leases)) {
		return nil
	}
	expired := time.NewTimer(time.Until(r.Expires))
	defer expired.Stop()
	beat := time.NewTicker(keepAlive)
	defer beat.Stop()
	look := time.NewTimer(untilLapse(leases))
	defer look.Stop()
	for {
		select {
		case <-c.Request.Context().Done():
			return nil
		case <-a.Draining:
			return nil
		case <-expired.C:
			return nil
		case <-beat.C:
			if errors.Is(a.signedIn(c, r), session.ErrEnded) || !send([]byte(": still here\n\n")) {
				return nil
			}
			continue
		case <-changed:
		case <-look.C:
		}
		now, err := a.Streams.List(c, r.Account)
		if err != nil {
			if fault.KindOf(err) != fault.Unavailable {
				return nil
			}
			look.Reset(lookAgain)
			continue
		}
		look.Reset(untilLapse(now))
		if errors.Is(a.signedIn(c, r), session.ErrEnded) {
			return nil
		}
		if !sameStreams(leases, now) && !send(event(r, now)) {
			return nil
		}
		leases = now
	}
}

// event is one Server-Sent Event.
func event(r request, leases []stream.Lease) []byte {
	text, _ := json.Marshal(streamsDTO{Limit: &r.Limit, Active: len(leases), Streams: newLeaseDTOs(leases)}) // nothing in it can fail
	return slices.Concat([]byte("event: streams\ndata: "), bytes.TrimSpace(text), []byte("\n\n"))
}

// untilLapse is when it is worth to look, though nobody did anything: just after the earliest lapse.
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
