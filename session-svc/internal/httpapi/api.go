package httpapi

import (
	"net/http"

	"streamgate/libs/httpserver"
	"streamgate/libs/jwtauth"
	"streamgate/libs/peer"
	"streamgate/session-svc/internal/authorize"
	"streamgate/session-svc/internal/contentsvc"
	"streamgate/session-svc/internal/report"
	"streamgate/session-svc/internal/session"
	"streamgate/session-svc/internal/stream"
)

// Options are what the handlers work with.
type Options struct {
	Streams       *stream.Streams
	Changes       stream.Changes
	Sessions      *session.Sessions
	Houses        stream.Houses
	Catalogue     *contentsvc.Client
	Accounts      *peer.Client // user-svc, which keeps the plans
	Authenticator jwtauth.Authenticator
	Decider       *authorize.Decider // nil where other servers may not ask
	Reports       *report.Reports    // nil where they are off

	PublicURL string          // of media addresses; "" is the request's own
	CMCD      bool            // players may report by CMCD
	Draining  <-chan struct{} // closed when the service is to end, so that what would go on for ever ends too
}

// API has the handlers.
type API struct {
	Options

	watchers watchers
}

// New makes the handlers.
func New(o Options) *API { return &API{Options: o} }

// Public adds the routes of the public listener.
func (a *API) Public(e *httpserver.Engine) {
	read := func(path string, h handler) { e.Read(path, a.authenticated(e, h)) }
	route := func(method, path string, h handler) { e.Route(method, path, a.authenticated(e, h)) }

	read("/content", a.forwardContent)
	route(http.MethodPost, "/content", a.admin(a.forwardContent))
	read("/content/:id", a.forwardContent)
	route(http.MethodPut, "/content/:id", a.admin(a.forwardContent))
	route(http.MethodDelete, "/content/:id", a.admin(a.forwardContent))
	a.upload(e, http.MethodPut, "/content/:id/media")
	a.upload(e, http.MethodPut, "/content/:id/poster")
	route(http.MethodGet, "/content/:id/play", a.play) // no HEAD: it has an effect

	a.upload(e, http.MethodPost, "/uploads")
	a.upload(e, http.MethodHead, "/uploads/:id")
	a.upload(e, http.MethodPatch, "/uploads/:id")
	a.upload(e, http.MethodDelete, "/uploads/:id")

	route(http.MethodPost, "/streams", a.startStream)
	read("/streams", a.listStreams)
	route(http.MethodGet, "/streams/events", a.streamEvents) // no HEAD: it has no end
	route(http.MethodDelete, "/streams/:id", a.stopStream)
	route(http.MethodPost, "/streams/:id/heartbeat", a.heartbeat)

	if a.CMCD {
		e.Route(http.MethodOptions, "/cmcd/:ticket", a.preflightReport)
		e.Route(http.MethodPost, "/cmcd/:ticket", a.report)
	}

	read("/sessions", a.listSessions)
	route(http.MethodDelete, "/sessions", a.endOtherSessions)
	route(http.MethodDelete, "/sessions/:id", a.endSession)

	route(http.MethodPut, "/accounts/:id/plan", a.admin(a.setPlan))
	read("/accounts/:id/streams", a.admin(a.listAccountStreams))
	route(http.MethodDelete, "/accounts/:id/streams", a.admin(a.stopAccountStreams))
	route(http.MethodDelete, "/accounts/:id/streams/:stream", a.admin(a.stopAccountStream))
	read("/accounts/:id/sessions", a.admin(a.listAccountSessions))
	route(http.MethodDelete, "/accounts/:id/sessions", a.admin(a.endAccountsSessions))
	route(http.MethodDelete, "/accounts/:id/sessions/:session", a.admin(a.endAccountsSession))
	read("/house", a.admin(a.showHouse))
	if a.Reports != nil {
		read("/reports", a.admin(a.showReports))
	}

	a.openAuthorize(e)
}

// Internal adds the routes of the internal listener.
func (a *API) Internal(g *peer.Gate) {
	user := g.From("user-svc")
	user.Route(http.MethodPost, "/internal/sessions", a.openSession)
	user.Route(http.MethodPost, "/internal/sessions/refresh", a.refreshSession)
	user.Route(http.MethodGet, "/internal/accounts/:account/sessions/:sid", a.sessionLives)
	user.Route(http.MethodDelete, "/internal/accounts/:account/sessions/:sid", a.endAccountSession)
	user.Route(http.MethodDelete, "/internal/accounts/:account/sessions", a.endAccountSessions)
	user.Route(http.MethodGet, "/internal/accounts/:account/data", a.readData)
	user.Route(http.MethodDelete, "/internal/accounts/:account/data", a.eraseData)

	content := g.From("content-svc")
	content.Route(http.MethodPost, "/internal/leases/renew", a.renewLeases)
	content.Route(http.MethodGet, "/internal/streams/ends", a.tellEnds)
}
