package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/instant"
)

// requestReset sends a mail with a link to reset a password: POST /password-resets.
func (a *API) requestReset(c *gin.Context) error {
	var given struct {
		Email string `json:"email"`
	}
	if err := bind.OnlyBody(c, &given); err != nil {
		return err
	}
	if err := allow(c, a.resets, "password resets"); err != nil {
		return err
	}
	if err := a.Accounts.RequestReset(given.Email); err != nil {
		return err
	}
	c.PureJSON(http.StatusAccepted, gin.H{"detail": "If there is an account with this address, a mail with a link is on its way."})
	return nil
}

// checkReset returns the time when such a link expires: GET /password-resets/:token.
func (a *API) checkReset(c *gin.Context) error {
	if err := bind.Nothing(c); err != nil {
		return err
	}
	expires, err := a.Accounts.CheckReset(c.Request.Context(), c.Param("token"))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, gin.H{"expiresAt": instant.Time(expires)})
	return nil
}

// resetPassword changes the password of the account of such a link: PUT /password-resets/:token.
func (a *API) resetPassword(c *gin.Context) error {
	var given struct {
		Password string `json:"password"`
	}
	if err := bind.OnlyBody(c, &given); err != nil {
		return err
	}
	reset, err := a.Accounts.ResetPassword(c.Request.Context(), c.Param("token"), given.Password, source(c))
	if err != nil {
		return err
	}
	return own(c, reset)
}
