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
	// Nothing of them would go with helm uninstall.
	left, err := s.CoreV1().Pods(kube.Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/component=test"})
	s.must(ctx, t, err)
	for _, pod := range left.Items {
		if pod.DeletionTimestamp == nil {
			t.Errorf("%s is left", pod.Name)
		}
	}
	row.Remark = fmt.Sprintf("%d checks", checks)
}
