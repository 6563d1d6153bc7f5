package e2e

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// drain empties one worker after the other, as for a new version of its operating system.
func drain(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	workers, err := s.Workers(ctx)
	s.must(ctx, t, err)
	if len(workers) < 2 {
		t.Skipf("the cluster has %d workers; a drained one's pods need another one", len(workers))
	}
	putBack(ctx, t, func(ctx context.Context) error {
		var all error
		for _, node := range workers {
			_, err := s.Kubectl(ctx, "uncordon", node)
			all = errors.Join(all, err)
		}
		return errors.Join(all, s.SettledAll(ctx))
	})
	load := s.watch(ctx, t)
	moved := 0
	for _, node := range workers {
		for _, service := range kube.Services() {
			pods, err := s.Pods(ctx, service)
			s.must(ctx, t, err)
			for _, pod := range pods {
				if pod.Spec.NodeName == node {
					moved++
				}
			}
		}
		// One service at a time, since these nodes share the processors of one machine: starting all their pods at once
		// keeps both busy for seconds.
		for _, service := range kube.Services() {
			s.must(ctx, t, s.evict(ctx, node, "--pod-selector", "app.kubernetes.io/name="+service))
			s.must(ctx, t, s.Settled(ctx, service))
		}
		s.must(ctx, t, s.evict(ctx, node)) // whatever else there is
		_, err = s.Kubectl(ctx, "uncordon", node)
		s.must(ctx, t, err)
	}
	s.must(ctx, t, goOn(ctx, load))
	s.flawless(ctx, t, row, load)
	if moved < len(kube.Services())*2 {
		t.Errorf("only %d pods of ours had to move", moved)
	}
	row.Remark = fmt.Sprintf("kubectl drain of %d workers, a service at a time: %d pods of the services moved", len(workers), moved)
}

// evict drains a node.
func (s *suite) evict(ctx context.Context, node string, args ...string) error {
	_, err := s.Kubectl(ctx, append([]string{"drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout", "3m"}, args...)...)
	return err
}
