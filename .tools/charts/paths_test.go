package charts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
)

// table reads libs/devstack/routes, service by service, without making that module's stores a dependency of these tools.
func table(t *testing.T) map[string][]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(Folder(), "../libs/devstack/routes/routes.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	paths := map[string][]string{}
	ast.Inspect(file, func(node ast.Node) bool {
		literal, ok := node.(*ast.CompositeLit)
		if !ok || literal.Type != nil { // an element of the table has no type of its own
			return true
		}
		route := map[string]string{}
		for _, element := range literal.Elts {
			pair := element.(*ast.KeyValueExpr)
			switch value := pair.Value.(type) {
			case *ast.BasicLit:
				text, err := strconv.Unquote(value.Value)
				if err != nil {
					t.Fatal(err)
				}
				route[pair.Key.(*ast.Ident).Name] = text
			case *ast.Ident:
				route[pair.Key.(*ast.Ident).Name] = value.Name
			}
		}
		kind := "Prefix"
		if route["Exact"] == "true" {
			kind = "Exact"
		}
		paths[route["Service"]] = append(paths[route["Service"]], kind+" "+route["Path"])
		return true
	})
	return paths
}

func TestPathsAreThoseOfTheServices(t *testing.T) {
	t.Parallel()
	paths := table(t)
	if got := slices.Sorted(maps.Keys(paths)); !slices.Equal(got, slices.Sorted(slices.Values(Services))) {
		t.Fatalf("the table has routes of %v", got)
	}
	for _, name := range Services {
		want := slices.Sorted(slices.Values(paths[name]))
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
