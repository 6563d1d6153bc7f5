package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
)

// A browser's refresh token can be kept in a cookie, which no script of the page can read, of this very host (__Host-), and which goes with
// no request that another site makes (SameSite). The browser is trusted with that, but not alone: see sameOrigin.
const (
	refreshCookie = "__Host-refresh"
	// cookieAge is as long as browsers keep a cookie, in seconds: 400 days. When the session ends, session-svc knows.
	cookieAge = 400 * 24 * 60 * 60
)

var errCrossOrigin = fault.New(fault.Forbidden, "cross_origin", "A refresh token in a cookie is for pages of this host: the header Origin must name it.")

// sameOrigin refuses requests for the cookie unless they say that they come from a page of this host.
func sameOrigin(c *gin.Context) error {
	if c.GetHeader("Origin") == "" {
		return errCrossOrigin // browsers send it with each POST
	}
	if err := http.NewCrossOriginProtection().Check(c.Request); err != nil {
		return errCrossOrigin.Because(err)
	}
	return nil
}

func setRefreshCookie(c *gin.Context, token string) { writeRefreshCookie(c, token, cookieAge) }

// dropRefreshCookie takes the cookie from a browser that has one.
func dropRefreshCookie(c *gin.Context) {
	if _, err := c.Request.Cookie(refreshCookie); err == nil {
		writeRefreshCookie(c, "", -1)
	}
}

func writeRefreshCookie(c *gin.Context, token string, age int) {
	http.SetCookie(c.Writer, &http.Cookie{
		Name: refreshCookie, Value: token, MaxAge: age, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
}
