package httpapi

import (
	"errors"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/user-svc/internal/account"
)

// ownProfile shows an account to its owner: GET /users/me.
func (a *API) ownProfile(c *gin.Context) error {
	claims, err := a.bearerAlone(c)
	if err != nil {
		return err
	}
	found, err := a.Accounts.ByID(c.Request.Context(), claims.Account)
	if err != nil {
		return gone(err)
	}
	return own(c, found)
}

// editOwnProfile changes the fields of an account that its owner may change: PUT /users/me.
func (a *API) editOwnProfile(c *gin.Context) error {
	var given struct {
		Name    *string `json:"name"`
		Picture *string `json:"picture"`
	}
	claims, err := a.bearerWith(c, &given)
	if err != nil {
		return err
	}
	edited, err := a.Accounts.Edit(c.Request.Context(), claims.Account, account.Profile{Name: given.Name, Picture: given.Picture})
	if err != nil {
		return gone(err)
	}
	return own(c, edited)
}

// deleteOwnAccount deletes the account of the access token, whose password it takes: DELETE /users/me.
func (a *API) deleteOwnAccount(c *gin.Context) error {
	var given struct {
		Password string `json:"password"`
	}
	claims, err := a.bearerWith(c, &given)
	if err != nil {
		return err
	}
	return httpserver.Done(c, gone(a.Accounts.DeleteOwn(c.Request.Context(), claims.Account, given.Password, source(c))))
}

// changePassword changes an account's password: PUT /users/me/password. The header Authorization names the account,
// with the present password; access_token, where given, names the session that goes on.
func (a *API) changePassword(c *gin.Context) error {
	var given struct {
		Password    string  `json:"password"`
		AccessToken *string `json:"access_token"`
	}
	if err := bind.OnlyBody(c, &given); err != nil {
		return err
	}
	var keep account.Session
	if given.AccessToken != nil {
		claims, err := a.authenticator.Verifier.Verify(c.Request.Context(), *given.AccessToken)
		if fault.KindOf(err) == fault.Unauthenticated && err != nil {
			return fault.BadField("access_token", "is not valid (any more); leave it out to end all sessions")
		}
		if err != nil {
			return err
		}
		keep = account.Session{ID: claims.Session, Account: claims.Account}
	}
	var changed account.Account
	err := a.guess(c, func(email, present string, from account.Source) (err error) {
		changed, err = a.Accounts.ChangePassword(c.Request.Context(), email, present, given.Password, keep, from)
		return err
	})
	if err != nil {
		return err
	}
	return own(c, changed)
}

// gone turns the error for a missing account into the one for its sessions, which have ended with it.
func gone(err error) error {
	if errors.Is(err, account.ErrNotFound) {
		return fault.ErrSessionEnded
	}
	return err
}
