package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// tracing returns the settings of a service that traces the share that is asked for, to a collector that throws all away.
func (o *Options) tracing(ctx context.Context) (settings []string, stop func(), err error) {
	if o.Traces == 0 {
		return nil, func() {}, nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, fmt.Errorf("collector: %w", err)
	}
	collector := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	})}
	go func() { _ = collector.Serve(listener) }() // until it is closed
	return []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://" + listener.Addr().String(), "OTEL_TRACES_SAMPLER_ARG=" + strconv.FormatFloat(o.Traces, 'g', -1, 64),
	}, func() { _ = collector.Close() }, nil
}
