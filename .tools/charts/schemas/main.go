// Schemas writes the values.schema.json of the services' charts. Each is made of schema.yaml of service-lib, which all
// of them share, and the chart's own schema.yaml.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: schemas FOLDER CHART...")
		os.Exit(2)
	}
	for _, chart := range os.Args[2:] {
		if err := write(os.Args[1], chart); err != nil {
			fmt.Fprintf(os.Stderr, "schema of %s: %v\n", chart, err)
			os.Exit(1)
		}
	}
}

func write(folder, chart string) error {
	schema, err := read(filepath.Join(folder, "service-lib/schema.yaml"))
	if err != nil {
		return err
	}
	own, err := read(filepath.Join(folder, chart, "schema.yaml"))
	if err != nil {
		return err
	}
	if err := add(schema, own); err != nil {
		return err
	}
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	closeAll(schema)
	var text bytes.Buffer
	encoder := json.NewEncoder(&text) // sorts the keys
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(schema); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, chart, "values.schema.json"), text.Bytes(), 0o644) //nolint:gosec // a source, which everybody may read
}

func read(file string) (map[string]any, error) {
	text, err := os.ReadFile(file) //nolint:gosec // in the folder that make names
	if err != nil {
		return nil, err
	}
	var content map[string]any
	if err := yaml.UnmarshalStrict(text, &content); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return content, nil
}

// add adds a chart's own values. It is an error to repeat, or to change, a value that all charts have.
func add(schema, own map[string]any) error {
	var errs error
	for key, value := range own {
		there, known := schema[key]
		nested, isMap := there.(map[string]any)
		further, bothMaps := value.(map[string]any)
		switch {
		case !known:
			schema[key] = value
		case isMap && bothMaps:
			if err := add(nested, further); err != nil {
				errs = errors.Join(errs, fmt.Errorf("%s.%w", key, err))
			}
		default:
			errs = errors.Join(errs, fmt.Errorf("%s: is in service-lib/schema.yaml as well", key))
		}
	}
	return errs
}

// closeAll forbids other properties in every schema that lists properties.
func closeAll(schema any) {
	switch schema := schema.(type) {
	case map[string]any:
		if _, listed := schema["properties"]; listed {
			schema["type"], schema["additionalProperties"] = "object", false
		}
		for _, nested := range schema {
			closeAll(nested)
		}
	case []any:
		for _, nested := range schema {
			closeAll(nested)
		}
	}
}
