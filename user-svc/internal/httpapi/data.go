package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
)

// dataDTO is all that is known of an account.
type dataDTO struct {
	Account  accountDTO `json:"account"`
	Sessions any        `json:"sessions"` // as session-svc tells them, and
	Streams  any        `json:"streams"`
	History  any        `json:"history,omitzero"` // where reports are on
}

// ownData shows an account's owner all that is known of it: GET /users/me/data.
func (a *API) ownData(c *gin.Context) error {
	claims, err := a.bearerAlone(c)
	if err != nil {
		return err
	}
	return gone(a.showData(c, claims.Account))
}

// accountData shows an administrator all that is known of an account: GET /users/:id/data.
func (a *API) accountData(c *gin.Context) error {
	err := a.admin(c)
	if err == nil {
		err = bind.Nothing(c)
	}
	if err != nil {
		return err
	}
	return a.showData(c, c.Param("id"))
}

func (a *API) showData(c *gin.Context, id string) error {
	found, data, err := a.Accounts.Data(c.Request.Context(), id)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, dataDTO{newAccountDTO(found), data["sessions"], data["streams"], data["history"]})
	return nil
}
