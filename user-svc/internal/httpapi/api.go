package httpapi

import (
	"context"
	"errors"
	"fmt"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/bind"
	"streamgate/libs/httpserver"
	"streamgate/libs/jwtauth"
	"streamgate/user-svc/internal/account"
	"streamgate/user-svc/internal/token"
)

// Sessions knows which sessions have ended.
type Sessions interface {
	// Alive says whether a session goes on, or did a few seconds ago. Its error is fault.Unavailable when that can't be known.
	Alive(ctx context.Context, account, session string) (bool, error)
}

// Options are what the handlers work with.
type Options struct {
	Accounts *account.Accounts
	Sessions Sessions
	Issuer   *token.Issuer
	Registry *prometheus.Registry
}

// API has the handlers.
type API struct {
	accounts *account.Accounts
	sessions Sessions
	issuer   *token.Issuer
	verifier *jwtauth.Verifier
	guesses  *throttle
	signUps  *throttle
	resets   *throttle
	signIns  *prometheus.CounterVec
	jwks     []byte
}

// New makes the handlers.
func New(o Options) (*API, error) {
	jwks, err := o.Issuer.JWKS()
	if err != nil {
		return nil, fmt.Errorf("handlers: %w", err)
	}
	return &API{
		accounts: o.Accounts, sessions: o.Sessions, issuer: o.Issuer, verifier: o.Issuer.Verifier(),
		guesses: newThrottle(guessesPerMinute), signUps: newThrottle(signUpsPerMinute), resets: newThrottle(resetsPerMinute),
		signIns: newSignIns(o.Registry), jwks: jwks,
	}, nil
}

// Public adds the routes of the public listener.
func (a *API) Public(e *httpserver.Engine) {
	get := func(path string, h httpserver.Handler) {
		e.GET(path, e.Handle(h))
		e.HEAD(path, e.Handle(h))
	}
	get("/.well-known/jwks.json", a.keys)

	e.POST("/auth", e.Handle(a.signIn))
	e.POST("/auth/refresh", e.Handle(a.refresh))
	e.DELETE("/auth", e.Handle(a.signOut))

	e.POST("/users", e.Handle(a.signUp))
	get("/users", a.listAccounts)
	get("/users/me", a.ownProfile)
	e.PUT("/users/me", e.Handle(a.editOwnProfile))
	e.DELETE("/users/me", e.Handle(a.deleteOwnAccount))
	e.PUT("/users/me/password", e.Handle(a.changePassword))
	get("/users/:id", a.publicProfile)
	e.PUT("/users/:id", e.Handle(a.editAccount))
	e.DELETE("/users/:id", e.Handle(a.deleteAccount))

	e.POST("/password-resets", e.Handle(a.requestReset))
	get("/password-resets/:token", a.checkReset)
	e.PUT("/password-resets/:token", e.Handle(a.resetPassword))
}

// Internal adds the routes of the internal listener.
func (a *API) Internal(e *httpserver.Engine) {
	e.GET("/internal/accounts/:id", e.Handle(a.readPlan))
	e.PUT("/internal/accounts/:id/plan", e.Handle(a.setPlan))
}

// body reads the body of a route that takes no query.
func body(c *gin.Context, into any) error {
	return errors.Join(bind.Query(c, &struct{}{}), bind.Body(c, into))
}
