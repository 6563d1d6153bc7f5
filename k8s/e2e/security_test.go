package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"streamgate/k8s/e2e/kube"
	"streamgate/k8s/e2e/table"
)

// podSecurity asks the API server itself: it must admit a copy of each of our pods, but none that has more rights.
func podSecurity(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	list, err := s.CoreV1().Pods(kube.Namespace).List(ctx, metav1.ListOptions{})
	s.must(ctx, t, err)
	if len(list.Items) < len(kube.Services()) {
		t.Fatalf("only %d pods", len(list.Items))
	}
	try := func(spec corev1.PodSpec) error {
		spec.NodeName, spec.ServiceAccountName = "", ""
		copied := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "e2e-"}, Spec: spec}
		_, err := s.CoreV1().Pods(kube.Namespace).Create(ctx, copied, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return err
	}
	for _, pod := range list.Items {
		if err := try(pod.Spec); err != nil {
			t.Errorf("a copy of %s is not admitted: %v", pod.Name, err)
		}
	}
	root, yes := int64(0), true
	for what, change := range map[string]func(*corev1.PodSpec){
		"runs as root": func(p *corev1.PodSpec) { p.SecurityContext.RunAsUser = &root },
		"is privileged": func(p *corev1.PodSpec) {
			c := p.Containers[0].SecurityContext
			c.Privileged, c.AllowPrivilegeEscalation = &yes, nil
		},
		"has the host's files":   func(p *corev1.PodSpec) { p.Volumes = append(p.Volumes, hostPath()) },
		"has no seccomp":         func(p *corev1.PodSpec) { p.SecurityContext.SeccompProfile = nil },
		"keeps capabilities":     func(p *corev1.PodSpec) { p.Containers[0].SecurityContext.Capabilities = nil },
		"has the host's network": func(p *corev1.PodSpec) { p.HostNetwork = true },
	} {
		spec := list.Items[0].Spec.DeepCopy()
		change(spec)
		if err := try(*spec); err == nil || !strings.Contains(err.Error(), `violates PodSecurity "restricted`) {
			t.Errorf("a pod that %s: %v", what, err)
		}
	}
	row.Remark = fmt.Sprintf("%d pods are admitted, 6 that want more are not", len(list.Items))
}

// versions asks each pod which version it runs.
func versions(ctx context.Context, t *testing.T, s *suite, row *table.Row) {
	for _, service := range kube.Services() {
		pods, err := s.Pods(ctx, service)
		s.must(ctx, t, err)
		for _, pod := range pods {
			version, err := s.Version(ctx, pod.Name)
			if err != nil || version == "" || version == "dev" {
				t.Errorf("%s: version %q, %v", pod.Name, version, err)
			}
			row.Remark = "all have one, such as " + version
		}
	}
}

func hostPath() corev1.Volume {
	return corev1.Volume{Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}}
}
