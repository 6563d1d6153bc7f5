package httpserver

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/gin-gonic/gin"

	"streamgate/libs/fault"
	"streamgate/libs/metrics"
	"streamgate/libs/problem"
)

// Limits of a request, in bytes.
const (
	MaxBody   = 64 << 10
	MaxHeader = 16 << 10
)

// Options of an engine.
type Options struct {
	Listener       string   // the metrics' label: "public" or "internal"
	TrustedProxies []string // CIDRs whose X-Forwarded-For is believed; none by default
	Log            *slog.Logger
	Metrics        *metrics.HTTP
}

// Engine is a Gin engine whose handlers return errors.
type Engine struct {
	*gin.Engine

	listener string
	log      *slog.Logger
	metrics  *metrics.HTTP
	trusted  []netip.Prefix
	routes   func() gin.RoutesInfo // which are all added before the first request
}

// Handler answers a request, or returns an error that becomes a problem document. What it calls gets c.Request.Context(), not c itself: gin uses c
// again for the next request, while timers of contexts made of it may still look at it.
type Handler func(c *gin.Context) error

// New makes an engine. It fails on trusted proxies that are no CIDRs.
func New(o Options) (*Engine, error) {
	gin.SetMode(gin.ReleaseMode)
	e := &Engine{Engine: gin.New(), listener: o.Listener, log: o.Log, metrics: o.Metrics}
	e.routes = sync.OnceValue(e.Routes)
	e.RedirectTrailingSlash = false
	e.ContextWithFallback = true                    // where c is passed on as a context all the same, it ends when the request does
	e.UseRawPath = true                             // %2F inside a parameter is not a separator
	e.UnescapePathValues = false                    // unescape does it
	e.RemoteIPHeaders = []string{"X-Forwarded-For"} // not X-Real-IP, which a proxy may hand on as the client wrote it
	var err error
	if e.trusted, err = parseProxies(o.TrustedProxies); err != nil {
		return nil, err
	}
	if err := e.SetTrustedProxies(o.TrustedProxies); err != nil {
		return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
	}
	// Not Use(...) on routes alone: what no route answers is measured and protected too.
	e.Use(o.Metrics.Middleware(o.Listener), e.identify, e.recover, e.limit, unescape)
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
		e.Fail(c, fault.New(fault.HeadersTooLarge, "headers_too_large", fmt.Sprintf("The request's address and headers are larger than %d bytes.", MaxHeader)))
		return
	}
	if c.Request.Body != nil && c.Request.Body != http.NoBody {
		if c.Request.ContentLength > MaxBody {
			e.Fail(c, &http.MaxBytesError{Limit: MaxBody})
			return
		}
		c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody)
	}
	c.Next()
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

// BaseURL is scheme and host under which the client reached us, without a trailing slash. A proxy's word on the scheme counts only
// where the proxy is trusted.
func (e *Engine) BaseURL(c *gin.Context) string {
	scheme := "http"
	if c.Request.TLS != nil || strings.EqualFold(c.GetHeader("X-Forwarded-Proto"), "https") && e.trusts(c.RemoteIP()) {
		scheme = "https"
	}
	return scheme + "://" + c.Request.Host
}

func (e *Engine) trusts(ip string) bool {
	addr, err := netip.ParseAddr(ip)
	return err == nil && slices.ContainsFunc(e.trusted, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}

// parseProxies reads addresses and CIDRs.
func parseProxies(texts []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range texts {
		prefix, err := netip.ParsePrefix(text)
		if addr, addrErr := netip.ParseAddr(text); addrErr == nil {
			prefix, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, fmt.Errorf("TRUSTED_PROXIES: %w", err)
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}
