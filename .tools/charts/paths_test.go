package charts

import (
	"slices"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
)

// paths returns the paths that a service's run.yaml lists for make run.
func paths(t *testing.T, service string) []string {
	t.Helper()
	var list []string
	for _, route := range read(t, "../"+service, "run.yaml")["paths"].([]any) {
		route := route.(map[string]any)
		kind := "Prefix"
		if route["exact"] == true {
			kind = "Exact"
		}
		list = append(list, kind+" "+route["path"].(string))
	}
	slices.Sort(list)
	return list
}

func TestPathsAreThoseOfTheServices(t *testing.T) {
	t.Parallel()
	for _, name := range Services {
		want := paths(t, name)
		ingresses, err := Objects[networkingv1.Ingress](name, "Ingress", on("ingress"))
		if err != nil || len(ingresses) != 1 {
			t.Fatal(ingresses, err)
		}
		var got []string
		for _, path := range ingresses[0].Spec.Rules[0].HTTP.Paths {
			got = append(got, string(*path.PathType)+" "+path.Path)
			if path.Backend.Service.Name != name || path.Backend.Service.Port.Name != "http" {
				t.Errorf("%s: %s leads to %v", name, path.Path, path.Backend.Service)
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: the ingress has %q, want %q", name, got, want)
		}

		values := on("gateway")
		values["gateway"].(map[string]any)["parentRefs"] = []any{map[string]any{"name": "public"}}
		documents, err := Objects[map[string]any](name, "HTTPRoute", values)
		if err != nil || len(documents) != 1 {
			t.Fatal(documents, err)
		}
		got = nil
		for _, rule := range documents[0]["spec"].(map[string]any)["rules"].([]any) {
			for _, match := range rule.(map[string]any)["matches"].([]any) {
				path := match.(map[string]any)["path"].(map[string]any)
				kind := path["type"].(string)
				if kind == "PathPrefix" {
					kind = "Prefix"
				}
				got = append(got, kind+" "+path["value"].(string))
			}
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%s: the route has %q, want %q", name, got, want)
		}

		documents, err = Objects[map[string]any](name, "IngressRoute", on("ingressRoute"))
		if err != nil || len(documents) != 1 {
			t.Fatal(documents, err)
		}
		var rules []string
		for _, path := range want {
			kind, path, _ := strings.Cut(path, " ")
			rules = append(rules, "Path(`"+path+"`)")
			if kind == "Prefix" {
				rules = append(rules, "PathPrefix(`"+path+"/`)")
			}
		}
		route := documents[0]["spec"].(map[string]any)["routes"].([]any)[0].(map[string]any)
		got = strings.Split(route["match"].(string), " || ")
		slices.Sort(rules)
		if slices.Sort(got); !slices.Equal(got, rules) {
			t.Errorf("%s: Traefik's route has %q, want %q", name, got, rules)
		}
	}
}
