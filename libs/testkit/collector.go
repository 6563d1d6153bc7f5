package testkit

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is what a collector was told of one.
type Span struct {
	*tracepb.Span

	Service string
}

// Attribute returns the text or the number of an attribute, or "".
func (s Span) Attribute(name string) any {
	for _, a := range s.Attributes {
		if a.Key == name {
			if text := a.Value.GetStringValue(); text != "" {
				return text
			}
			return a.Value.GetIntValue()
		}
	}
	return ""
}

// Collector takes traces by OTLP over HTTP.
type Collector struct {
	URL string

	mu     sync.Mutex
	status int
	spans  []Span
	raw    strings.Builder
	header http.Header
}

// NewCollector starts a collector for a test.
func NewCollector(t testing.TB) *Collector {
	t.Helper()
	c := &Collector{status: http.StatusOK}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.URL = server.URL
	return c
}

// ServeHTTP implements http.Handler.
func (c *Collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	var told tracepb.TracesData
	switch {
	case c.status != http.StatusOK:
		w.WriteHeader(c.status)
	case err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" ||
		proto.Unmarshal(body, &told) != nil:
		w.WriteHeader(http.StatusBadRequest)
	default:
		c.header = r.Header
		_, _ = c.raw.Write(body) // never fails
		c.take(&told)
	}
}

func (c *Collector) take(told *tracepb.TracesData) {
	for _, of := range told.ResourceSpans {
		service := ""
		for _, a := range of.Resource.Attributes {
			if a.Key == "service.name" {
				service = a.Value.GetStringValue()
			}
		}
		for _, in := range of.ScopeSpans {
			for _, span := range in.Spans {
				c.spans = append(c.spans, Span{span, service})
			}
		}
	}
}

// Answer has all that follows answered with a status.
func (c *Collector) Answer(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

// Spans returns what was told so far.
func (c *Collector) Spans() []Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.spans)
}

// Raw returns the bytes that were sent so far, which have every text as it is, and the last header.
func (c *Collector) Raw() (string, http.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.raw.String(), c.header
}
