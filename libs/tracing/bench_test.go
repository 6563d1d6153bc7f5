package tracing_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/httpserver"
	"streamgate/libs/metrics"
	"streamgate/libs/tracing"
)

// BenchmarkRequest shows what traces cost a request that calls one script: with none, of the usual share, and of all.
func BenchmarkRequest(b *testing.B) {
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	b.Cleanup(collector.Close)
	for name, share := range map[string]float64{"none": -1, "0": 0, "0.01": 0.01, "1": 1} {
		b.Run(name, func(b *testing.B) {
			registry := prometheus.NewRegistry()
			var s tracing.Settings
			if share >= 0 {
				s = tracing.Settings{Endpoint: collector.URL, Share: share}
			}
			traces := tracing.New(s, nil, "any-svc", "test", registry, slog.New(slog.DiscardHandler))
			b.Cleanup(func() { _ = traces.Close(b.Context()) })
			e, err := httpserver.New(httpserver.Options{
				Listener: "public", Log: slog.New(slog.DiscardHandler), Metrics: metrics.NewHTTP(registry), Traces: traces.Public(),
			})
			if err != nil {
				b.Fatal(err)
			}
			e.Route(http.MethodPost, "/streams/:id/heartbeat", func(c *gin.Context) error {
				tracing.CallRedis(c.Request.Context(), "renew").End(nil)
				return nil
			})
			request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/streams/a/heartbeat", nil)
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				clear(w.Header())
				e.ServeHTTP(w, request)
			}
		})
	}
}
