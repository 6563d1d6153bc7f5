package kube

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

// Release is an installed chart as it was found.
type Release struct {
	Name string
	// Values and Image are files: the values that were set for the release, and those among them that say which image
	// it runs.
	Values, Image string

	cluster *Cluster
}

// Release looks up a service's release, and writes its values into a folder.
func (c *Cluster) Release(ctx context.Context, name, folder string) (*Release, error) {
	text, err := c.Helm(ctx, "get", "values", name, "--namespace", Namespace, "--output", "yaml")
	if err != nil {
		return nil, err
	}
	var values struct {
		Image map[string]any `json:"image"`
	}
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		return nil, fmt.Errorf("values of %s: %w", name, err)
	}
	image, err := yaml.Marshal(values)
	if err != nil {
		return nil, fmt.Errorf("values of %s: %w", name, err)
	}
	r := &Release{Name: name, Values: filepath.Join(folder, name+".yaml"), Image: filepath.Join(folder, name+"-image.yaml"), cluster: c}
	for file, text := range map[string][]byte{r.Values: []byte(text), r.Image: image} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return nil, fmt.Errorf("values of %s: %w", name, err)
		}
	}
	return r, nil
}

// Upgrade upgrades it to today's chart, with the values that it had and the arguments. It doesn't wait for the pods.
func (r *Release) Upgrade(ctx context.Context, args ...string) error {
	return r.UpgradeTo(ctx, "charts/"+r.Name, append([]string{"--values", r.Values}, args...)...)
}

// UpgradeTo upgrades it to the chart in a folder, with the arguments alone.
func (r *Release) UpgradeTo(ctx context.Context, chart string, args ...string) error {
	_, err := r.cluster.Helm(ctx, append([]string{"upgrade", r.Name, chart, "--namespace", Namespace, "--reset-values"}, args...)...)
	return err
}
