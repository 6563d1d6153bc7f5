package tracing

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"streamgate/libs/wait"
)

const (
	// queued is how many spans wait for their delivery at most, about a kilobyte each. More are dropped.
	queued = 2048
	// batch is how many are delivered at once; gather is how long they wait for others.
	batch  = 512
	gather = 2 * time.Second
	// tryTimeout bounds one try of a delivery, deliverTimeout all of them: the restart of a collector loses nothing.
	tryTimeout     = 5 * time.Second
	deliverTimeout = 15 * time.Second
	retryPause     = 500 * time.Millisecond
	maxAnswer      = 64 << 10
)

// queue is a batch processor that counts what it drops, as the library's own doesn't.
type queue struct {
	sdktrace.SpanProcessor

	to            sdktrace.SpanExporter
	log           *slog.Logger
	sent, dropped prometheus.Counter
	waiting       atomic.Int64
	failing       bool
}

func newQueue(to sdktrace.SpanExporter, registry *prometheus.Registry, log *slog.Logger) *queue {
	spans := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trace_spans_total", Help: "Spans of traced requests, by outcome: sent to the collector, or dropped since it is away or slow.",
	}, []string{"outcome"})
	registry.MustRegister(spans)
	q := &queue{to: to, log: log, sent: spans.WithLabelValues("sent"), dropped: spans.WithLabelValues("dropped")}
	q.SpanProcessor = sdktrace.NewBatchSpanProcessor(deliverer{q}, sdktrace.WithMaxQueueSize(queued), sdktrace.WithMaxExportBatchSize(batch),
		sdktrace.WithBatchTimeout(gather), sdktrace.WithExportTimeout(deliverTimeout))
	return q
}

// OnEnd implements sdktrace.SpanProcessor. It never waits.
func (q *queue) OnEnd(span sdktrace.ReadOnlySpan) {
	if q.waiting.Add(1) > queued {
		q.waiting.Add(-1)
		q.dropped.Inc()
		return
	}
	q.SpanProcessor.OnEnd(span)
}

// deliverer delivers what gathered in a queue. The library calls it for one batch after the other.
type deliverer struct{ *queue }

// ExportSpans implements sdktrace.SpanExporter. It fails in the log, once until it succeeds again.
func (d deliverer) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := d.to.ExportSpans(ctx, spans)
	d.waiting.Add(-int64(len(spans)))
	if err == nil {
		d.sent.Add(float64(len(spans)))
	} else {
		d.dropped.Add(float64(len(spans)))
	}
	switch failing := err != nil; {
	case failing && !d.failing:
		d.log.WarnContext(ctx, "traces can't be delivered, and are dropped until they can", "error", err)
	case !failing && d.failing:
		d.log.InfoContext(ctx, "traces are delivered again")
	}
	d.failing = err != nil
	return nil //nolint:nilerr // the library would write it to standard error, each time
}

// Shutdown implements sdktrace.SpanExporter.
func (d deliverer) Shutdown(ctx context.Context) error { return d.to.Shutdown(ctx) } //nolint:wrapcheck // passes it on

// collector is an otlptrace.Client: OTLP over HTTP. The library's own would bring gRPC, and settings of its own.
type collector struct {
	life    context.Context //nolint:containedctx // ends what nobody waits for any more
	url     string
	headers http.Header
	http    http.Client
}

func newCollector(life context.Context, s Settings) *collector {
	headers, _ := s.headers()
	headers.Set("Content-Type", "application/x-protobuf")
	return &collector{life: life, url: strings.TrimSuffix(s.Endpoint, "/") + tracesPath, headers: headers, http: http.Client{
		Timeout:       tryTimeout,
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),                               //nolint:forcetypeassert // it always is
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // it would get the headers
	}}
}

// Start implements otlptrace.Client.
func (*collector) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *collector) Stop(context.Context) error {
	c.http.CloseIdleConnections()
	return nil
}

// UploadTraces implements otlptrace.Client. It tries again what the specification says to, until ctx ends.
func (c *collector) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.life, cancel)()                             //nolint:contextcheck // not its context, but its end
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans}) // the same bytes as an ExportTraceServiceRequest
	if err != nil {
		return fmt.Errorf("OTLP: %w", err)
	}
	for pause := retryPause; ; pause *= 2 {
		again, err := c.send(ctx, body)
		if !again {
			return err
		}
		if wait.For(ctx, pause) != nil {
			return err
		}
	}
}

func (c *collector) send(ctx context.Context, body []byte) (again bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return false, fmt.Errorf("OTLP: %w", err)
	}
	request.Header = c.headers
	response, err := c.http.Do(request)
	if err != nil {
		return true, fmt.Errorf("OTLP: %w", err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer)) // for the connection's next use
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	if response.StatusCode < http.StatusOK || response.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("OTLP: %s answered %s", c.url, response.Status)
	}
	return again, err
}
