package tracing

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Call is what a traced request asks somebody else. Nil is one that isn't traced.
type Call struct{ span trace.Span }

// CallService begins a call of another service, and puts it into the header: that service goes on with the trace.
func CallService(ctx context.Context, service, method string, header http.Header) *Call {
	r := Of(ctx)
	if !r.more() {
		return nil
	}
	ctx, c := r.call(ctx, method+" "+service, semconv.HTTPRequestMethodKey.String(method), semconv.ServerAddress(service))
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(header))
	return c
}

// CallRedis begins a call of a script.
func CallRedis(ctx context.Context, script string) *Call {
	r := Of(ctx)
	if !r.more() {
		return nil
	}
	_, c := r.call(ctx, "EVALSHA "+script,
		semconv.DBSystemNameRedis, semconv.DBOperationName("EVALSHA"), semconv.DBStoredProcedureName(script))
	return c
}

// CallMongoDB begins a command, such as find, on a collection.
func CallMongoDB(ctx context.Context, command, collection string) *Call {
	r := Of(ctx)
	if !r.more() {
		return nil
	}
	_, c := r.call(ctx, strings.TrimSpace(command+" "+collection), semconv.DBSystemNameMongoDB, semconv.DBOperationName(command),
		semconv.DBCollectionName(collection))
	return c
}

// more reports whether another call may have a span.
func (r *Request) more() bool { return r != nil && r.left.Add(-1) >= 0 }

func (r *Request) call(ctx context.Context, name string, attributes ...attribute.KeyValue) (context.Context, *Call) {
	ctx, span := r.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(attributes...))
	return ctx, &Call{span}
}

// Answered notes the status of an answer.
func (c *Call) Answered(status int) {
	if c != nil {
		c.span.SetAttributes(semconv.HTTPResponseStatusCode(status))
		if status >= http.StatusInternalServerError {
			c.span.SetStatus(codes.Error, "")
		}
	}
}

// End ends the call. Of an error only the kind is told.
func (c *Call) End(err error) {
	if c == nil {
		return
	}
	if err != nil {
		kind := "error"
		switch {
		case errors.Is(err, context.DeadlineExceeded):
			kind = "timeout"
		case errors.Is(err, context.Canceled):
			kind = "canceled"
		}
		c.span.SetAttributes(semconv.ErrorTypeKey.String(kind))
		c.span.SetStatus(codes.Error, "")
	}
	c.span.End()
}
