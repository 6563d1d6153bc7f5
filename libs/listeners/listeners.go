package listeners

import (
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/apidocs"
	"streamgate/libs/httpserver"
	"streamgate/libs/metrics"
	"streamgate/libs/peer"
	"streamgate/libs/tracing"
)

// Handlers are those of a service.
type Handlers interface {
	// Public adds the routes of the public listener.
	Public(e *httpserver.Engine)

	// Internal adds the routes of the listener for the other services, each to those of its caller.
	Internal(g *peer.Gate)
}

// Options say what the listeners have besides the handlers.
type Options struct {
	Service        string       // the name that the documentation has in its address
	Spec           []byte       // the public listener's OpenAPI document
	TrustedProxies []string     // as httpserver.Options has it, for the public listener
	Origins        []string     // the same
	Callers        peer.Callers // the services that may call the internal listener
	Log            *slog.Logger
	Registry       *prometheus.Registry // counts the requests of both
	Traces         *tracing.Tracing     // of both, or nil
}

// connectionAge is how old a connection between services gets: new replicas have their share of the requests within a few seconds more.
const connectionAge = 5 * time.Second

// New makes the two. It fails on trusted proxies that are no CIDRs.
func New(o Options, h Handlers) (public, internal *httpserver.Engine, err error) {
	requests := metrics.NewHTTP(o.Registry)
	public, err = httpserver.New(httpserver.Options{
		Listener: "public", TrustedProxies: o.TrustedProxies, Origins: o.Origins, Log: o.Log, Metrics: requests,
		Traces: o.Traces.Public(),
	})
	if err != nil {
		return nil, nil, err
	}
	internal, err = httpserver.New(httpserver.Options{Listener: "internal", Log: o.Log, Metrics: requests})
	if err != nil {
		return nil, nil, err
	}
	h.Public(public)
	apidocs.Mount(public, o.Service, o.Spec)
	internal.Use(httpserver.Retire(connectionAge))
	gate := peer.NewGate(internal, o.Callers)
	if o.Traces != nil {
		internal.Use(o.Traces.Internal())
	}
	h.Internal(gate)
	requests.Expect("public", public.Engine)
	requests.Expect("internal", internal.Engine)
	return public, internal, nil
}
