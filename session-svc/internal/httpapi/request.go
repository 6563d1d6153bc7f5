package httpapi

import (
	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
	"streamgate/libs/jwtauth"
	"streamgate/libs/objectid"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// request is what a handler knows of its caller.
type request struct {
	*jwtauth.Claims

	session session.ID
	seen    *session.Sighting // of another issuer's account; else nil
	baseURL string
}

func (r request) caller() stream.Caller {
	return stream.Caller{Account: r.Account, Session: r.session, Limit: r.Limit, Evicts: r.Evicts, Pause: r.Pause, Seen: r.seen}
}

// handler answers a request with a good access token.
type handler func(*gin.Context, request) error

// authenticated lets only requests with a good access token reach a handler. It leaves it to the handler to check that the
// device session still lives: on the hot path, the scripts do so.
func (a *API) authenticated(e *httpserver.Engine, h handler) httpserver.Handler {
	return func(c *gin.Context) error {
		claims, err := a.Authenticator.Authenticate(c)
		if err != nil {
			return err
		}
		id, err := session.ParseID("sid", claims.Session)
		if err != nil {
			return err
		}
		r := request{Claims: claims, session: id, baseURL: a.PublicURL}
		if r.baseURL == "" {
			r.baseURL = e.BaseURL(c)
		}
		if claims.Foreign != nil {
			return explain(a.foreign(c, r, h))
		}
		return explain(h(c, r))
	}
}

// signedIn fails unless the caller's device session lives. It may use an answer up to 4 s old.
func (a *API) signedIn(c *gin.Context, r request) error {
	return a.Sessions.Require(c.Request.Context(), r.Account, r.session, r.seen)
}

// self returns the caller's device session as it is now.
func (a *API) self(c *gin.Context, r request) (session.Session, error) {
	found, err := a.Sessions.Get(c.Request.Context(), r.Account, r.session, r.seen)
	if fault.KindOf(err) == fault.NotFound {
		err = session.ErrEnded
	}
	return found, err
}

// admin lets only administrators reach a handler.
func (a *API) admin(h handler) handler {
	return func(c *gin.Context, r request) error {
		if err := r.RequireAdmin(); err != nil {
			return err
		}
		return h(c, r)
	}
}

// objectID returns a content's or an account's id from the path.
func objectID(c *gin.Context, name string) (string, error) {
	id, err := objectid.Parse(name, c.Param(name))
	if err != nil {
		return "", err
	}
	return id.String(), nil
}
