package httpserver

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer makes a server with time-outs against slow and idle clients. There is no write time-out here, since video and
// events are written for as long as they last: handlers of those move the deadline themselves.
func NewServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		// Longer than the idle time of the usual proxies (60 to 90 s), so that it is the proxy that closes a connection, not we
		// while a request is on its way.
		IdleTimeout:    120 * time.Second,
		MaxHeaderBytes: 4 * MaxHeader, // Go's own refusal is plain text: the engine answers at MaxHeader, this stops the rest
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}
