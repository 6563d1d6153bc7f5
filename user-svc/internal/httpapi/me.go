package httpapi

import (
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/user-svc/internal/account"
)

// ownProfile is GET /users/me.
func (a *API) ownProfile(c *gin.Context) error {
	claims, err := a.bearer(c)
	if err == nil {
		err = bind.Nothing(c)
	}
	if err != nil {
		return err
	}
	found, err := a.accounts.ByID(c.Request.Context(), claims.Account)
	if err != nil {
		return gone(err)
	}
	return own(c, &found)
}

// editOwnProfile is PUT /users/me.
func (a *API) editOwnProfile(c *gin.Context) error {
	claims, err := a.bearer(c)
	if err != nil {
		return err
	}
	var in struct {
		Name    *string `json:"name"`
		Picture *string `json:"picture"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	edited, err := a.accounts.Edit(c.Request.Context(), claims.Account, account.Profile{Name: in.Name, Picture: in.Picture})
	if err != nil {
		return gone(err)
	}
	return own(c, &edited)
}

// deleteOwnAccount is DELETE /users/me.
func (a *API) deleteOwnAccount(c *gin.Context) error {
	claims, err := a.bearer(c)
	if err == nil {
		err = bind.Nothing(c)
	}
	if err == nil {
		err = gone(a.accounts.Delete(c.Request.Context(), claims.Account))
	}
	if err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

// changePassword is PUT /users/me/password. Who it is about, the header Authorization says with the present password; access_token,
// where given, says which session goes on.
func (a *API) changePassword(c *gin.Context) error {
	var in struct {
		Password    string  `json:"password"`
		AccessToken *string `json:"access_token"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	var keep account.Session
	if in.AccessToken != nil {
		claims, err := a.verifier.Verify(c.Request.Context(), *in.AccessToken)
		if fault.KindOf(err) == fault.Unauthenticated && err != nil {
			return fault.BadField("access_token", "is not valid (any more); leave it out to end all sessions")
		}
		if err != nil {
			return err
		}
		keep = account.Session{ID: claims.Session, Account: claims.Account}
	}
	var changed account.Account
	err := a.guess(c, func(email, present string) (err error) {
		changed, err = a.accounts.ChangePassword(c.Request.Context(), email, present, in.Password, keep)
		return err
	})
	if err != nil {
		return err
	}
	return own(c, &changed)
}

// gone says of an account that is no more what holds for its sessions too.
func gone(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return sessionEnded()
	}
	return err
}
