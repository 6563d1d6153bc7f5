package charts

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

// The values of the page about traces do what it says, for each service.
func TestTracesAsThePageHasThem(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join(Folder(), "doors/traces.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	if block == nil {
		t.Fatal("the page has no values")
	}
	for _, name := range Services {
		var values map[string]any
		if err := yaml.Unmarshal(block[1], &values); err != nil {
			t.Fatal(err)
		}
		values["networkPolicy"].(map[string]any)["enabled"] = true
		deployments, err := Objects[appsv1.Deployment](name, "Deployment", values)
		if err != nil || len(deployments) != 1 {
			t.Fatal(name, deployments, err)
		}
		for variable, is := range map[string]func(corev1.EnvVar) bool{
			"OTEL_EXPORTER_OTLP_ENDPOINT": func(v corev1.EnvVar) bool { return v.Value == "http://collector.monitoring:4318" },
			"OTEL_TRACES_SAMPLER_ARG":     func(v corev1.EnvVar) bool { return v.Value == "0.01" },
			"OTEL_EXPORTER_OTLP_HEADERS":  func(v corev1.EnvVar) bool { return v.ValueFrom != nil && v.ValueFrom.SecretKeyRef.Name == "collector" },
		} {
			env := deployments[0].Spec.Template.Spec.Containers[0].Env
			if !slices.ContainsFunc(env, func(v corev1.EnvVar) bool { return v.Name == variable && is(v) }) {
				t.Errorf("%s: %s is not as the page has it", name, variable)
			}
		}
		policies, err := Objects[networkingv1.NetworkPolicy](name, "NetworkPolicy", values)
		if err != nil || len(policies) != 1 {
			t.Fatal(name, policies, err)
		}
		if !slices.ContainsFunc(policies[0].Spec.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool {
			return len(rule.Ports) == 1 && rule.Ports[0].Port.IntVal == 4318 && len(rule.To) == 1 &&
				rule.To[0].NamespaceSelector.MatchLabels["kubernetes.io/metadata.name"] == "monitoring"
		}) {
			t.Errorf("%s: the network policy keeps traces back", name)
		}
	}
}
