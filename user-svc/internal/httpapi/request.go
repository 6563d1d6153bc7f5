package httpapi

import (
	"encoding/base64"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"streamgate/libs/bind"
	"streamgate/libs/fault"
	"streamgate/libs/jwtauth"
	"streamgate/user-svc/internal/account"
)

// bearer returns the claims of the request's access token, whose session must be alive. While session-svc can't confirm
// that, the request is refused: people's accounts are at stake.
func (a *API) bearer(c *gin.Context) (*jwtauth.Claims, error) {
	claims, err := a.authenticator.Authenticate(c)
	if err != nil {
		return nil, err
	}
	alive, err := a.Sessions.Alive(c.Request.Context(), claims.Account, claims.Session)
	if err != nil {
		return nil, err
	}
	if !alive {
		return nil, fault.ErrSessionEnded
	}
	return claims, nil
}

// bearerAlone is bearer for a request that has no other input.
func (a *API) bearerAlone(c *gin.Context) (*jwtauth.Claims, error) {
	claims, err := a.bearer(c)
	if err == nil {
		err = bind.Nothing(c)
	}
	return claims, err
}

// bearerWith is bearer for a request whose body has the members of given.
func (a *API) bearerWith(c *gin.Context, given any) (*jwtauth.Claims, error) {
	claims, err := a.bearer(c)
	if err == nil {
		err = bind.OnlyBody(c, given)
	}
	return claims, err
}

// admin refuses requests of anyone but administrators. A token may carry the role for minutes after a demotion, so the
// account must have it too.
func (a *API) admin(c *gin.Context) error {
	claims, err := a.bearer(c)
	if err != nil {
		return err
	}
	if err := claims.RequireAdmin(); err != nil {
		return err
	}
	is, err := a.Accounts.IsAdmin(c.Request.Context(), claims.Account)
	if err == nil && !is {
		err = jwtauth.ErrNotAdmin
	}
	return err
}

// basic returns the name and the password of the header Authorization (RFC 7617, in UTF-8).
func basic(c *gin.Context) (name, password string, err error) {
	headers := c.Request.Header.Values("Authorization")
	if len(headers) > 1 {
		return "", "", fault.BadField("Authorization", "given more than once; give it once")
	}
	scheme, encoded, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return "", "", unauthenticated("credentials_required", "This needs an e-mail address and a password: the header Authorization: Basic …")
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(encoded))
	name, password, colon := strings.Cut(string(text), ":")
	if err != nil || !colon || !utf8.Valid(text) {
		return "", "", unauthenticated("invalid_authorization",
			"The header Authorization must be: Basic, a space, and the base64 of an e-mail address, a colon and a password, in UTF-8.")
	}
	return name, password, nil
}

const (
	// deviceCookie is the name of the cookie by which a device is known again where it sends a password. It opens nothing.
	deviceCookie = "device"
	// deviceSize is the length of its value, of 130 random bits.
	deviceSize = 26
	// deviceKept is how long it is kept, in seconds: half a year.
	deviceKept = 180 * 24 * 60 * 60
)

// source returns where a request comes from.
func source(c *gin.Context) account.Source {
	device, _ := c.Cookie(deviceCookie)
	if len(device) != deviceSize {
		device = ""
	}
	return account.Source{Network: site(c.ClientIP()), Device: device}
}

// keepDevice makes the client send its device's secret again.
func (a *API) keepDevice(c *gin.Context, device string) {
	http.SetCookie(c.Writer, &http.Cookie{ //nolint:gosec // it is Secure where the client comes by https
		Name: deviceCookie, Value: device, Path: "/", MaxAge: deviceKept, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: strings.HasPrefix(a.baseURL(c), "https:"),
	})
}

func unauthenticated(code, detail string) error {
	return fault.New(fault.Unauthenticated, code, detail).Challenging(fault.BasicChallenge)
}
