package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/httpserver"
	"streamgate/libs/objectid"
	"streamgate/session-svc/internal/session"
)

// What the other services ask. Their requests carry the internal secret instead of an access token.

// openSession signs a device in, for user-svc: POST /internal/sessions.
func (a *API) openSession(c *gin.Context) error {
	var given struct {
		Account string `json:"account"`
		Device  string `json:"device"`
		Known   bool   `json:"known"` // the account has signed in before
	}
	if err := bind.Body(c, &given); err != nil {
		return err
	}
	if _, err := objectid.Parse("account", given.Account); err != nil {
		return err
	}
	signIn := session.FirstSignIn
	if given.Known {
		signIn = session.LaterSignIn
	}
	opened, token, err := a.Sessions.Open(c.Request.Context(), given.Account, given.Device, signIn)
	if err != nil {
		return err
	}
	c.JSON(http.StatusCreated, newOpenedDTO(given.Account, opened, token))
	return nil
}

// refreshSession takes a refresh token for the next, for user-svc: POST /internal/sessions/refresh.
func (a *API) refreshSession(c *gin.Context) error {
	var given struct {
		RefreshToken string `json:"refreshToken"`
	}
	if err := bind.Body(c, &given); err != nil {
		return err
	}
	account, refreshed, token, err := a.Sessions.Refresh(c.Request.Context(), given.RefreshToken)
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, newOpenedDTO(account, refreshed, token))
	return nil
}

// sessionLives answers 204 or 404: GET /internal/accounts/:account/sessions/:sid.
func (a *API) sessionLives(c *gin.Context) error {
	account, id, err := accountSession(c)
	if err != nil {
		return err
	}
	_, err = a.Sessions.Get(c.Request.Context(), account, id, nil)
	return httpserver.Done(c, err)
}

// endAccountSession signs a device out: DELETE /internal/accounts/:account/sessions/:sid.
func (a *API) endAccountSession(c *gin.Context) error {
	account, id, err := accountSession(c)
	if err != nil {
		return err
	}
	return a.endFor(c, account, session.Only(id), "its own sign-out")
}

// endAccountSessions signs all devices out, or all but one: DELETE /internal/accounts/:account/sessions?except=<sid>.
func (a *API) endAccountSessions(c *gin.Context) error {
	account, err := objectID(c, "account")
	if err != nil {
		return err
	}
	var given struct {
		Except string `json:"except"`
	}
	if err := bind.OnlyQuery(c, &given); err != nil {
		return err
	}
	which := session.All()
	if given.Except != "" {
		kept, err := session.ParseID("except", given.Except)
		if err != nil {
			return err
		}
		which = session.AllBut(kept)
	}
	return a.endFor(c, account, which, "a change of the account")
}

func (a *API) endFor(c *gin.Context, account string, which session.Selection, by string) error {
	return httpserver.Done(c, a.Sessions.End(c.Request.Context(), account, which, by))
}

func accountSession(c *gin.Context) (string, session.ID, error) {
	account, err := objectID(c, "account")
	if err != nil {
		return "", session.ID{}, err
	}
	id, err := session.ParseID("sid", c.Param("sid"))
	if err != nil {
		return "", session.ID{}, err
	}
	return account, id, bind.Nothing(c)
}
