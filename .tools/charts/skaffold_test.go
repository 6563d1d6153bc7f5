package charts

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// skaffold is the part of a document of skaffold.yaml that the tests look at.
type skaffold struct {
	Metadata struct{ Name string }
	Build    struct {
		Artifacts []struct {
			Image string
			Ko    struct{ Dir, Main string }
		}
	}
	Deploy struct {
		Helm struct{ Releases []skaffoldRelease }
	}
	Profiles []struct {
		Name    string
		Patches []struct {
			Path  string
			Value any
		}
	}
}

type skaffoldRelease struct {
	Name, Namespace, ChartPath string
	ValuesFiles                []string
}

// skaffold.yaml has one document for each service and one for what is around them, and every file in it exists. Those
// below .local are made by k8s/prepare.
func TestSkaffold(t *testing.T) {
	t.Parallel()
	root := filepath.Join(Folder(), "..")
	text, err := os.ReadFile(filepath.Join(root, "skaffold.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	exists := func(name, file string) {
		if _, err := os.Stat(filepath.Join(root, file)); err != nil && !strings.HasPrefix(file, ".local/") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var services []string
	for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var config skaffold
		if err := yaml.Unmarshal(document, &config); err != nil {
			t.Fatal(err)
		}
		name, releases := config.Metadata.Name, config.Deploy.Helm.Releases
		if name != "around" {
			services = append(services, name)
			builds := config.Build.Artifacts
			if len(builds) != 1 || builds[0].Image != name || builds[0].Ko.Dir != name || builds[0].Ko.Main != "./cmd/"+name {
				t.Errorf("%s: builds %v", name, builds)
			}
			if len(releases) != 1 || releases[0].Name != name || releases[0].Namespace != Namespace || releases[0].ChartPath != "charts/"+name {
				t.Fatalf("%s: releases %v", name, releases)
			}
		}
		for _, release := range releases {
			exists(name, release.ChartPath)
			for _, file := range release.ValuesFiles {
				exists(name, file)
			}
		}
		for _, profile := range config.Profiles {
			for _, patch := range profile.Patches {
				if file, ok := patch.Value.(string); ok && strings.HasSuffix(patch.Path, "/valuesFiles/-") {
					exists(name+", "+profile.Name, file)
				}
			}
		}
	}
	if slices.Sort(services); !slices.Equal(services, Services) {
		t.Errorf("there are documents of %v, and the services %v", services, Services)
	}
}

// A service has a folder, and its chart another of the same name.
func TestEveryServiceHasItsChart(t *testing.T) {
	t.Parallel()
	charts, err := filepath.Glob(filepath.Join(Folder(), "*-svc/Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range charts {
		charts[i] = filepath.Base(filepath.Dir(file))
	}
	if len(Services) == 0 || !slices.Equal(charts, Services) {
		t.Errorf("there are charts of %v, and the services %v", charts, Services)
	}
}
