package peer

import (
	"crypto/subtle"
	"slices"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
	"streamgate/libs/httpserver"
)

// Codes of the refusals.
const (
	secretInvalid = "internal_secret_invalid"
	callerRefused = "internal_caller_refused"
)

// Callers maps the name of each service that may call to the secrets that it may show.
type Callers map[string][]string

// Gate lets other services in, each to its own routes.
type Gate struct {
	engine  *httpserver.Engine
	callers Callers
}

// NewGate makes the gate of an internal listener. Whatever the listener has is behind it: a request without the secret of a caller is
// answered 401.
func NewGate(engine *httpserver.Engine, callers Callers) *Gate {
	g := &Gate{engine, callers}
	engine.Use(engine.Handle(g.identify))
	return g
}

// identified is where Gin keeps who a request may come from.
const identified = "peer.callers"

// identify finds the callers whose secrets a request shows, each in a line of its own.
func (g *Gate) identify(c *gin.Context) error {
	var from []string
	for caller, secrets := range g.callers {
		known := 0
		for _, given := range c.Request.Header[SecretHeader] {
			for _, secret := range secrets { // all of them, so that the time says nothing
				known |= subtle.ConstantTimeCompare([]byte(given), []byte(secret))
			}
		}
		if known == 1 {
			from = append(from, caller)
		}
	}
	if len(from) == 0 {
		return fault.New(fault.Unauthenticated, secretInvalid, "This listener is for the services themselves.")
	}
	c.Set(identified, from)
	return nil
}

// Routes are those that one caller may ask for.
type Routes struct {
	gate   *Gate
	caller string
}

// From returns the routes of a caller. Who shows another caller's secret there is answered 403.
func (g *Gate) From(caller string) Routes { return Routes{g, caller} }

// Read adds a route that changes nothing: it answers GET, and HEAD without a body.
func (r Routes) Read(path string, h httpserver.Handler) { r.gate.engine.Read(path, r.admit(h)) }

// Route adds a route.
func (r Routes) Route(method, path string, h httpserver.Handler) {
	r.gate.engine.Route(method, path, r.admit(h))
}

// Upload adds a route that takes a body of any size, as httpserver.Engine has it.
func (r Routes) Upload(method, path string, h httpserver.Handler) {
	r.gate.engine.Upload(method, path, r.admit(h))
}

func (r Routes) admit(h httpserver.Handler) httpserver.Handler {
	return func(c *gin.Context) error {
		if !slices.Contains(c.GetStringSlice(identified), r.caller) {
			return fault.New(fault.Forbidden, callerRefused, "This route is for "+r.caller+" alone.")
		}
		return h(c)
	}
}
