package listeners_test

import (
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"streamgate/libs/httpserver"
	"streamgate/libs/listeners"
	"streamgate/libs/peer"
	"streamgate/libs/testkit"
	"streamgate/libs/tracing"
)

// asking has a public route that asks the internal listener of another service.
type asking struct {
	handlers

	other *peer.Client
}

func (a *asking) Public(e *httpserver.Engine) {
	e.Read("/asks", func(c *gin.Context) error {
		response, err := a.other.Send(c.Request.Context(), http.MethodGet, "/", nil, nil)
		if err != nil {
			return err
		}
		return response.Body.Close()
	})
}

// A trace goes on in the service that is asked, if it is one of ours who asks.
func TestTracesGoOn(t *testing.T) {
	t.Parallel()
	collector := testkit.NewCollector(t)
	run := func(name string, share float64, h listeners.Handlers) (public, internal *httptest.Server) {
		o := options(t)
		o.Traces = tracing.New(tracing.Settings{Endpoint: collector.URL, Share: share}, nil, name, "test", o.Registry, o.Log)
		outside, inside, err := listeners.New(o, h)
		if err != nil {
			t.Fatal(err)
		}
		public, internal = httptest.NewServer(outside), httptest.NewServer(inside)
		t.Cleanup(func() {
			public.Close()
			internal.Close()
			_ = o.Traces.Close(t.Context())
		})
		return public, internal
	}
	_, asked := run("asked-svc", 1, handlers{})
	a := &asking{other: peer.NewClient("asked-svc", asked.URL, []string{"new"}, time.Minute)}
	traced, _ := run("asking-svc", 1, a)
	quiet, _ := run("quiet-svc", 0, a)

	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	testkit.Do(t, "GET", quiet.URL+"/asks", "").Want(t, 200)
	testkit.Do(t, "GET", asked.URL, "", testkit.Header("Traceparent", parent)).Problem(t, 401, "internal_secret_invalid")
	testkit.Do(t, "GET", asked.URL, "", testkit.Header("Internal-Secret", "new")).Want(t, 200) // its caller isn't traced
	testkit.Do(t, "GET", traced.URL+"/asks", "").Want(t, 200)

	testkit.Eventually(t, "three spans", func() bool { return len(collector.Spans()) >= 3 })
	spans := map[string]testkit.Span{}
	for _, span := range collector.Spans() {
		if strings.Contains(parent, hex.EncodeToString(span.TraceId)) {
			t.Errorf("somebody without a secret has made %v", span)
		}
		spans[span.Service+" "+span.Name] = span
	}
	first, call, last := spans["asking-svc GET /asks"], spans["asking-svc GET asked-svc"], spans["asked-svc GET /"]
	if len(spans) != 3 || first.Span == nil || call.Span == nil || last.Span == nil {
		t.Fatalf("spans %v", spans)
	}
	if string(call.ParentSpanId) != string(first.SpanId) || string(last.ParentSpanId) != string(call.SpanId) || string(last.TraceId) != string(first.TraceId) {
		t.Errorf("spans %v", spans)
	}
	if call.Attribute("http.response.status_code") != int64(200) {
		t.Errorf("call %v", call)
	}
}
