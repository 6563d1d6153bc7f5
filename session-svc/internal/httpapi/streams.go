package httpapi

import (
	"cmp"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/instant"
	"streamgate/libs/useragent"
	"streamgate/session-svc/internal/stream"
)

// play starts a stream: GET /content/:id/play.
func (a *API) play(c *gin.Context, r request) error {
	id, err := objectID(c, "id")
	if err != nil {
		return err
	}
	var options struct {
		Player  string `json:"player"`
		Device  string `json:"device"`
		Replace string `json:"replace"`
	}
	if err := bind.OnlyQuery(c, &options); err != nil {
		return err
	}
	return a.start(c, r, http.StatusOK, startDTO{Content: id, Player: options.Player, Device: options.Device, Replace: options.Replace})
}

// startStream does the same: POST /streams.
func (a *API) startStream(c *gin.Context, r request) error {
	var options startDTO
	if err := bind.OnlyBody(c, &options); err != nil {
		return err
	}
	return a.start(c, r, http.StatusCreated, options)
}

func (a *API) start(c *gin.Context, r request, status int, given startDTO) error {
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	if err := r.mayStart(given.Content); err != nil {
		return err
	}
	options := stream.Options{Content: given.Content, Player: given.Player, Device: given.Device, Key: key}
	if options.Device == "" {
		options.Device = useragent.Device(c.GetHeader("User-Agent"))
	}
	if given.Replace != "" {
		replace, err := stream.ParseID("replace", given.Replace)
		if err != nil {
			return err
		}
		options.Replace = &replace
	}
	playing, err := a.Streams.Start(c.Request.Context(), r.caller(), options)
	if err != nil {
		return err
	}
	dto := newLeaseDTO(playing.Lease)
	dto.HeartbeatInterval = (a.Streams.Rules().Lease / 3).Truncate(100 * time.Millisecond).Seconds()
	dto.Ticket = playing.Ticket
	if a.CMCD {
		ticket, err := a.Streams.ReportTicket(r.caller(), playing.Lease)
		if err != nil {
			return err
		}
		dto.CMCD = r.baseURL + "/cmcd/" + ticket
	}
	source := playing.Source
	if strings.HasPrefix(source, "/") {
		source = r.baseURL + source
	}
	header := c.Writer.Header()
	header.Set("Location", "/streams/"+dto.ID)
	header.Set("Expires", playing.Lease.Expires.Format(http.TimeFormat))
	header.Set("Cache-Control", "no-store")
	header.Set("X-Stream-Limit", strconv.Itoa(playing.Limit))
	header.Set("X-Stream-Active", strconv.Itoa(playing.Active))
	c.JSON(status, startedDTO{source, dto})
	return nil
}

// idempotencyKey returns the request's Idempotency-Key, or "" if it has none.
func idempotencyKey(c *gin.Context) (string, error) {
	const name = "Idempotency-Key"
	switch keys := c.Request.Header.Values(name); {
	case len(keys) == 0:
		return "", nil
	case len(keys) > 1:
		return "", fault.BadField(name, "must be given once")
	case keys[0] == "":
		return "", fault.BadField(name, "must be 1 to %d characters", stream.MaxKey)
	default:
		return keys[0], nil
	}
}

// heartbeat renews a stream: POST /streams/:id/heartbeat.
func (a *API) heartbeat(c *gin.Context, r request) error {
	id, err := stream.ParseID("id", c.Param("id"))
	if err != nil {
		return err
	}
	var given struct {
		Ticket string `json:"ticket"`
	}
	if err := bind.OnlyBody(c, &given); err != nil {
		return err
	}
	expires, resumed, err := a.Streams.Heartbeat(c.Request.Context(), r.caller(), id, given.Ticket)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	// The answer that is given most is written by hand.
	answer, _ := instant.Time(expires).AppendText([]byte(`{"expiresAt":"`)) // which doesn't fail
	answer = strconv.AppendBool(append(answer, `","resumed":`...), resumed)
	c.Data(http.StatusOK, "application/json; charset=utf-8", append(answer, '}'))
	return nil
}

// stopStream ends a stream of this or another device: DELETE /streams/:id.
func (a *API) stopStream(c *gin.Context, r request) error {
	id, err := streamID(c, "id")
	if err != nil {
		return err
	}
	by, err := a.self(c, r)
	if err != nil {
		return err
	}
	return httpserver.Done(c, a.Streams.Stop(c.Request.Context(), r.Account, id, by))
}

// listStreams shows what plays: GET /streams.
func (a *API) listStreams(c *gin.Context, r request) error {
	if err := errors.Join(bind.Nothing(c), a.signedIn(c, r)); err != nil {
		return err
	}
	playing, err := a.Streams.List(c.Request.Context(), r.Account)
	if err != nil {
		return err
	}
	return show(c, newStreamsDTO(playing.Live).limited(cmp.Or(playing.Limit, r.Limit)))
}

// show answers with what plays now.
func show(c *gin.Context, playing streamsDTO) error {
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, playing)
	return nil
}

// streamID reads a stream's id from the path of a request that takes nothing else.
func streamID(c *gin.Context, name string) (stream.ID, error) {
	id, err := stream.ParseID(name, c.Param(name))
	if err != nil {
		return stream.ID{}, err
	}
	return id, bind.Nothing(c)
}

// explain puts the refusals of the rule into the words of the contract.
func explain(err error) error {
	if limit, ok := errors.AsType[*stream.LimitError](err); ok {
		e := fault.New(fault.Forbidden, "stream_limit_reached",
			"All "+strconv.Itoa(limit.Limit)+" streams of this account are in use; stop one of them, or wait until one ends.")
		// At least a second: Retry-After has no smaller unit, and 0 would invite to hammer.
		e.RetryAfter = max(limit.RetryAfter, time.Second)
		e.Members = map[string]any{"limit": limit.Limit, "active": len(limit.Live), "streams": newLeaseDTOs(limit.Live)}
		return e
	}
	if ended, ok := errors.AsType[*stream.EndedError](err); ok {
		e := fault.New(fault.Gone, "stream_ended", "This stream has ended; start a new one to play on.")
		e.Members = map[string]any{"reason": ended.End.Reason, "by": ended.End.By}
		return e
	}
	return err
}
