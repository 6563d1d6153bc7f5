package front

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"time"

	"streamgate/libs/devstack/routes"
)

// NewServer returns the server of the front. The table names the service of each path, and addresses has each service's
// public address, host:port. It has no time-out on bodies or answers: videos and events last for hours, and the
// services have their own.
func NewServer(table routes.Table, addresses map[string]string) *http.Server {
	return &http.Server{
		Handler:           New(table, addresses),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10, // above the services' 16 KiB, so that their own answer is sent
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
}

// New returns the front as a handler.
func New(table routes.Table, addresses map[string]string) http.Handler {
	transport := &http.Transport{ // no Proxy: the services are on this machine, whatever HTTP_PROXY says
		DialContext:         (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		MaxIdleConnsPerHost: 256,
		IdleConnTimeout:     30 * time.Second,
		DisableCompression:  true, // the coding agreed between client and service stays as it is
	}
	proxies := make(map[string]http.Handler, len(addresses))
	for service, address := range addresses {
		proxies[service] = &httputil.ReverseProxy{
			Rewrite:       rewriteTo(address),
			Transport:     transport,
			FlushInterval: -1, // events and video must not wait in a buffer
			ErrorHandler:  answerFor(service),
			ErrorLog:      slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		service, _ := table.Match(r.URL.EscapedPath())
		proxy, ok := proxies[service]
		if !ok {
			writeProblem(w, http.StatusNotFound, "not_found", "There is nothing at this path.")
			return
		}
		proxy.ServeHTTP(w, r)
	})
}

// rewriteTo keeps the request as it came, except for its address and the headers about its origin. ReverseProxy has
// removed the client's own X-Forwarded headers by then.
func rewriteTo(address string) func(*httputil.ProxyRequest) {
	return func(p *httputil.ProxyRequest) {
		p.Out.URL.Scheme = "http"
		p.Out.URL.Host = address
		p.Out.URL.RawQuery = p.In.URL.RawQuery // even if it does not parse: the service must refuse it
		p.Out.Host = p.In.Host
		p.Out.Header.Del("X-Real-Ip")
		p.SetXForwarded()
	}
}

func answerFor(service string) func(http.ResponseWriter, *http.Request, error) {
	return func(w http.ResponseWriter, r *http.Request, err error) {
		if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
			return // the client has gone
		}
		if dial, ok := errors.AsType[*net.OpError](err); ok && dial.Op == "dial" {
			w.Header().Set("Retry-After", "1")
			writeProblem(w, http.StatusServiceUnavailable, "unavailable", "The "+service+" is not running at the moment; try again.")
			return
		}
		writeProblem(w, http.StatusBadGateway, "bad_gateway", "The "+service+" did not answer.")
	}
}
