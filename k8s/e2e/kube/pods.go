package kube

import (
	"context"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// patience is how long anything may take to become ready on a small machine.
const patience = 2 * time.Minute

// Pods returns the pods of a service, or of whatever else has the name, including those that are ending.
func (c *Cluster) Pods(ctx context.Context, name string) ([]corev1.Pod, error) {
	list, err := c.CoreV1().Pods(Namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=" + name})
	if err != nil {
		return nil, fmt.Errorf("pods of %s: %w", name, err)
	}
	return list.Items, nil
}

// Ready reports whether a pod is ready and not ending.
func Ready(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil {
		return false
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// Settled waits until all pods of a service are ready and of its newest version, and none is ending any more.
func (c *Cluster) Settled(ctx context.Context, service string) error {
	return Until(ctx, patience, func(ctx context.Context) error {
		d, err := c.AppsV1().Deployments(Namespace).Get(ctx, service, metav1.GetOptions{})
		if err != nil {
			return fmt.Errorf("deployment %s: %w", service, err)
		}
		pods, err := c.Pods(ctx, service)
		if err != nil {
			return err
		}
		want, s := int(*d.Spec.Replicas), d.Status
		if s.ObservedGeneration < d.Generation || int(s.UpdatedReplicas) != want || int(s.AvailableReplicas) != want || len(pods) != want {
			return fmt.Errorf("%s: of %d pods, %d are up to date and %d available, and there are %d", service, want, s.UpdatedReplicas, s.AvailableReplicas, len(pods))
		}
		return nil
	})
}

// SettledAll waits for all services.
func (c *Cluster) SettledAll(ctx context.Context) error {
	for _, service := range Services() {
		if err := c.Settled(ctx, service); err != nil {
			return err
		}
	}
	return nil
}

// Gone waits until a pod no longer exists.
func (c *Cluster) Gone(ctx context.Context, pod *corev1.Pod) error {
	return Until(ctx, patience, func(ctx context.Context) error {
		list, err := c.CoreV1().Pods(pod.Namespace).List(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + pod.Name})
		if err != nil {
			return fmt.Errorf("pod %s: %w", pod.Name, err)
		}
		for _, other := range list.Items {
			if other.UID == pod.UID {
				return fmt.Errorf("pod %s is still there", pod.Name)
			}
		}
		return nil
	})
}

// Workers returns the nodes that can be drained.
func (c *Cluster) Workers(ctx context.Context) ([]string, error) {
	list, err := c.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: "!node-role.kubernetes.io/control-plane"})
	if err != nil {
		return nil, fmt.Errorf("nodes: %w", err)
	}
	var names []string
	for _, node := range list.Items {
		names = append(names, node.Name)
	}
	return names, nil
}

// Complaints returns the states of all our pods, and the last lines of their logs that are more than information.
func (c *Cluster) Complaints(ctx context.Context) string {
	const most = 15
	logs, _ := c.Kubectl(ctx, "logs", "--namespace", Namespace, "--selector", "app.kubernetes.io/part-of=streamgate", "--prefix", "--since", "2m",
		"--tail", "2000", "--max-log-requests", "50")
	traefik, _ := c.Kubectl(ctx, "logs", "--namespace", "traefik", "--selector", "app.kubernetes.io/name=traefik", "--prefix", "--since", "2m")
	var lines []string
	for line := range strings.Lines(logs + traefik) {
		if !strings.Contains(line, `"level":"INFO"`) && !strings.Contains(line, `"level":"info"`) && !strings.Contains(line, "[pod/mongodb") {
			lines = append(lines, line)
		}
	}
	pods, _ := c.Kubectl(ctx, "get", "pods", "--namespace", Namespace, "--output", "wide")
	return pods + strings.Join(lines[max(0, len(lines)-most):], "")
}
