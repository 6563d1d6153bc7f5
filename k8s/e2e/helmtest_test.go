package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// helmTest runs the tests that the charts bring with them.
func helmTest(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	checks := 0
	for _, service := range kube.Services() {
		putBack(ctx, t, func(ctx context.Context) error {
			return s.CoreV1().Pods(kube.Namespace).Delete(ctx, service+"-test", metav1.DeleteOptions{})
		})
		said, err := s.Helm(ctx, "test", service, "--namespace", kube.Namespace, "--logs", "--timeout", "2m")
		if err != nil {
			t.Errorf("%v", err)
		}
		n := strings.Count(said, "ok    ")
		if n == 0 {
			t.Errorf("the test of %s checked nothing: %s", service, said)
		}
		checks += n
	}
	row.Remark = fmt.Sprintf("%d checks", checks)
}
