package charts

import (
	"path/filepath"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
)

// TestHelmLint runs "helm lint --strict" with the default values, and with those that k8s/values lays over them.
func TestHelmLint(t *testing.T) {
	t.Parallel()
	kubernetes := &chartutil.KubeVersion{Version: "v1.37.0", Major: "1", Minor: "37"}
	files, err := filepath.Glob(filepath.Join(Folder(), "../*/*/Chart.yaml"))
	if err != nil || len(files) < len(Services) {
		t.Fatal(files, err)
	}
	for _, file := range files {
		chart := filepath.Dir(file)
		layers, err := filepath.Glob(filepath.Join(Folder(), "../k8s/values/*", filepath.Base(chart)+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, layer := range append([]string{""}, layers...) {
			values, err := chartutil.ReadValuesFile(layer)
			if layer != "" && err != nil {
				t.Fatal(err)
			}
			for _, message := range lint.AllWithKubeVersion(chart, values, Namespace, kubernetes).Messages {
				if message.Severity >= support.WarningSev {
					t.Errorf("%s %s: %v", chart, layer, message)
				}
			}
		}
	}
}
