package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"streamgate/content-svc/api"
	"streamgate/content-svc/internal/media"
	"streamgate/libs/apidocs"
	"streamgate/libs/httpserver"
	"streamgate/libs/metrics"
)

// Stall is how long a client may take for one piece of an answer before its connection is closed. Its system takes the bytes of a slow
// reader in leaps: Linux lets 1.4 MB be read before it makes room again, measured with one of 100 kB/s. So this is 190 kbit/s or more.
const Stall = time.Minute

// Public is what the public listener needs.
type Public struct {
	Player         *media.Player
	TrustedProxies []string
	Stall          time.Duration // see Stall
	Log            *slog.Logger
	Registry       *prometheus.Registry
	Metrics        *metrics.HTTP
}

// NewPublic makes the public listener.
func NewPublic(p Public) (*httpserver.Engine, error) {
	const listener = "public"
	engine, err := httpserver.New(httpserver.Options{Listener: listener, TrustedProxies: p.TrustedProxies, Log: p.Log, Metrics: p.Metrics})
	if err != nil {
		return nil, err
	}
	m := newMedia(p)
	const route = "/media/:grant/*path"
	engine.Match([]string{http.MethodGet, http.MethodHead}, route, engine.Handle(m.get))
	engine.OPTIONS(route, engine.Handle(m.preflight))
	apidocs.Mount(engine, "content-svc", api.Spec)
	p.Metrics.Expect(listener, engine.Engine)
	return engine, nil
}
