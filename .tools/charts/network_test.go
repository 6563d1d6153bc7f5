package charts

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// party is one end of a connection: a pod with labels in a namespace with its name.
type party struct {
	namespace string
	labels    labels.Set
}

func service(name string) party {
	return party{Namespace, labels.Set{"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name, "app.kubernetes.io/part-of": "streamgate"}}
}

func pod(namespace, name string) party {
	return party{namespace, labels.Set{"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}}
}

func TestWhoMayTalkToWhom(t *testing.T) {
	t.Parallel()
	policies := map[string]networkingv1.NetworkPolicy{}
	for _, name := range Services {
		rendered, err := Objects[networkingv1.NetworkPolicy](name, "NetworkPolicy", on("networkPolicy"))
		if err != nil || len(rendered) != 1 {
			t.Fatal(rendered, err)
		}
		if policy := rendered[0].Spec; !selects(t, &policy.PodSelector, service(name).labels) || len(policy.PolicyTypes) != 2 {
			t.Errorf("%s: selects %v for %v", name, policy.PodSelector, policy.PolicyTypes)
		}
		policies[name] = rendered[0]
	}

	parties := map[string]party{
		"user-svc": service("user-svc"), "content-svc": service("content-svc"), "session-svc": service("session-svc"),
		"ingress": pod("traefik", "traefik"), "prometheus": pod("monitoring", "prometheus"), "dns": pod("kube-system", "coredns"),
		"mongodb": pod(Namespace, "mongodb"), "redis": pod(Namespace, "redis"),
		"helm test":       {Namespace, labels.Set{"app.kubernetes.io/part-of": "streamgate", "app.kubernetes.io/component": "test"}},
		"a neighbour":     pod(Namespace, "other"),
		"a stranger":      pod("elsewhere", "other"),
		"another mongodb": pod("elsewhere", "mongodb"),
		// The right name in another namespace is no peer.
		"a false session-svc": {"elsewhere", service("session-svc").labels},
	}
	ports := []int32{53, 443, 6379, 8080, 8081, 9090, 27017}

	// These connections are allowed; every other combination of parties and ports is denied.
	type path struct {
		from, to string
		port     int32
	}
	allowed := map[path]bool{}
	for _, each := range []path{
		{"user-svc", "session-svc", 8081}, // opens and ends device sessions
		{"session-svc", "user-svc", 8080}, // the public keys
		{"session-svc", "user-svc", 8081}, // plans
		{"session-svc", "content-svc", 8081},
		{"content-svc", "session-svc", 8081}, // is the lease alive?
		{"user-svc", "mongodb", 27017},
		{"content-svc", "mongodb", 27017},
		{"session-svc", "redis", 6379},
	} {
		allowed[each] = true
	}
	for _, name := range Services {
		allowed[path{"ingress", name, 8080}] = true
		allowed[path{"helm test", name, 8080}] = true
		allowed[path{"prometheus", name, 9090}] = true
		allowed[path{name, "dns", 53}] = true
	}

	for from := range parties {
		for to := range parties {
			for _, port := range ports {
				_, ruledFrom := policies[from]
				_, ruledTo := policies[to]
				if from == to || !ruledFrom && !ruledTo {
					continue
				}
				got := (!ruledFrom || leaves(t, policies[from], parties[to], port)) && (!ruledTo || enters(t, policies[to], parties[from], port))
				if want := allowed[path{from, to, port}]; got != want {
					t.Errorf("%s to %s, port %d: allowed %t, want %t", from, to, port, got, want)
				}
			}
		}
	}
}

func enters(t *testing.T, policy networkingv1.NetworkPolicy, from party, port int32) bool {
	t.Helper()
	return slices.ContainsFunc(policy.Spec.Ingress, func(rule networkingv1.NetworkPolicyIngressRule) bool {
		return peered(t, policy, rule.From, from) && onPort(rule.Ports, port)
	})
}

func leaves(t *testing.T, policy networkingv1.NetworkPolicy, to party, port int32) bool {
	t.Helper()
	return slices.ContainsFunc(policy.Spec.Egress, func(rule networkingv1.NetworkPolicyEgressRule) bool {
		return peered(t, policy, rule.To, to) && onPort(rule.Ports, port)
	})
}

// peered reports whether a party is among a list of peers. An empty list means everybody, as the API has it.
func peered(t *testing.T, policy networkingv1.NetworkPolicy, peers []networkingv1.NetworkPolicyPeer, p party) bool {
	t.Helper()
	if len(peers) == 0 {
		return true
	}
	for _, peer := range peers {
		there := p.namespace == policy.Namespace
		if peer.NamespaceSelector != nil {
			there = selects(t, peer.NamespaceSelector, labels.Set{corev1.LabelMetadataName: p.namespace})
		}
		if peer.IPBlock == nil && there && (peer.PodSelector == nil || selects(t, peer.PodSelector, p.labels)) {
			return true
		}
	}
	return false
}

func onPort(ports []networkingv1.NetworkPolicyPort, port int32) bool {
	if len(ports) == 0 {
		return true
	}
	for _, p := range ports {
		if p.Port == nil || p.Port.IntVal == port || p.EndPort != nil && p.Port.IntVal <= port && port <= *p.EndPort {
			return true
		}
	}
	return false
}

func selects(t *testing.T, selector *metav1.LabelSelector, set labels.Set) bool {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	return s.Matches(set)
}
