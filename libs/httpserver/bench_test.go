package httpserver_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"streamgate/libs/bind"
	"streamgate/libs/httpserver"
	"streamgate/libs/metrics"
)

// nowhere is a client that costs no time.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header             { return n.header }
func (nowhere) WriteHeader(int)                   {}
func (nowhere) Write(p []byte) (int, error)       { return len(p), nil }
func (nowhere) WriteString(s string) (int, error) { return len(s), nil }

// BenchmarkRequest compares a trivial route of a plain Gin engine with one of ours, to show the cost of the middleware.
func BenchmarkRequest(b *testing.B) {
	gin.SetMode(gin.ReleaseMode)
	plain := gin.New()
	plain.GET("/streams/:id", func(c *gin.Context) { c.Status(http.StatusNoContent) })
	ours, err := httpserver.New(httpserver.Options{
		Listener: "public", Log: slog.New(slog.DiscardHandler), Metrics: metrics.NewHTTP(prometheus.NewRegistry()),
	})
	if err != nil {
		b.Fatal(err)
	}
	ours.GET("/streams/:id", ours.Handle(func(c *gin.Context) error {
		c.Status(http.StatusNoContent)
		return nil
	}))
	ours.GET("/query", ours.Handle(func(c *gin.Context) error {
		var options struct {
			Player string `json:"player"`
			Device string `json:"device"`
		}
		c.Status(http.StatusNoContent)
		return bind.Query(c, &options)
	}))
	ours.POST("/form", ours.Handle(func(c *gin.Context) error {
		c.Status(http.StatusNoContent)
		return bind.Body(c, &struct {
			Grant string `json:"grant"`
		}{})
	}))
	for name, run := range map[string]struct {
		handler      http.Handler
		method, path string
		form, json   string
	}{
		"gin":        {handler: plain, method: "GET", path: "/streams/1"},
		"ours":       {handler: ours, method: "GET", path: "/streams/1"},
		"ours+query": {handler: ours, method: "GET", path: "/query?player=abc"},
		"ours+form":  {handler: ours, method: "POST", path: "/form", form: "grant=abc"},
		"ours+JSON":  {handler: ours, method: "POST", path: "/form", json: `{"grant":"abc"}`},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			request := httptest.NewRequestWithContext(b.Context(), run.method, run.path, nil)
			request.Header.Set("User-Agent", "curl/8.5.0")
			request.Header.Set("Accept", "*/*")
			request.Header.Set("Authorization", "Bearer "+strings.Repeat("x", 350))
			body := run.form + run.json
			if body != "" {
				request.Header.Set("Content-Type", "application/json")
				request.ContentLength = int64(len(body))
			}
			if run.form != "" {
				request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			w := nowhere{http.Header{}}
			for b.Loop() {
				clear(w.header)
				if body != "" {
					request.Body = io.NopCloser(strings.NewReader(body))
				}
				run.handler.ServeHTTP(w, request)
			}
		})
	}
}
