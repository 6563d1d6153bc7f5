package mongodb_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"go.mongodb.org/mongo-driver/v2/bson"

	"streamgate/libs/mongodb"
	"streamgate/libs/testkit"
	"streamgate/libs/tracing"
)

// Commands of traced requests have spans, which say nothing of documents, not even where one was refused.
func TestCommandsAreTraced(t *testing.T) {
	t.Parallel()
	collector := testkit.NewCollector(t)
	traces := tracing.New(tracing.Settings{Endpoint: collector.URL, Share: 1}, nil, "test", "test", prometheus.NewRegistry(), testkit.Logger(t))
	uri, database := testkit.Mongo(t)
	db, err := mongodb.Open(uri, database, "test", traces)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mongodb.Close(db)(context.Background()) })
	people := db.Collection("people")
	insert := func(ctx context.Context) error {
		_, err := people.InsertOne(ctx, bson.D{{Key: "_id", Value: "secret@example.com"}})
		return err
	}
	if err := insert(t.Context()); err != nil {
		t.Fatal(err)
	}
	engine := gin.New()
	engine.Use(traces.Public())
	engine.GET("/", func(c *gin.Context) {
		if insert(c.Request.Context()) == nil {
			t.Error("inserted twice")
		}
		if err := people.FindOne(c.Request.Context(), bson.D{{Key: "_id", Value: "secret@example.com"}}).Err(); err != nil {
			t.Error(err)
		}
	})
	engine.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	_ = traces.Close(t.Context())
	var names []string
	for _, span := range collector.Spans() {
		names = append(names, span.Name)
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"GET /", "find people", "insert people"}) {
		t.Errorf("spans %q", names)
	}
	if raw, _ := collector.Raw(); strings.Contains(raw, "secret") {
		t.Error("the spans have what is in a document")
	}
}
