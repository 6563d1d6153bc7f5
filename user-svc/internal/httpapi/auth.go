package httpapi

import (
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/names"
	"streamgate/libs/useragent"
	"streamgate/user-svc/internal/account"
)

// signIn signs a device in: POST /auth.
func (a *API) signIn(c *gin.Context) error {
	var given struct {
		Device string `json:"device"`
		Cookie bool   `json:"cookie"`
	}
	if err := bind.OnlyBody(c, &given); err != nil {
		return err
	}
	device, err := deviceName(given.Device, c.GetHeader("User-Agent"))
	if err != nil {
		return err
	}
	if given.Cookie {
		if err := sameOrigin(c); err != nil {
			return err
		}
	}
	var signedInAs account.Account
	var session account.Session
	err = a.guess(c, func(email, password string, from account.Source) error {
		signedInAs, session, err = a.Accounts.SignIn(c.Request.Context(), email, password, device, from)
		return err
	})
	a.signIns.WithLabelValues(outcome(err)).Inc()
	if err != nil {
		return err
	}
	return a.answer(c, http.StatusCreated, signedInAs, session, given.Cookie)
}

// refresh exchanges a refresh token for the next one: POST /auth/refresh.
func (a *API) refresh(c *gin.Context) error {
	var given struct {
		RefreshToken string `json:"refreshToken"`
	}
	if err := bind.OnlyBody(c, &given); err != nil {
		return err
	}
	fromCookie := false
	if cookie, err := c.Request.Cookie(refreshCookie); err == nil && given.RefreshToken == "" {
		if err := sameOrigin(c); err != nil {
			return err
		}
		given.RefreshToken, fromCookie = cookie.Value, true
	}
	refreshed, session, err := a.Accounts.Refresh(c.Request.Context(), given.RefreshToken)
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind == fault.Unauthenticated {
		if fromCookie {
			dropRefreshCookie(c)
		}
		return e.Challenging(fault.BearerChallenge)
	}
	if err != nil {
		return err
	}
	return a.answer(c, http.StatusOK, refreshed, session, fromCookie)
}

// signOut ends the session of the access token: DELETE /auth.
func (a *API) signOut(c *gin.Context) error {
	claims, err := a.bearerAlone(c)
	if err == nil {
		err = a.Accounts.SignOut(c.Request.Context(), claims.Account, claims.Session)
	}
	if err == nil {
		dropRefreshCookie(c)
	}
	return httpserver.Done(c, err)
}

// guess calls attempt with the request's name and password and where they come from. After a success the client's
// device is known by a cookie.
func (a *API) guess(c *gin.Context, attempt func(email, password string, from account.Source) error) error {
	email, password, err := basic(c)
	if err != nil {
		return err
	}
	from := source(c)
	if from.Device == "" {
		from.Device = rand.Text()
	}
	err = attempt(email, password, from)
	if e, ok := errors.AsType[*fault.Error](err); ok && errors.Is(e, account.ErrInvalidCredentials) {
		return e.Challenging(fault.BasicChallenge)
	}
	if err == nil {
		a.keepDevice(c, from.Device)
	}
	return err
}

// allow counts an attempt from the client's address, or refuses it.
func allow(c *gin.Context, t *throttle, what string) error {
	address := c.ClientIP()
	if wait := t.wait(address); wait > 0 {
		return tooMany(what, wait)
	}
	t.count(address)
	return nil
}

func tooMany(what string, wait time.Duration) error {
	return fault.New(fault.TooManyRequests, "too_many_attempts", "Too many "+what+" from your network; wait before the next one.").After(wait)
}

// answer sends a device its tokens and its account; the refresh token in a cookie if it asked for one.
func (a *API) answer(c *gin.Context, status int, signedInAs account.Account, session account.Session, inCookie bool) error {
	token, err := a.Issuer.Issue(signedInAs, session.ID)
	if err != nil {
		return err
	}
	c.Header("Cache-Control", "no-store")
	if inCookie {
		setRefreshCookie(c, session.RefreshToken)
		session.RefreshToken = ""
	}
	c.PureJSON(status, signedInDTO{
		Token: token, TokenType: "Bearer", ExpiresIn: int(a.Issuer.TTL().Seconds()),
		RefreshToken: session.RefreshToken, User: newAccountDTO(signedInAs),
	})
	return nil
}

// maxDevice is the length of a device's name in characters.
const maxDevice = 64

// deviceName returns the name that a session is shown by: the given one, or one made from the user agent.
func deviceName(given, userAgent string) (string, error) {
	if given == "" {
		return useragent.Device(userAgent), nil
	}
	if remedy := names.Remedy(given, maxDevice); remedy != "" {
		return "", fault.BadField("device", "%s", remedy)
	}
	return given, nil
}
