package tracing

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"sync/atomic"

	"github.com/gin-gonic/gin"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// mostCalls is how many calls of one request have a span: enough to see what it does, where it asks again and again for what was lost.
const mostCalls = 64

// Request is one that is traced. Nil is one that isn't.
type Request struct {
	tracer trace.Tracer
	span   trace.Span
	left   atomic.Int32 // calls that may have a span yet
}

type requestKey struct{}

// Of returns the request that a context belongs to, if it is traced, or nil.
func Of(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}

// Context returns a context that belongs to the request, for what is done for it without its own context.
func (r *Request) Context(ctx context.Context) context.Context {
	if r == nil {
		return ctx
	}
	return context.WithValue(trace.ContextWithSpan(ctx, r.span), requestKey{}, r)
}

const traceparent = "Traceparent"

// Public traces a share of a public listener's requests. It returns nil where nothing is traced.
func (t *Tracing) Public() gin.HandlerFunc {
	if t == nil {
		return nil
	}
	return func(c *gin.Context) {
		parent := trace.SpanContext{}
		if len(t.trusted) > 0 && t.trusts(c.Request) {
			parent = said(c.Request)
		}
		if parent.IsSampled() || !parent.IsValid() && rand.Float64() < t.share { //nolint:gosec // no secret
			t.serve(c, parent)
		}
	}
}

// Internal traces the requests of other services that those trace. It must not be asked before it is known that they are other services.
func (t *Tracing) Internal() gin.HandlerFunc {
	if t == nil {
		return nil
	}
	return func(c *gin.Context) {
		if parent := said(c.Request); parent.IsSampled() {
			t.serve(c, parent)
		}
	}
}

// trusts reports whether a request comes from a proxy whose traces are gone on with.
func (t *Tracing) trusts(r *http.Request) bool {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && t.trusted.Trust(from.Addr().Unmap().WithZone(""))
}

// said returns the span that a request says that it belongs to.
func said(r *http.Request) trace.SpanContext {
	if r.Header[traceparent] == nil {
		return trace.SpanContext{}
	}
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(r.Header))
	return trace.SpanContextFromContext(ctx).WithTraceState(trace.TraceState{}) // which may hold anything
}

func (t *Tracing) serve(c *gin.Context, parent trace.SpanContext) {
	route, method := c.FullPath(), c.Request.Method
	name := method + " " + route
	if route == "" { // of strangers, who may call it what they like
		name, method = "unrouted", "_OTHER"
	}
	ctx, span := t.tracer.Start(trace.ContextWithRemoteSpanContext(c.Request.Context(), parent), name,
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(semconv.HTTPRequestMethodKey.String(method), semconv.HTTPRoute(route)))
	r := &Request{tracer: t.tracer, span: span}
	r.left.Store(mostCalls)
	c.Request = c.Request.WithContext(context.WithValue(ctx, requestKey{}, r))
	defer r.end(c)
	c.Next()
}

// Begun ends the span of a request whose answer lasts as long as its client likes. What is done from now on has none.
func Begun(c *gin.Context) {
	if r := Of(c.Request.Context()); r != nil {
		r.left.Store(0)
		r.end(c)
	}
}

func (r *Request) end(c *gin.Context) {
	status := c.Writer.Status()
	r.span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	if status >= http.StatusInternalServerError {
		r.span.SetStatus(codes.Error, "")
	}
	r.span.End()
}
