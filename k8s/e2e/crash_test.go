package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// closing is how long after the end of a process requests may still go out on its connections, until Traefik hears that they are closed.
const closing = 100 * time.Millisecond

// crash kills the process of a pod of session-svc, under a load that would meet it many times. Until the endpoints lose the pod, its address
// refuses connections; what it never got goes to another pod, so only what it was asked until its connections were closed may fail.
func crash(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	if !strings.HasPrefix(*contextName, "kind-") {
		t.Skip("only on kind can a process be killed from here")
	}
	pods, err := s.Pods(ctx, "session-svc")
	s.must(ctx, t, err)
	victim := pods[0]
	putBack(ctx, t, func(ctx context.Context) error { return s.Settled(ctx, "session-svc") })
	load := s.press(ctx, t, 100)
	state := victim.Status.ContainerStatuses[0]
	_, id, _ := strings.Cut(state.ContainerID, "//")
	_, err = s.Run(ctx, "docker", "exec", victim.Spec.NodeName, "sh", "-c",
		`pid=$(crictl inspect --output go-template --template '{{.info.pid}}' "$1") && kill -9 "$pid" && while kill -0 "$pid" 2>/dev/null; do sleep 0.01; done`, "", id)
	gone := time.Now()
	s.must(ctx, t, err)
	s.must(ctx, t, kube.Until(ctx, time.Minute, func(ctx context.Context) error {
		pod, err := s.CoreV1().Pods(kube.Namespace).Get(ctx, victim.Name, metav1.GetOptions{})
		if err == nil && (pod.Status.ContainerStatuses[0].RestartCount == state.RestartCount || !kube.Ready(pod)) {
			err = errors.New("it has not restarted")
		}
		return err
	}))
	s.must(ctx, t, goOn(ctx, load))
	f := s.figures(ctx, t, row, load)
	begun := 0 // that the process was answering when it was killed, as many as it had been slow to answer
	for _, r := range f.Failed() {
		if r.Due.Before(gone.Add(closing)) {
			begun++
			continue
		}
		t.Errorf("%s, due %v after the process was gone, took %v: %s", r.What, r.Due.Sub(gone).Round(time.Millisecond), r.Took.Round(time.Millisecond), r.Fault)
	}
	row.Remark = fmt.Sprintf("kill -9, 100 heartbeats a second: %d of those that it was asked before failed", begun)
}
