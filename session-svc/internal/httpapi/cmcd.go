package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/session-svc/internal/cmcd"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// What players report by CMCD: a heartbeat without code. The ticket in the path is all that a report is authorised by.

// stateHeader says what became of the stream. It is not the status: players take any status but 204 for trouble of the collector, and do
// worse than nothing about it. hls.js falls silent for ever after a 410, and goes on playing. hls.js after a 429 or 5xx, and dash.js after whatever
// is no success, repeat each event that was refused at each later one, each in a request of its own. Shaka sends everything twice.
const stateHeader = "X-Stream-State"

// The states.
const (
	stateLive    = "live"
	stateLapsed  = "lapsed"
	stateEnded   = "ended"
	stateUnknown = "unknown"
	stateAway    = "unavailable"
)

// reportWithin bounds how long a report waits for the store, since players open a further connection for each event.
const reportWithin = time.Second

// preflightReport tells a browser what a player on another site may send: OPTIONS /cmcd/:ticket.
func (*API) preflightReport(c *gin.Context) error {
	httpserver.AdmitAll(c.Writer)
	httpserver.AnswerPreflight(c.Writer, http.MethodPost)
	return nil
}

// report takes what a player says that it does: POST /cmcd/:ticket.
func (a *API) report(c *gin.Context) error {
	httpserver.AdmitAll(c.Writer)
	ticket := c.Param("ticket")
	if err := a.Streams.CheckTicket(ticket); err != nil {
		return err
	}
	body, err := bind.Raw(c, cmcd.MediaTypes...)
	if err != nil {
		return err
	}
	does, err := cmcd.Read(body)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	if does != stream.Waits {
		ctx, cancel := context.WithTimeout(c.Request.Context(), reportWithin)
		defer cancel()
		live, err := a.Streams.Report(ctx, ticket, does)
		state, err := stateOf(live, err)
		if err != nil {
			return err
		}
		c.Header(stateHeader, state)
	}
	c.Status(http.StatusNoContent)
	return nil
}

// stateOf names the state of a stream. It tells nothing else of the account: whoever has the address may see the answer.
func stateOf(live bool, err error) (string, error) {
	_, limited := errors.AsType[*stream.LimitError](err)
	_, ended := errors.AsType[*stream.EndedError](err)
	switch {
	case live:
		return stateLive, nil
	case err == nil, limited:
		return stateLapsed, nil
	case ended, errors.Is(err, session.ErrEnded):
		return stateEnded, nil
	case errors.Is(err, stream.ErrUnknown):
		return stateUnknown, nil
	case fault.KindOf(err) == fault.Unavailable:
		return stateAway, nil // the next event says as much as this one
	default:
		return "", err
	}
}
