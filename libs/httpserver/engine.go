package httpserver

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
	"streamgate/libs/forwarded"
	"streamgate/libs/metrics"
	"streamgate/libs/problem"
)

// Limits of a request, in bytes.
const (
	MaxBody   = 64 << 10
	MaxHeader = 16 << 10
)

const headersTooLarge = "headers_too_large"

// Options of an engine.
type Options struct {
	Listener       string   // the metrics' label: "public" or "internal"
	TrustedProxies []string // CIDRs that are believed, as package forwarded does; none by default
	Origins        []string // whose pages may call, see CheckOrigin; none by default
	Log            *slog.Logger
	Metrics        *metrics.HTTP
	Traces         gin.HandlerFunc // of package tracing, or nil
}

// Engine is a Gin engine whose handlers return errors.
type Engine struct {
	*gin.Engine

	listener string
	log      *slog.Logger
	metrics  *metrics.HTTP
	proxies  forwarded.Proxies
	origins  []string
	routes   func() gin.RoutesInfo // which are all added before the first request

	unbounded map[string]bool // routes that take a body of any size, by method and path
}

// Handler answers a request, or returns an error that becomes a problem document. What it calls gets c.Request.Context(), not c itself: gin uses c
// again for the next request, while timers of contexts made of it may still look at it.
type Handler func(c *gin.Context) error

// New makes an engine. It fails on trusted proxies that are no CIDRs.
func New(o Options) (*Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	e := &Engine{Engine: gin.New(), listener: o.Listener, log: o.Log, metrics: o.Metrics, origins: o.Origins, unbounded: map[string]bool{}}
	e.routes = sync.OnceValue(e.Routes)
	e.RedirectTrailingSlash = false
	e.ContextWithFallback = true  // where c is passed on as a context all the same, it ends when the request does
	e.UseRawPath = true           // %2F inside a parameter is not a separator
	e.UnescapePathValues = false  // unescape does it
	e.ForwardedByClientIP = false // forward does it
	var err error
	if e.proxies, err = forwarded.ParseProxies(o.TrustedProxies); err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	if o.Traces != nil {
		e.Use(o.Traces)
	}
	// Not Use(...) on routes alone: what no route answers is measured and protected too.
	e.Use(o.Metrics.Middleware(o.Listener), e.identify, e.recover, e.limit, e.forward, unescape)
	e.NoRoute(e.Handle(e.unrouted))
	return e, nil
}

// Read adds a route that changes nothing: it answers GET, and HEAD without a body.
func (e *Engine) Read(path string, h Handler) {
	e.Route(http.MethodGet, path, h)
	e.Route(http.MethodHead, path, h)
}

// Route adds a route.
func (e *Engine) Route(method, path string, h Handler) { e.Engine.Handle(method, path, e.Handle(h)) }

// Handle adapts a Handler to Gin.
func (e *Engine) Handle(h Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			e.Fail(c, err)
		}
	}
}

// Done answers 204 to a request that was carried out and has no result, or returns the error.
func Done(c *gin.Context, err error) error {
	if err == nil {
		c.Status(http.StatusNoContent)
	}
	return err
}

// Fail ends a request with a problem document. When the answer has begun, it can only break the connection.
func (e *Engine) Fail(c *gin.Context, err error) {
	c.Abort()
	if c.Writer.Written() {
		e.log.WarnContext(c.Request.Context(), "answer broken off", "route", c.FullPath(), "error", err)
		panic(http.ErrAbortHandler)
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		c.Header("Connection", "close") // reading the rest would be the attack
	}
	problem.Write(c.Writer, c.Request, e.log, err)
}

// limit refuses what is too large, and keeps the handlers from reading more of a body than they may.
func (e *Engine) limit(c *gin.Context) {
	c.Header("X-Content-Type-Options", "nosniff")
	size := len(c.Request.RequestURI) + len(c.Request.Host)
	for name, values := range c.Request.Header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	if size > MaxHeader {
		e.Fail(c, fault.New(fault.HeadersTooLarge, headersTooLarge, fmt.Sprintf("The request's address and headers are larger than %d bytes.", MaxHeader)))
		return
	}
	if c.Request.Body != nil && c.Request.Body != http.NoBody && !e.unbounded[c.Request.Method+" "+c.FullPath()] {
		if c.Request.ContentLength > MaxBody {
			e.Fail(c, &http.MaxBytesError{Limit: MaxBody})
			return
		}
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody)
	}
	c.Next()
}

// forward puts what the proxies before us say into the request: RemoteAddr, and so c.ClientIP(), Host and URL.Scheme are the client's afterwards.
func (e *Engine) forward(c *gin.Context) {
	client := e.proxies.Client(c.Request)
	if client.Addr.IsValid() && len(e.proxies) > 0 {
		c.Request.RemoteAddr = netip.AddrPortFrom(client.Addr, 0).String()
	}
	c.Request.Host = client.Host
	c.Request.URL.Scheme = client.Scheme
}

// unescape decodes the parameters of a path that Gin matched as it was written. Gin's own way would take a plus for a space.
func unescape(c *gin.Context) {
	if c.Request.URL.RawPath == "" {
		return
	}
	for i, parameter := range c.Params {
		if value, err := url.PathUnescape(parameter.Value); err == nil {
			c.Params[i].Value = value
		}
	}
}

// BaseURL is scheme and host under which the client reached us, without a trailing slash.
func (*Engine) BaseURL(c *gin.Context) string { return c.Request.URL.Scheme + "://" + c.Request.Host }

// Upload adds a route that takes a body of any size. Its handler bounds it, and reads it with Incoming.
func (e *Engine) Upload(method, path string, h Handler) {
	e.unbounded[method+" "+path] = true
	e.Route(method, path, h)
}
