package httpapi

import (
	"log/slog"
	"net/http"

	"streamgate/content-svc/internal/video"
	"streamgate/libs/httpserver"
	"streamgate/libs/metrics"
	"streamgate/libs/peer"
)

// Internal is what the internal listener needs.
type Internal struct {
	Catalogue *video.Catalogue
	Secrets   []string
	Log       *slog.Logger
	Metrics   *metrics.HTTP
}

// NewInternal makes the internal listener.
func NewInternal(i Internal) (*httpserver.Engine, error) {
	const listener = "internal"
	engine, err := httpserver.New(httpserver.Options{Listener: listener, Log: i.Log, Metrics: i.Metrics})
	if err != nil {
		return nil, err
	}
	engine.Use(peer.Require(engine, i.Secrets))
	h := content{i.Catalogue}
	reading := []string{http.MethodGet, http.MethodHead}
	engine.Match(reading, "/content", engine.Handle(h.list))
	engine.Match(reading, "/content/:id", engine.Handle(h.get))
	engine.Match(reading, "/internal/content/:id/source", engine.Handle(h.source))
	engine.POST("/content", engine.Handle(h.add))
	engine.PUT("/content/:id", engine.Handle(h.change))
	engine.DELETE("/content/:id", engine.Handle(h.remove))
	i.Metrics.Expect(listener, engine.Engine)
	return engine, nil
}
