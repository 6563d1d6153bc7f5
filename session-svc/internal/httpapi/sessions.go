package httpapi

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/session-svc/internal/session"
)

// listSessions shows the devices that are signed in: GET /sessions.
func (a *API) listSessions(c *gin.Context, r request) error {
	if err := errors.Join(bind.Nothing(c), a.signedIn(c, r)); err != nil {
		return err
	}
	return a.showSessions(c, r.Account, r.session, r.Foreign != nil)
}

// showSessions answers with the devices of an account; current is the one that asks.
func (a *API) showSessions(c *gin.Context, account string, current session.ID, foreign bool) error {
	sessions, err := a.Sessions.List(c.Request.Context(), account, foreign)
	if err != nil {
		return err
	}
	all := make([]sessionDTO, len(sessions))
	for i, s := range sessions {
		all[i] = newSessionDTO(s, current)
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(http.StatusOK, all)
	return nil
}

// endSession signs a device out, and ends its streams: DELETE /sessions/:id.
func (a *API) endSession(c *gin.Context, r request) error {
	id, err := session.ParseID("id", c.Param("id"))
	if err != nil {
		return err
	}
	if err := errors.Join(bind.Nothing(c), a.signedIn(c, r)); err != nil {
		return err
	}
	return a.end(c, r, session.Only(id))
}

// endOtherSessions signs all other devices out: DELETE /sessions.
func (a *API) endOtherSessions(c *gin.Context, r request) error {
	if err := errors.Join(bind.Nothing(c), a.signedIn(c, r)); err != nil {
		return err
	}
	return a.end(c, r, session.AllBut(r.session))
}

func (a *API) end(c *gin.Context, r request, which session.Selection) error {
	by, err := a.self(c, r)
	if err != nil {
		return err
	}
	return a.signOut(c, r.Account, which, by.Device)
}
