package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/httpserver"
	"streamgate/libs/instant"
	"streamgate/session-svc/internal/events"
	"streamgate/session-svc/internal/report"
	"streamgate/session-svc/internal/session"
)

// dataDTO is what is known of an account here.
type dataDTO struct {
	Sessions []sessionDTO `json:"sessions"`
	Streams  []leaseDTO   `json:"streams"`
	History  []factDTO    `json:"history,omitzero"` // where reports are on
}

// factDTO is what reports still have of an account.
type factDTO struct {
	Kind    report.Kind   `json:"kind"`
	At      instant.Time  `json:"at"`
	Until   *instant.Time `json:"until,omitzero"` // of what lasts, unless it still does
	Content string        `json:"content"`
	Device  report.Device `json:"device"`
	Stream  string        `json:"stream,omitzero"`
	Reason  events.Reason `json:"reason,omitzero"`
	Times   int           `json:"times,omitzero"`
}

func newFactDTO(f *report.Fact) factDTO {
	dto := factDTO{
		Kind: f.Kind, At: instant.Time(f.From), Content: f.Content, Device: f.Device, Stream: f.Stream, Reason: f.Reason, Times: f.Times,
	}
	if f.Until.After(f.From) {
		dto.Until = (*instant.Time)(&f.Until)
	}
	return dto
}

// readData tells what is known of an account, for user-svc: GET /internal/accounts/:account/data.
func (a *API) readData(c *gin.Context) error {
	account, err := objectID(c, "account")
	if err == nil {
		err = bind.Nothing(c)
	}
	if err != nil {
		return err
	}
	sessions, err := a.Sessions.List(c.Request.Context(), account, false) // user-svc asks about its own alone
	if err != nil {
		return err
	}
	playing, err := a.Streams.List(c.Request.Context(), account)
	if err != nil {
		return err
	}
	dto := dataDTO{Sessions: make([]sessionDTO, len(sessions)), Streams: newLeaseDTOs(playing.Live)}
	for i, s := range sessions {
		dto.Sessions[i] = newSessionDTO(s, session.ID{}) // none of them asks
	}
	if a.Reports != nil {
		facts, err := a.Reports.Facts(c.Request.Context(), account)
		if err != nil {
			return err
		}
		dto.History = make([]factDTO, len(facts))
		for i := range facts {
			dto.History[i] = newFactDTO(&facts[i])
		}
	}
	c.JSON(http.StatusOK, dto)
	return nil
}

// eraseData forgets an account that is no more, for user-svc: DELETE /internal/accounts/:account/data. What was still to be told of it reaches the
// reports before account.erased does, which has them forget it again.
func (a *API) eraseData(c *gin.Context) error {
	account, err := objectID(c, "account")
	if err == nil {
		err = bind.Nothing(c)
	}
	if err == nil {
		err = a.Sessions.Erase(c.Request.Context(), account, "the deletion of the account")
	}
	if err == nil && a.Reports != nil {
		err = a.Reports.Erase(c.Request.Context(), account)
	}
	return httpserver.Done(c, err)
}
