package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// leastLoaded slows down one of the pods of session-svc, and measures how many of the requests it gets.
func leastLoaded(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	const (
		slowed  = "30m" // of a processor
		evenly  = 0.5   // the share that it would get in turns
		most    = 0.35  // the share that it may get
		enough  = 4000  // requests by which the shares are measured
		service = "session-svc"
	)
	pods, err := s.Pods(ctx, service)
	s.must(ctx, t, err)
	if len(pods) < 2 {
		t.Fatalf("%d pods of %s", len(pods), service)
	}
	slow, other := pods[0].Name, pods[1].Name
	putBack(ctx, t, func(ctx context.Context) error {
		err := s.CoreV1().Pods(kube.Namespace).Delete(ctx, slow, metav1.DeleteOptions{})
		return errors.Join(err, s.Settled(ctx, service))
	})
	_, err = s.Kubectl(ctx, "patch", "pod", slow, "--namespace", kube.Namespace, "--subresource", "resize", "--patch",
		`{"spec": {"containers": [{"name": "`+service+`", "resources": {"requests": {"cpu": "`+slowed+`"}, "limits": {"cpu": "`+slowed+`"}}}]}}`)
	s.must(ctx, t, err)
	s.must(ctx, t, kube.Until(ctx, time.Minute, func(ctx context.Context) error {
		pod, err := s.CoreV1().Pods(kube.Namespace).Get(ctx, slow, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if r := pod.Status.ContainerStatuses[0].Resources; r == nil || r.Limits.Cpu().String() != slowed {
			return errors.New("the pod is not slowed yet")
		}
		return nil
	}))
	before := s.answered(ctx, t, slow, other)
	load := s.press(ctx, t, 250)
	s.must(ctx, t, kube.Until(ctx, time.Minute, func(context.Context) error { return load.Reached(enough) }))
	after := s.answered(ctx, t, slow, other)
	s.figures(ctx, t, row, load)
	got, rest := after[0]-before[0], after[1]-before[1]
	share := got / (got + rest)
	if got+rest < enough/2 || share > most {
		t.Errorf("of two pods, the slow one got %.0f requests and the other one %.0f: %.0f %%", got, rest, 100*share)
	}
	row.Remark = fmt.Sprintf("a pod with %s of a processor got %.0f %% of %.0f requests, not %.0f; what fails is what it has no time for", slowed, 100*share, got+rest, 100*evenly)
}

// answered returns how many requests each pod has answered.
func (s *suite) answered(ctx context.Context, t *testing.T, pods ...string) []float64 {
	t.Helper()
	var all []float64
	for _, pod := range pods {
		n, err := s.Answered(ctx, pod)
		s.must(ctx, t, err)
		all = append(all, n)
	}
	return all
}
