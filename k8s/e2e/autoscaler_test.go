package e2e

import (
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// pressed is how many requests a second the autoscaler aims at for a pod of session-svc, instead of the charts' 100.
// Then two processors can carry the load beside three nodes on which pods start, and a failure is Streamgate's own.
const pressed = 40

// hurry makes the autoscaler remove pods as fast as it adds them. The charts' own value waits for five minutes.
var hurry = []string{
	"--set", "autoscaling.requestsPerSecond=" + strconv.Itoa(pressed),
	"--set", "autoscaling.behavior.scaleDown.stabilizationWindowSeconds=15",
	"--set-json", `autoscaling.behavior.scaleDown.policies=[{"type":"Percent","value":100,"periodSeconds":15}]`,
}

// autoscaler has session-svc scaled up and down, and meanwhile does what must not disturb it.
func autoscaler(ctx context.Context, t *testing.T, s *suite) {
	list := s.expressions(ctx, t) // compiled before there is a load
	s.row(t, "a load, while session-svc is scaled up and down", func(t *testing.T, row *table.Row) {
		release := s.releases["session-svc"]
		s.must(ctx, t, release.Upgrade(ctx, hurry...))
		putBack(ctx, t, func(ctx context.Context) error {
			if err := release.Upgrade(ctx); err != nil {
				return err
			}
			return s.Settled(ctx, release.Name)
		})
		watching := s.watch(ctx, t)
		least := 0
		s.row(t, "autoscaler: both metrics have numbers", func(t *testing.T, row *table.Row) { least = s.bothMetrics(ctx, t, row) })
		pressing := s.press(ctx, t, pressed*3/2)
		began := time.Now()
		s.row(t, "autoscaler: up", func(t *testing.T, row *table.Row) {
			s.must(ctx, t, kube.Until(ctx, time.Minute, func(ctx context.Context) error { return s.replicas(ctx, func(n int) bool { return n > least }) }))
			decided := time.Since(began)
			s.must(ctx, t, s.Settled(ctx, release.Name))
			pods, err := s.Pods(ctx, release.Name)
			s.must(ctx, t, err)
			row.Remark = fmt.Sprintf("%d requests/s for each pod: from %d, decided after %.0f s; %d pods ready after %.0f s", pressed, least, decided.Seconds(), len(pods), time.Since(began).Seconds())
		})
		s.row(t, "autoscaler: helm upgrade while it has scaled", func(t *testing.T, row *table.Row) { s.upgradeScaled(ctx, t, row) })
		s.row(t, "dashboards and alerts, asked under load", func(t *testing.T, row *table.Row) { s.ask(ctx, t, row, list) })
		rest := s.figures(ctx, t, &table.Row{}, pressing)
		for _, r := range first(rest.Failed()) {
			t.Errorf("of those that press, %s: %s", r.What, r.Fault)
		}
		s.row(t, "autoscaler: down", func(t *testing.T, row *table.Row) {
			began := time.Now()
			s.must(ctx, t, kube.Until(ctx, 4*time.Minute, func(ctx context.Context) error { return s.replicas(ctx, func(n int) bool { return n == least }) }))
			s.must(ctx, t, s.Settled(ctx, release.Name))
			row.Remark = fmt.Sprintf("to %d after %.0f s, with a stabilisation window of 15 s instead of 300", least, time.Since(began).Seconds())
		})
		s.flawless(ctx, t, row, watching)
		row.Remark = fmt.Sprintf("and %d more heartbeats at the same time, of which %d failed", len(rest.Requests), len(rest.Failed()))
	})
}

// replicas checks how many pods of session-svc the autoscaler wants.
func (s *suite) replicas(ctx context.Context, enough func(int) bool) error {
	hpa, err := s.AutoscalingV2().HorizontalPodAutoscalers(kube.Namespace).Get(ctx, "session-svc", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if n := int(hpa.Status.DesiredReplicas); !enough(n) {
		return fmt.Errorf("the autoscaler wants %d pods, by %s", n, metrics(hpa))
	}
	return nil
}

// bothMetrics waits until every autoscaler has numbers for both metrics, and session-svc has as few pods as it may
// have.
func (s *suite) bothMetrics(ctx context.Context, t *testing.T, row *table.Row) int {
	t.Helper()
	least := 0
	for _, service := range kube.Services() {
		s.must(ctx, t, kube.Until(ctx, 3*time.Minute, func(ctx context.Context) error {
			hpa, err := s.AutoscalingV2().HorizontalPodAutoscalers(kube.Namespace).Get(ctx, service, metav1.GetOptions{})
			if err != nil {
				return err
			}
			requests, cpu := false, false
			for _, m := range hpa.Status.CurrentMetrics {
				requests = requests || m.Pods != nil && m.Pods.Metric.Name == "http_requests_per_second" && m.Pods.Current.AverageValue != nil
				cpu = cpu || m.Resource != nil && m.Resource.Current.AverageUtilization != nil
			}
			least = int(*hpa.Spec.MinReplicas)
			if !requests || !cpu || service == "session-svc" && int(hpa.Status.DesiredReplicas) != least {
				return fmt.Errorf("%s: %d pods wanted, by %s", service, hpa.Status.DesiredReplicas, metrics(hpa))
			}
			row.Remark += fmt.Sprintf("%s %s; ", service, metrics(hpa))
			return nil
		}))
	}
	return least
}

// metrics returns what an autoscaler goes by, as kubectl get hpa shows it.
func metrics(hpa *autoscalingv2.HorizontalPodAutoscaler) string {
	text := ""
	for _, m := range hpa.Status.CurrentMetrics {
		switch {
		case m.Pods != nil && m.Pods.Current.AverageValue != nil:
			text += fmt.Sprintf("%.1f/s ", float64(m.Pods.Current.AverageValue.MilliValue())/1000)
		case m.Resource != nil && m.Resource.Current.AverageUtilization != nil:
			text += fmt.Sprintf("%d %% CPU", *m.Resource.Current.AverageUtilization)
		}
	}
	if text == "" {
		return "no metric"
	}
	return text
}

// upgradeScaled replaces all pods of session-svc by helm upgrade, and checks that there are never fewer than the
// autoscaler wanted.
func (s *suite) upgradeScaled(ctx context.Context, t *testing.T, row *table.Row) {
	t.Helper()
	watching, err := s.AppsV1().Deployments(kube.Namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=session-svc"})
	s.must(ctx, t, err)
	first := seen(t, <-watching.ResultChan())
	scaled := *first.Spec.Replicas
	fewest := make(chan int32)
	go func() {
		least := scaled
		for event := range watching.ResultChan() {
			if d, ok := event.Object.(*appsv1.Deployment); ok {
				least = min(least, *d.Spec.Replicas, d.Status.AvailableReplicas)
			}
		}
		fewest <- least
	}()
	release := s.releases["session-svc"]
	err = release.Upgrade(ctx, append([]string{"--set-string", "podAnnotations.e2e=" + s.run}, hurry...)...)
	if err == nil {
		err = s.Settled(ctx, release.Name)
	}
	watching.Stop()
	least := <-fewest
	s.must(ctx, t, err)
	if least < scaled {
		t.Errorf("there were %d pods, and only %d during the upgrade", scaled, least)
	}
	row.Remark = fmt.Sprintf("%d pods replaced, never fewer than %d available", scaled, least)
}

func seen(t *testing.T, event watch.Event) *appsv1.Deployment {
	t.Helper()
	d, ok := event.Object.(*appsv1.Deployment)
	if !ok {
		t.Fatalf("not a deployment: %v", event)
	}
	return d
}
