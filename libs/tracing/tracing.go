package tracing

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"streamgate/libs/forwarded"
)

const (
	// flushTimeout bounds the delivery of what is left at the end of a service: below the time that closing everything has.
	flushTimeout = 2 * time.Second
	scope        = "streamgate/libs/tracing"
)

// Tracing traces a service's requests. Nil traces none.
type Tracing struct {
	share    float64
	trusted  forwarded.Proxies // whose traces are gone on with; usually none
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	give     context.CancelFunc // up on what couldn't be delivered
}

// New returns nil where no endpoint is set. The settings must be valid; proxies are those whose word is taken, if a setting says so.
func New(s Settings, proxies []string, service, version string, registry *prometheus.Registry, log *slog.Logger) *Tracing {
	if s.Endpoint == "" {
		return nil
	}
	life, give := context.WithCancel(context.Background())
	t := &Tracing{share: s.Share, give: give}
	if s.Continue {
		t.trusted, _ = forwarded.ParseProxies(proxies)
	}
	queue := newQueue(otlptrace.NewUnstarted(newCollector(life, s)), registry, log)
	instance, _ := os.Hostname()
	t.provider = sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sdktrace.AlwaysSample()), // what isn't to be has no span
		sdktrace.WithSpanProcessor(queue),
		sdktrace.WithResource(resource.NewSchemaless(semconv.ServiceNamespace("streamgate"), semconv.ServiceName(service),
			semconv.ServiceVersion(version), semconv.ServiceInstanceID(instance))),
	)
	t.tracer = t.provider.Tracer(scope)
	return t
}

// Close delivers what is left, for a moment. That a collector is away is no failure of the service.
func (t *Tracing) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	_ = t.provider.Shutdown(ctx)
	t.give()
	return nil
}
