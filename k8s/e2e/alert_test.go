package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// noAdapter ends the adapter, and waits until the alert's expression says so. The alert itself follows five minutes later.
func noAdapter(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	var query string
	for _, e := range s.expressions(ctx, t) {
		if strings.HasPrefix(e.Source, "session-svc: alert HPAMetricMissing") {
			query = e.Query
		}
	}
	if values, err := s.Query(ctx, query); err != nil || len(values) > 0 {
		t.Fatalf("%v, %v before anything was done", values, err)
	}
	scale := func(ctx context.Context, replicas string) error {
		_, err := s.Kubectl(ctx, "scale", "deployment/prometheus-adapter", "--namespace", "monitoring", "--replicas", replicas)
		return err
	}
	putBack(ctx, t, func(ctx context.Context) error {
		if err := scale(ctx, "1"); err != nil {
			return err
		}
		_, err := s.Kubectl(ctx, "rollout", "status", "deployment/prometheus-adapter", "--namespace", "monitoring", "--timeout", "2m")
		return err
	})
	began := time.Now()
	s.must(ctx, t, scale(ctx, "0"))
	s.must(ctx, t, kube.Until(ctx, 3*time.Minute, func(ctx context.Context) error {
		values, err := s.Query(ctx, query)
		if err == nil && len(values) == 0 {
			err = errors.New("the expression has no result")
		}
		return err
	}))
	row.Remark = "HPAMetricMissing is pending after " + time.Since(began).Round(time.Second).String()
}
