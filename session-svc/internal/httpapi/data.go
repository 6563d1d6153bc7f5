package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/httpserver"
	"streamgate/session-svc/internal/session"
)

// dataDTO is what is known of an account here.
type dataDTO struct {
	Sessions []sessionDTO `json:"sessions"`
	Streams  []leaseDTO   `json:"streams"`
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
	c.JSON(http.StatusOK, dto)
	return nil
}

// eraseData forgets an account that is no more, for user-svc: DELETE /internal/accounts/:account/data.
func (a *API) eraseData(c *gin.Context) error {
	account, err := objectID(c, "account")
	if err == nil {
		err = bind.Nothing(c)
	}
	if err == nil {
		err = a.Sessions.Erase(c.Request.Context(), account, "the deletion of the account")
	}
	return httpserver.Done(c, err)
}
