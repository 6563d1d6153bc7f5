package charts

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/yaml"
)

// longest is the longest name that a release may have.
var longest = strings.Repeat("longest-", 6) + "names"

var releases = []string{
	"sg", "video.example.com", "1st", "7", "session-svc", "my-user-svc-app", "streamgate-content-svc", longest, strings.Repeat("9.", 26) + "9",
}

// dependency is a chart in an umbrella chart.
type dependency struct {
	Name      string   `json:"name"`
	Version   string   `json:"version"`
	Alias     string   `json:"alias,omitempty"`
	Condition string   `json:"condition,omitempty"`
	Tags      []string `json:"tags,omitempty"`
}

// umbrella makes an umbrella chart of links to the charts, and returns its folder.
func umbrella(t *testing.T, dependencies ...dependency) string {
	t.Helper()
	folder := t.TempDir()
	for i := range dependencies {
		dependencies[i].Version = ">=0-0"
	}
	text, err := yaml.Marshal(map[string]any{"apiVersion": "v2", "name": "umbrella", "version": "1.0.0", "dependencies": dependencies})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "Chart.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "charts"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range Services {
		if err := os.Symlink(filepath.Join(Folder(), name), filepath.Join(folder, "charts", name)); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// all returns a dependency for each service, with what change does to it.
func all(change func(*dependency)) []dependency {
	var list []dependency
	for _, name := range Services {
		d := dependency{Name: name}
		change(&d)
		list = append(list, d)
	}
	return list
}

// each returns the same values for every chart of an umbrella, by their keys.
func each(keys []string, values func() map[string]any) map[string]any {
	all := map[string]any{}
	for _, key := range keys {
		all[key] = values()
	}
	return all
}

// everything switches on all that makes an object.
func everything() map[string]any {
	values := on("autoscaling", "ingress", "ingressRoute", "gateway", "networkPolicy", "serviceMonitor", "prometheusRule", "dashboards")
	values["gateway"].(map[string]any)["parentRefs"] = []any{map[string]any{"name": "public"}}
	return values
}

func TestAnyReleaseNameIsGoodUnderAnUmbrella(t *testing.T) {
	t.Parallel()
	for _, release := range releases {
		documents, err := renderFolder(umbrella(t, all(func(*dependency) {})...), release, each(Services, everything))
		if err != nil {
			t.Fatal(err)
		}
		connected(t, release, documents)
	}
}

func TestAnyReleaseNameIsGoodForOneChart(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "sg-", "a.b-", "7", strings.Repeat("long-", 8)} {
		var documents []string
		for _, name := range Services {
			rendered, err := renderFolder(filepath.Join(Folder(), name), prefix+name, everything())
			if err != nil {
				t.Fatal(err)
			}
			documents = append(documents, rendered...)
		}
		connected(t, prefix+"*", documents)
	}
	for _, release := range releases {
		for _, name := range Services {
			documents, err := renderFolder(filepath.Join(Folder(), name), release, everything())
			if err != nil {
				t.Fatal(err)
			}
			named(t, name+" as "+release, documents)
		}
	}
}

// The documented way before the services found each other by themselves.
func TestOverriddenNamesAreFound(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "video-"} {
		values := each(Services, everything)
		for _, name := range Services {
			values[name].(map[string]any)["fullnameOverride"] = prefix + name
		}
		documents, err := renderFolder(umbrella(t, all(func(*dependency) {})...), "sg", values)
		if err != nil {
			t.Fatal(err)
		}
		connected(t, prefix, documents)
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	for _, alias := range []func(name string) string{
		func(name string) string { return strings.TrimSuffix(name, "-svc") },
		func(name string) string { return "eu-" + name },
		func(name string) string { return "EU_" + name + "_2" },
	} {
		dependencies := all(func(d *dependency) { d.Alias = alias(d.Name) })
		var keys []string
		for _, d := range dependencies {
			keys = append(keys, d.Alias)
		}
		documents, err := renderFolder(umbrella(t, dependencies...), "sg", each(keys, everything))
		if err != nil {
			t.Fatal(err)
		}
		connected(t, keys[0], documents)
	}
}

// Two installations side by side in one release.
func TestTwoOfEachByAliases(t *testing.T) {
	t.Parallel()
	var dependencies []dependency
	var keys []string
	for _, region := range []string{"eu-", "us-"} {
		dependencies = append(dependencies, all(func(d *dependency) { d.Alias = region + d.Name })...)
		for _, name := range Services {
			keys = append(keys, region+name)
		}
	}
	documents, err := renderFolder(umbrella(t, dependencies...), "sg", each(keys, everything))
	if err != nil {
		t.Fatal(err)
	}
	connected(t, "two of each", documents)
}

