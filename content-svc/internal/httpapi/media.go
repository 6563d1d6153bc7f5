package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/content-svc/internal/media"
	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/problem"
)

// mediaAPI answers requests for files. The grant in their path is all that they are authorised by: it is never logged, and no other
// site gets to see it (Referrer-Policy).
type mediaAPI struct {
	player  *media.Player
	stall   time.Duration
	sent    prometheus.Counter
	answers *prometheus.CounterVec
}

// The outcomes of an answer, as its metric labels them.
const (
	served      = "served"
	ended       = "ended"
	limit       = "limit"
	unavailable = "unavailable"
	notFound    = "not_found"
)

func newMedia(p Public) *mediaAPI {
	m := &mediaAPI{
		player: p.Player, stall: p.Stall,
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "media_bytes_total", Help: "Bytes of files that were sent.",
		}),
		answers: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "media_answers_total", Help: "Answers to requests for files, by outcome.",
		}, []string{"outcome"}),
	}
	p.Registry.MustRegister(m.sent, m.answers)
	for _, outcome := range []string{served, ended, limit, unavailable, notFound} {
		m.answers.WithLabelValues(outcome)
	}
	return m
}

// preflight tells a player on another site what it may ask.
func (m *mediaAPI) preflight(c *gin.Context) error {
	open(c)
	c.Header("Access-Control-Allow-Methods", "GET, HEAD")
	c.Header("Access-Control-Allow-Headers", "Range, If-Range, If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since, X-Request-Id")
	c.Header("Access-Control-Max-Age", "86400")
	c.Status(http.StatusNoContent)
	return nil
}

// open lets players on any site read the answer: it is the grant that says who may.
func open(c *gin.Context) {
	c.Header("Access-Control-Allow-Origin", "*")
	c.Header("Access-Control-Expose-Headers", "Accept-Ranges, Content-Length, Content-Range, ETag, Last-Modified, Retry-After, X-Request-Id")
	c.Header("Cross-Origin-Resource-Policy", "cross-origin")
	c.Header("Referrer-Policy", "no-referrer")
}

func (m *mediaAPI) get(c *gin.Context) error {
	open(c)
	if err := bind.Nothing(c); err != nil {
		return err
	}
	playback, err := m.player.Open(c.Request.Context(), c.Param("grant"), strings.TrimPrefix(c.Param("path"), "/"))
	m.answers.WithLabelValues(outcome(err)).Inc()
	if err != nil {
		return err
	}
	defer playback.Close() //nolint:errcheck // it was only read
	return m.play(c, playback)
}

// play answers with the file, or the part of it that is asked for.
func (m *mediaAPI) play(c *gin.Context, playback *media.Playback) error {
	c.Header("Content-Type", media.ContentType(playback.Path))
	c.Header("ETag", playback.ETag)
	// Kept by nobody else, and by the player only as long as the stream plays.
	c.Header("Cache-Control", "private, no-cache")
	oneRange(c.Request, playback.Size)

	answer := newBody(c, m.stall, m.sent, func() error { return playback.Continue(c.Request.Context()) })
	http.ServeContent(answer, c.Request, "", playback.Modified, playback.Content)
	if answer.err != nil {
		panic(http.ErrAbortHandler) // the only way to tell the client that what it has got is not all
	}
	return refusal(c, answer.refused)
}

// oneRange leaves only what http.ServeContent answers with one part: other units and several ranges may be ignored (RFC 9110, section
// 14.2), and several are how a small request makes a large answer. Nothing has no parts.
func oneRange(r *http.Request, size int64) {
	unit, ranges, found := strings.Cut(strings.Join(r.Header["Range"], ","), "=")
	if !found || !strings.EqualFold(unit, "bytes") || strings.Contains(ranges, ",") || size == 0 {
		r.Header.Del("Range")
	}
}

// refusal answers with the problem document of what http.ServeContent has refused with a status; 0 is nothing.
func refusal(c *gin.Context, status int) error {
	var code, detail string
	switch status {
	case 0:
		return nil
	case http.StatusRequestedRangeNotSatisfiable:
		code, detail = "range_not_satisfiable", "The file has no such range; Content-Range says how long it is."
	case http.StatusPreconditionFailed:
		code, detail = "precondition_failed", "The file is not the one that If-Match or If-Unmodified-Since means."
	default:
		return fmt.Errorf("file: answered with %d", status)
	}
	c.Header("Content-Type", problem.ContentType)
	c.Header("Cache-Control", "no-store")
	c.JSON(status, gin.H{
		"type": problem.TypePrefix + code, "title": http.StatusText(status), "status": status, "code": code, "detail": detail,
		"requestId": c.Writer.Header().Get(problem.RequestIDHeader),
	})
	return nil
}

func outcome(err error) string {
	if err == nil {
		return served
	}
	switch fault.KindOf(err) {
	case fault.Gone:
		return ended
	case fault.Forbidden:
		return limit
	case fault.NotFound:
		return notFound
	default:
		return unavailable
	}
}
