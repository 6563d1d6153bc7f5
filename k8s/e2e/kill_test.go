package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// deletePods deletes a pod of each service, which gets its time to end.
func deletePods(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	load := s.watch(ctx, t)
	for _, service := range kube.Services() {
		s.deletePod(ctx, t, service, metav1.DeleteOptions{})
	}
	s.must(ctx, t, goOn(ctx, load))
	s.flawless(ctx, t, row, load)
	row.Remark = "kubectl delete pod"
}

// killPods kills a pod of each service, which can't finish what it is doing. Only the requests of that moment may fail;
// no stream may be lost.
func killPods(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	const aftermath = 10 * time.Second // until all know that it is gone
	load := s.watch(ctx, t)
	now := int64(0)
	var killed []time.Time
	for _, service := range kube.Services() {
		killed = append(killed, time.Now())
		s.deletePod(ctx, t, service, metav1.DeleteOptions{GracePeriodSeconds: &now})
	}
	s.must(ctx, t, goOn(ctx, load))
	f := s.figures(ctx, t, row, load)
	for _, r := range f.Failed() {
		ended, near := r.Due.Add(r.Took), false
		for _, at := range killed {
			near = near || ended.After(at) && r.Due.Before(at.Add(aftermath))
		}
		if !near {
			t.Errorf("long after a pod was killed, %s failed: %s", r.What, r.Fault)
		}
	}
	row.Remark = fmt.Sprintf("kubectl delete pod --force --grace-period=0: what a killed pod was asked may fail, within %v", aftermath)
}

// deletePod deletes a pod of a service, and waits until there are as many as before.
func (s *suite) deletePod(ctx context.Context, t *testing.T, service string, how metav1.DeleteOptions) {
	t.Helper()
	pods, err := s.Pods(ctx, service)
	s.must(ctx, t, err)
	var pod *corev1.Pod
	for i := range pods {
		if kube.Ready(&pods[i]) {
			pod = &pods[i]
		}
	}
	if pod == nil {
		t.Fatalf("no pod of %s is ready", service)
	}
	s.must(ctx, t, s.CoreV1().Pods(kube.Namespace).Delete(ctx, pod.Name, how))
	s.must(ctx, t, s.Gone(ctx, pod))
	s.must(ctx, t, s.Settled(ctx, service))
}
