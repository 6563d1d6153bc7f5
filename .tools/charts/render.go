package charts

import (
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"sigs.k8s.io/yaml"
)

// Services are the names of the services, sorted. A service is a folder *-svc with a Go module; its chart and its
// release have its name.
var Services = services()

func services() []string {
	names, err := filepath.Glob(filepath.Join(Folder(), "../*-svc/go.mod"))
	if err != nil {
		panic(err) // the pattern is faulty
	}
	for i, file := range names {
		names[i] = filepath.Base(filepath.Dir(file))
	}
	return names
}

// Namespace is the namespace of the services.
const Namespace = "streamgate"

// Folder returns the folder of the charts, whatever the working directory.
func Folder() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "../../charts")
}

// Render renders a chart as "helm template" does, without asking a cluster. The values are those of --set.
func Render(name string, values map[string]any) ([]string, error) {
	return renderFolder(filepath.Join(Folder(), name), name, values)
}

// renderFolder renders the chart of a folder with its subcharts, for a release of this name.
func renderFolder(folder, name string, values map[string]any) ([]string, error) {
	chart, err := loader.Load(folder)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := chartutil.ProcessDependenciesWithMerge(chart, values); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	capabilities := chartutil.DefaultCapabilities.Copy()
	capabilities.KubeVersion = chartutil.KubeVersion{Version: "v1.37.0", Major: "1", Minor: "37"}
	release := chartutil.ReleaseOptions{Name: name, Namespace: Namespace, Revision: 1, IsInstall: true}
	merged, err := chartutil.ToRenderValues(chart, values, release, capabilities)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	files, err := engine.Engine{}.Render(chart, merged)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var documents []string
	for _, path := range slices.Sorted(maps.Keys(files)) {
		if filepath.Ext(path) == ".yaml" {
			documents = append(documents, strings.Split("\n"+files[path], "\n---\n")...)
		}
	}
	return documents, nil
}

// Objects returns the rendered objects of a kind.
func Objects[T any](name, kind string, values map[string]any) ([]T, error) {
	documents, err := Render(name, values)
	if err != nil {
		return nil, err
	}
	return objects[T](documents, kind)
}

// objects returns those of a kind.
func objects[T any](documents []string, kind string) ([]T, error) {
	var objects []T
	for _, document := range documents {
		var head struct{ Kind string }
		if err := yaml.Unmarshal([]byte(document), &head); err != nil {
			return nil, fmt.Errorf("%w in\n%s", err, document)
		}
		if head.Kind != kind {
			continue
		}
		var object T
		if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
			return nil, fmt.Errorf("%w in\n%s", err, document)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

// on returns values that switch options on, as --set NAME.enabled=true does.
func on(names ...string) map[string]any {
	values := map[string]any{}
	for _, name := range names {
		values[name] = map[string]any{"enabled": true}
	}
	return values
}
