package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
)

// requestReset is POST /password-resets.
func (a *API) requestReset(c *gin.Context) error {
	var in struct {
		Email string `json:"email"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	if err := allow(c, a.resets, "password resets"); err != nil {
		return err
	}
	if err := a.accounts.RequestReset(in.Email); err != nil {
		return err
	}
	c.PureJSON(http.StatusAccepted, gin.H{"detail": "If there is an account with this address, a mail with a link is on its way."})
	return nil
}

// checkReset is GET /password-resets/:token.
func (a *API) checkReset(c *gin.Context) error {
	if err := bind.Nothing(c); err != nil {
		return err
	}
	expires, err := a.accounts.CheckReset(c.Request.Context(), c.Param("token"))
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	c.PureJSON(http.StatusOK, gin.H{"expiresAt": instant(expires)})
	return nil
}

// resetPassword is PUT /password-resets/:token.
func (a *API) resetPassword(c *gin.Context) error {
	var in struct {
		Password string `json:"password"`
	}
	if err := body(c, &in); err != nil {
		return err
	}
	reset, err := a.accounts.ResetPassword(c.Request.Context(), c.Param("token"), in.Password)
	if err != nil {
		return err
	}
	return own(c, &reset)
}