func TestConditionsTagsAndGlobals(t *testing.T) {
	t.Parallel()
	folder := umbrella(t, all(func(d *dependency) { d.Condition, d.Tags = d.Name+".enabled", []string{"back"} })...)
	others := slices.DeleteFunc(slices.Clone(Services), func(name string) bool { return name == "user-svc" })
	for _, test := range []struct {
		values map[string]any
		want   []string
	}{
		{map[string]any{"global": map[string]any{"imageRegistry": "registry.example.com"}}, Services},
		{map[string]any{"user-svc": map[string]any{"enabled": true}, "tags": map[string]any{"back": true}}, Services},
		{map[string]any{"user-svc": map[string]any{"enabled": false}}, others},
		{map[string]any{"tags": map[string]any{"back": false}, "session-svc": map[string]any{"enabled": true}}, []string{"session-svc"}},
	} {
		documents, err := renderFolder(folder, "sg", test.values)
		if err != nil {
			t.Errorf("%v: %v", test.values, err)
			continue
		}
		deployments, err := objects[appsv1.Deployment](documents, "Deployment")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range deployments {
			got = append(got, d.Spec.Template.Spec.Containers[0].Name)
		}
		if slices.Sort(got); !slices.Equal(got, test.want) {
			t.Errorf("%v: %v, want %v", test.values, got, test.want)
		}
	}
}

// connected requires that the names are good, and that each service finds the others.
func connected(t *testing.T, what string, documents []string) {
	t.Helper()
	named(t, what, documents)
	services, err := objects[corev1.Service](documents, "Service")
	if err != nil {
		t.Fatal(err)
	}
	deployments, err := objects[appsv1.Deployment](documents, "Deployment")
	if err != nil || len(deployments) < len(Services) {
		t.Fatalf("%s: %d deployments, %v", what, len(deployments), err)
	}
	byAddress := map[string]corev1.Service{}
	for _, s := range services {
		byAddress[s.Name+":"+strconv.Itoa(int(s.Spec.Ports[0].Port))] = s
		var selected []string
		for _, d := range deployments {
			if labels.SelectorFromSet(s.Spec.Selector).Matches(labels.Set(d.Spec.Template.Labels)) {
				selected = append(selected, d.Name)
			}
		}
		if len(selected) != 1 || !strings.HasPrefix(s.Name, selected[0]) {
			t.Errorf("%s: the Service %s is of %v", what, s.Name, selected)
		}
	}
	called := 0
	for _, d := range deployments {
		for _, variable := range d.Spec.Template.Spec.Containers[0].Env {
			wanted, isPeer := map[string]string{
				"USER_SVC_URL": "user-svc", "JWKS_URL": "user-svc", "SESSION_SVC_URL": "session-svc", "CONTENT_SVC_URL": "content-svc",
			}[variable.Name]
			if !isPeer {
				continue
			}
			called++
			address, err := url.Parse(variable.Value)
			if err != nil {
				t.Fatal(err)
			}
			if s, there := byAddress[address.Host]; !there || s.Labels["app.kubernetes.io/name"] != wanted {
				t.Errorf("%s: %s of %s is %s; there are %v", what, variable.Name, d.Name, variable.Value, slices.Sorted(maps.Keys(byAddress)))
			}
		}
	}
	if called < len(deployments) {
		t.Errorf("%s: %d addresses of services", what, called)
	}
}

// named requires that names and labels may be, and that no two objects of a kind have one name.
func named(t *testing.T, what string, documents []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, document := range documents {
		var object struct {
			metav1.TypeMeta   `json:",inline"`
			metav1.ObjectMeta `json:"metadata"`
		}
		if err := yaml.Unmarshal([]byte(document), &object); err != nil {
			t.Fatalf("%s: %v in %s", what, err, document)
		}
		if object.Kind == "" {
			continue // a comment
		}
		if seen[object.Kind+" "+object.Name] {
			t.Errorf("%s: two of %s %s", what, object.Kind, object.Name)
		}
		seen[object.Kind+" "+object.Name] = true
		// The strictest of the rules: that of Services.
		for _, fault := range validation.IsDNS1035Label(object.Name) {
			t.Errorf("%s: %s %q: %s", what, object.Kind, object.Name, fault)
		}
		for key, value := range object.Labels {
			for _, fault := range validation.IsValidLabelValue(value) {
				t.Errorf("%s: %s of %s %s is %q: %s", what, key, object.Kind, object.Name, value, fault)
			}
		}
	}
}

// What helm template prints may be piped to kubectl apply, which would start the pods of helm test, and never end them.
func TestNoTestIsStartedByApplying(t *testing.T) {
	t.Parallel()
	for _, name := range Services {
		if pods, err := Objects[corev1.Pod](name, "Pod", nil); err != nil || len(pods) > 0 {
			t.Errorf("%s: %d pods, %v", name, len(pods), err)
		}
	}
}
