package httpserver_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"streamgate/libs/httpserver"
	"streamgate/libs/logging"
	"streamgate/libs/testkit"
)

// listen serves a handler as the services do.
func listen(t *testing.T, handler http.Handler) *httptest.Server {
	t.Helper()
	return listenWith(t, &testkit.Log{}, handler)
}

// listenWith does the same, and keeps the log.
func listenWith(t *testing.T, log *testkit.Log, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.Config = httpserver.NewServer(handler, logging.New(log, logging.Text, slog.LevelInfo, "test"))
	server.Start()
	t.Cleanup(server.Close)
	return server
}

// A client that keeps a connection busy would never meet the replicas that came after it was opened.
func TestOldConnectionsAreRetired(t *testing.T) {
	t.Parallel()
	const age = 100 * time.Millisecond
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.Use(httpserver.Retire(age))
	engine.GET("/", func(c *gin.Context) { c.String(http.StatusOK, "here") })
	server := listen(t, engine)
	var dialled atomic.Int64
	client := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}}}
	began, asked := time.Now(), 0
	for dialled.Load() < 4 {
		response, err := client.Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if asked++; time.Since(began) > 10*time.Second {
			t.Fatalf("%d connections for %d requests", dialled.Load(), asked)
		}
	}
	if took := time.Since(began); took < 3*age {
		t.Errorf("three connections were retired within %v", took)
	}
}
