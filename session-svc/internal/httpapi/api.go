package httpapi

import (
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"streamgate/libs/apidocs"
	"streamgate/libs/httpserver"
	"streamgate/libs/jwtauth"
	"streamgate/libs/metrics"
	"streamgate/libs/peer"
	"streamgate/session-svc/api"
	"streamgate/session-svc/internal/catalogue"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// API is what the handlers work with.
type API struct {
	Streams   *stream.Streams
	Changes   stream.Changes
	Sessions  *session.Sessions
	Catalogue *catalogue.Client
	Accounts  *peer.Client // user-svc, which keeps the plans
	Verifier  *jwtauth.Verifier

	// Draining is closed when the service is to end, so that what would go on for ever ends too.
	Draining        <-chan struct{}
	TokenInQuery    bool
	PublicURL       string // of media addresses; "" is the request's own
	InternalSecrets []string
	TrustedProxies  []string
	Log             *slog.Logger
	Metrics         *metrics.HTTP

	watchers watchers
}

// Public makes the public listener's engine.
func (a *API) Public(service string) (*gin.Engine, error) {
	e, err := httpserver.New(httpserver.Options{Listener: "public", TrustedProxies: a.TrustedProxies, Log: a.Log, Metrics: a.Metrics})
	if err != nil {
		return nil, err
	}
	route := func(method, path string, h func(*gin.Context, request) error) {
		e.Engine.Handle(method, path, a.authenticated(e, h))
		if method == http.MethodGet && path != "/content/:id/play" && path != "/streams/events" { // which have an effect, or no end
			e.Engine.Handle(http.MethodHead, path, a.authenticated(e, h))
		}
	}

	route(http.MethodGet, "/content", a.forwardContent)
	route(http.MethodPost, "/content", a.admin(a.forwardContent))
	route(http.MethodGet, "/content/:id", a.forwardContent)
	route(http.MethodPut, "/content/:id", a.admin(a.forwardContent))
	route(http.MethodDelete, "/content/:id", a.admin(a.forwardContent))
	route(http.MethodGet, "/content/:id/play", a.play)

	route(http.MethodPost, "/streams", a.startStream)
	route(http.MethodGet, "/streams", a.listStreams)
	route(http.MethodGet, "/streams/events", a.streamEvents)
	route(http.MethodDelete, "/streams/:id", a.stopStream)
	route(http.MethodPost, "/streams/:id/heartbeat", a.heartbeat)

	route(http.MethodGet, "/sessions", a.listSessions)
	route(http.MethodDelete, "/sessions", a.endOtherSessions)
	route(http.MethodDelete, "/sessions/:id", a.endSession)

	route(http.MethodPut, "/accounts/:id/plan", a.admin(a.setPlan))
	route(http.MethodGet, "/accounts/:id/streams", a.admin(a.listAccountStreams))
	route(http.MethodDelete, "/accounts/:id/streams", a.admin(a.stopAccountStreams))
	route(http.MethodDelete, "/accounts/:id/streams/:stream", a.admin(a.stopAccountStream))

	apidocs.Mount(e, service, api.Spec)
	a.Metrics.Expect("public", e.Engine)
	return e.Engine, nil
}

// Internal makes the engine of the listener for the other services.
func (a *API) Internal() (*gin.Engine, error) {
	e, err := httpserver.New(httpserver.Options{Listener: "internal", Log: a.Log, Metrics: a.Metrics})
	if err != nil {
		return nil, err
	}
	e.Use(peer.Require(e, a.InternalSecrets))
	for _, r := range []struct {
		method, path string
		handler      httpserver.Handler
	}{
		{http.MethodPost, "/internal/sessions", a.openSession},
		{http.MethodPost, "/internal/sessions/refresh", a.refreshSession},
		{http.MethodGet, "/internal/accounts/:account/sessions/:sid", a.sessionLives},
		{http.MethodDelete, "/internal/accounts/:account/sessions/:sid", a.endAccountSession},
		{http.MethodDelete, "/internal/accounts/:account/sessions", a.endAccountSessions},
		{http.MethodPost, "/internal/leases/renew", a.renewByGrant},
	} {
		e.Engine.Handle(r.method, r.path, e.Handle(r.handler))
	}
	a.Metrics.Expect("internal", e.Engine)
	return e.Engine, nil
}
