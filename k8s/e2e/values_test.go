package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// wrongValues upgrades with a mistake in the values. Helm must name it and change nothing.
func wrongValues(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	before, err := s.Helm(ctx, "list", "--namespace", kube.Namespace, "--output", "yaml")
	s.must(ctx, t, err)
	cases := []struct{ service, mistake, named string }{
		{"session-svc", "replicaCuont=3", "replicaCuont"},
		{"session-svc", "redis.existingSecert=redis", "existingSecert"},
		{"session-svc", "lease=ten", "lease"},
		{"session-svc", "autoscaling.minReplicas=20", "autoscaling.minReplicas"}, // above the maximum
		{"content-svc", "mongodb.uri=mongodb://user:password@host", "uri"},
		{"content-svc", "demoContent=perhaps", "demoContent"},
		{"user-svc", "logLevel=loud", "logLevel"},
		{"user-svc", "image.digest=sha256:12", "digest"},
	}
	for _, c := range cases {
		err := s.releases[c.service].Upgrade(ctx, "--set", c.mistake)
		if err == nil {
			putBack(ctx, t, func(ctx context.Context) error { return s.releases[c.service].Upgrade(ctx) })
			t.Errorf("%s was upgraded with %s", c.service, c.mistake)
			continue
		}
		_, said, _ := strings.Cut(err.Error(), "exit status") // what Helm says, not what it was called with
		if !strings.Contains(said, c.named) {
			t.Errorf("%s with %s: the message does not name %s: %s", c.service, c.mistake, c.named, said)
		}
	}
	if after, err := s.Helm(ctx, "list", "--namespace", kube.Namespace, "--output", "yaml"); err != nil || after != before {
		t.Errorf("the releases have changed: %v\n%s\n%s", err, before, after)
	}
	row.Remark = fmt.Sprintf("%d mistakes, each named in Helm's message", len(cases))
}
