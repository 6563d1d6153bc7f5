package httpapi

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/httpserver"
	"streamgate/libs/jwtauth"
	"streamgate/libs/peer"
	"streamgate/user-svc/internal/account"
	"streamgate/user-svc/internal/token"
)

// Sessions knows which sessions have ended.
type Sessions interface {
	// Alive reports whether a session is alive, or was a few seconds ago. Its error is fault.Unavailable when that
	// can't be known.
	Alive(ctx context.Context, account, session string) (bool, error)
}

// Options are the arguments of New.
type Options struct {
	Accounts *account.Accounts
	Sessions Sessions
	Issuer   *token.Issuer
	Registry *prometheus.Registry
}

// API holds the handlers.
type API struct {
	Options

	authenticator jwtauth.Authenticator
	baseURL       func(*gin.Context) string // of the public listener, as the client sees it
	signUps       *throttle
	resets        *throttle
	signIns       *prometheus.CounterVec
}

// New returns the handlers.
func New(o Options) *API {
	return &API{
		Options: o, authenticator: jwtauth.Authenticator{Verifier: o.Issuer.Verifier()},
		signUps: newThrottle(signUpsPerMinute), resets: newThrottle(resetsPerMinute),
		signIns: newSignIns(o.Registry),
	}
}

// Public adds the routes of the public listener.
func (a *API) Public(e *httpserver.Engine) {
	a.baseURL = e.BaseURL
	e.Read("/.well-known/jwks.json", a.keys)

	e.Route(http.MethodPost, "/auth", a.signIn)
	e.Route(http.MethodPost, "/auth/refresh", a.refresh)
	e.Route(http.MethodDelete, "/auth", a.signOut)

	e.Route(http.MethodPost, "/users", a.signUp)
	e.Read("/users", a.listAccounts)
	e.Read("/users/me", a.ownProfile)
	e.Read("/users/me/data", a.ownData)
	e.Route(http.MethodPut, "/users/me", a.editOwnProfile)
	e.Route(http.MethodDelete, "/users/me", a.deleteOwnAccount)
	e.Route(http.MethodPut, "/users/me/password", a.changePassword)
	e.Read("/users/:id", a.publicProfile)
	e.Route(http.MethodPut, "/users/:id", a.editAccount)
	e.Read("/users/:id/data", a.accountData)
	e.Route(http.MethodDelete, "/users/:id", a.deleteAccount)

	e.Route(http.MethodPost, "/password-resets", a.requestReset)
	e.Read("/password-resets/:token", a.checkReset)
	e.Route(http.MethodPut, "/password-resets/:token", a.resetPassword)
}

// Internal adds the routes of the internal listener.
func (a *API) Internal(g *peer.Gate) {
	session := g.From("session-svc")
	session.Route(http.MethodGet, "/internal/accounts/:id", a.readPlan)
	session.Route(http.MethodPut, "/internal/accounts/:id/plan", a.setPlan)
	session.Route(http.MethodGet, "/internal/accounts/:id/sessions/:sid", a.readSession)
	session.Route(http.MethodDelete, "/internal/accounts/:id/sessions/:sid", a.endSession)
	session.Route(http.MethodDelete, "/internal/accounts/:id/sessions", a.endSessions)
	session.Route(http.MethodGet, "/internal/accounts/:id/ends", a.foreignEnds)
	session.Route(http.MethodPost, "/internal/accounts/:id/ends", a.endForeign)
}
