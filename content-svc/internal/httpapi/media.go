package httpapi

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"streamgate/content-svc/internal/media"
	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
)

// The grant in a file's path is all that a request for it is authorised by: it is never logged, and no other site gets to see it
// (Referrer-Policy).

// preflightMedia tells a player on another site what it may ask: OPTIONS /media/:grant/*path.
func (a *API) preflightMedia(c *gin.Context) error {
	admitAnySite(c)
	httpserver.AnswerPreflight(c.Writer, "GET, HEAD")
	return nil
}

// admitAnySite lets players on any site read the answer: it is the grant that says who may.
func admitAnySite(c *gin.Context) {
	httpserver.AdmitAll(c.Writer)
	c.Header("Cross-Origin-Resource-Policy", "cross-origin")
	c.Header("Referrer-Policy", "no-referrer")
}

// openMedia sends a file, while its stream may play: GET /media/:grant/*path.
func (a *API) openMedia(c *gin.Context) error {
	admitAnySite(c)
	// Players put what they like into the query: CMCD, cache busters, the directives of low-latency HLS.
	if err := bind.Body(c, &struct{}{}); err != nil {
		return err
	}
	playback, err := a.Player.Open(c.Request.Context(), c.Param("grant"), strings.TrimPrefix(c.Param("path"), "/"))
	a.answers.WithLabelValues(outcome(err)).Inc()
	if err != nil {
		return err
	}
	defer playback.Close() //nolint:errcheck // it was only read
	return a.sendMedia(c, playback)
}

// sendMedia answers with the file, or the part of it that is asked for.
func (a *API) sendMedia(c *gin.Context, playback *media.Playback) error {
	c.Header("Content-Type", media.ContentType(playback.Path))
	c.Header("ETag", playback.ETag)
	// Kept by nobody else, and by the player only as long as the stream plays.
	c.Header("Cache-Control", "private, no-cache")
	oneRange(c.Request, playback)

	answer := newBody(c, a.Stall, a.sent, playback)
	http.ServeContent(answer, c.Request, "", playback.Modified, playback.Content)
	if answer.early != nil {
		c.Writer.Header().Del("Content-Range")
		c.Writer.Header().Del("Accept-Ranges")
		return answer.early
	}
	if answer.err != nil {
		panic(http.ErrAbortHandler) // the only way to tell the client that what it has got is not all
	}
	switch answer.refused {
	case 0:
		return nil
	case http.StatusRequestedRangeNotSatisfiable:
		c.Header("Content-Range", "bytes */"+strconv.FormatInt(playback.Size, 10)) // the library says so of some only
		return errRange
	case http.StatusPreconditionFailed:
		return errPrecondition
	default:
		return fmt.Errorf("file: answered with %d", answer.refused)
	}
}

// What http.ServeContent refuses.
var (
	errRange        = fault.New(fault.RangeNotSatisfiable, "range_not_satisfiable", "The file has no such range; Content-Range says how long it is.")
	errPrecondition = fault.New(fault.PreconditionFailed, "precondition_failed", "The file is not the one that If-Match or If-Unmodified-Since means.")
)

// oneRange leaves only what http.ServeContent answers with one part: other units and several ranges may be ignored (RFC 9110, section
// 14.2), and several are how a small request makes a large answer. Nothing has no parts.
func oneRange(r *http.Request, of *media.Playback) {
	unit, ranges, found := strings.Cut(strings.Join(r.Header["Range"], ","), "=")
	if !found || !strings.EqualFold(unit, "bytes") || strings.Contains(ranges, ",") || of.Size == 0 {
		r.Header.Del("Range")
		return
	}
	// Units are compared without case (RFC 9110, section 14.1), though not by http.ServeContent.
	r.Header.Set("Range", "bytes="+answered(strings.TrimSpace(ranges), of))
}

// answered returns the range that is answered, given the one that is asked for: "from-to" or "-n", as http.ServeContent reads it.
func answered(asked string, of *media.Playback) string {
	first, last, _ := strings.Cut(asked, "-")
	to, err := strconv.ParseInt(last, 10, 64)
	if errors.Is(err, strconv.ErrRange) && to > 0 {
		first, last = cmp.Or(first, "0"), "" // more than any file has: all there is, for which http.ServeContent knows no number
		asked = first + "-"
	}
	if last == "" {
		to, err = of.Size-1, nil
	}
	if first == "" && last != "" && err == nil && to == 0 {
		return strconv.FormatInt(of.Size, 10) + "-" // the last 0 bytes are none, though http.ServeContent sends a range of them
	}
	from, errFrom := strconv.ParseInt(first, 10, 64)
	if errors.Join(err, errFrom) != nil || from < 0 || from > to || from >= of.Size {
		return asked
	}
	// What is left out is asked for again: an answer may be shorter than what was asked for (RFC 9110, section 15.3.7).
	if end := of.Shorten(from, min(to, of.Size-1)+1); end <= to {
		return fmt.Sprintf("%d-%d", from, end-1)
	}
	return asked
}
