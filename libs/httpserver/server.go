package httpserver

import (
	"log/slog"
	"net/http"
	"time"
)

// NewServer makes a server with time-outs against slow and idle clients. Handlers that write for as long as it lasts, video and events, move the
// deadline of writing themselves.
func NewServer(handler http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      30 * time.Second, // from the end of the request's header: longer than any handler but these takes
		// Longer than the idle time of the usual proxies (60 to 90 s), so that it is the proxy that closes a connection, not we
		// while a request is on its way.
		IdleTimeout:    120 * time.Second,
		ConnContext:    remember,
		MaxHeaderBytes: 4 * MaxHeader, // Go's own refusal is plain text: the engine answers at MaxHeader, this stops the rest
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
