package charts

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func read(t *testing.T, name, file string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(Folder(), name, file))
	if err != nil {
		t.Fatal(err)
	}
	var content map[string]any
	if err := yaml.Unmarshal(text, &content); err != nil { // JSON is YAML
		t.Fatal(err)
	}
	return content
}

// A value that no schema knows is a typo. What belongs to Kubernetes, such as a volume, is for Kubernetes to check.
func TestSchemasAreClosed(t *testing.T) {
	t.Parallel()
	for _, name := range Services {
		closed(t, name, read(t, name, "values.schema.json"))
	}
}

func closed(t *testing.T, path string, schema map[string]any) {
	t.Helper()
	properties, _ := schema["properties"].(map[string]any)
	if properties != nil && schema["additionalProperties"] != false {
		t.Errorf("%s: additionalProperties is not false", path)
	}
	for name, each := range properties {
		closed(t, path+"."+name, each.(map[string]any))
	}
	if definitions, ok := schema["$defs"].(map[string]any); ok {
		for name, each := range definitions {
			closed(t, path+".$defs."+name, each.(map[string]any))
		}
	}
	if items, ok := schema["items"].(map[string]any); ok {
		closed(t, path+"[]", items)
	}
}

// ofHelm are the values that Helm adds under an umbrella chart, and those that steer it there.
var ofHelm = []string{"enabled", "global", "service-lib", "tags"}

// Every value has a place in the schema, and every place a value, so that the README's table has them all.
func TestValuesAndSchemasHaveTheSameNames(t *testing.T) {
	t.Parallel()
	for _, name := range Services {
		schema := read(t, name, "values.schema.json")
		definitions, _ := schema["$defs"].(map[string]any)
		var compare func(path string, schema, values map[string]any)
		compare = func(path string, schema, values map[string]any) {
			if ref, ok := schema["$ref"].(string); ok {
				schema = definitions[strings.TrimPrefix(ref, "#/$defs/")].(map[string]any)
			}
			properties, _ := schema["properties"].(map[string]any)
			for key, each := range properties {
				value, there := values[key]
				switch nested, isMap := value.(map[string]any); {
				case !there && !slices.Contains(ofHelm, key):
					t.Errorf("%s.%s is in the schema alone", path, key)
				case isMap && len(nested) > 0:
					compare(path+"."+key, each.(map[string]any), nested)
				}
			}
			for key := range values {
				if _, there := properties[key]; properties != nil && !there {
					t.Errorf("%s.%s is in the values alone", path, key)
				}
			}
		}
		compare(name, schema, read(t, name, "values.yaml"))
	}
}

// The charts share most of their values. Those of the same name mean the same, and are checked in the same way.
func TestSchemasAgree(t *testing.T) {
	t.Parallel()
	own := map[string]bool{"token": true, "secrets": true, "tests": true}
	first := read(t, Services[0], "values.schema.json")
	for _, name := range Services[1:] {
		other := read(t, name, "values.schema.json")
		if !reflect.DeepEqual(first["$defs"], other["$defs"]) {
			t.Errorf("%s and %s: other $defs", Services[0], name)
		}
		properties := other["properties"].(map[string]any)
		for key, each := range first["properties"].(map[string]any) {
			if there, ok := properties[key]; ok && !own[key] && !reflect.DeepEqual(each, there) {
				a, _ := json.Marshal(each)
				b, _ := json.Marshal(there)
				t.Errorf("%s is %s in %s, and %s in %s", key, a, Services[0], b, name)
			}
		}
	}
}
