package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"streamgate/libs/devstack/routes"
)

// write creates a repository of services, each with the text of its run.yaml.
func write(t *testing.T, texts map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range texts {
		for file, text := range map[string]string{"go.mod": "module x\n", "run.yaml": text} {
			if text == "" {
				continue
			}
			file = filepath.Join(root, name, file)
			if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return root
}

func TestPathsLeadToTheirServices(t *testing.T) {
	t.Parallel()
	services := found(t)
	table, err := table(services)
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/users/me": "user-svc", "/auth": "user-svc", "/password-resets/abc": "user-svc", "/.well-known/jwks.json": "user-svc",
		"/content/x/play": "session-svc", "/streams/events": "session-svc", "/sessions": "session-svc", "/accounts/abc/streams": "session-svc",
		"/docs": "session-svc", "/media/grant/clip.mp4": "content-svc", "/docs/": "", "/internal/sessions": "", "/metrics": "",
	} {
		if got, _ := table.Match(path); got != want {
			t.Errorf("%s leads to %q, want %q", path, got, want)
		}
	}
	for _, service := range services {
		if got, _ := table.Match("/docs/" + service.Name + "/openapi.yaml"); got != service.Name {
			t.Errorf("the documentation of %s leads to %q", service.Name, got)
		}
	}
}

func TestTwoServicesCantHaveOnePort(t *testing.T) {
	t.Parallel()
	root := write(t, map[string]string{"a-svc": "port: 9500", "b-svc": "port: 9500"})
	if _, err := Find(root); err == nil || !strings.Contains(err.Error(), "a-svc and b-svc") {
		t.Error(err)
	}
	services, err := Find(write(t, map[string]string{"a-svc": "paths: []", "b-svc": "port: 9010"}))
	if err != nil || services[0].Public != 9020 || services[1].Public != 9010 {
		t.Errorf("%+v, %v", services, err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	root := write(t, map[string]string{
		"b-svc": "paths: [{path: /b}, {path: /docs, exact: true}]\nwiring: {A: \"${redis}\"}", "a-svc": "paths: [{path: /a}]", "libs": "no service",
	})
	if err := os.Mkdir(filepath.Join(root, "c-svc"), 0o700); err != nil { // left over from another branch, with what git ignores
		t.Fatal(err)
	}
	services, err := Find(root)
	if err != nil || len(services) != 2 {
		t.Fatal(services, err)
	}
	a, b := services[0], services[1]
	if a.Name != "a-svc" || b.Name != "b-svc" || b.Wiring["A"] != "${redis}" || b.Paths[1] != (routes.Path{Path: "/docs", Exact: true}) {
		t.Errorf("%+v", services)
	}
	if a.Operations >= b.Public {
		t.Errorf("%s has the port %d, and %s %d", a.Name, a.Operations, b.Name, b.Public)
	}
}

func TestFaultyServices(t *testing.T) {
	t.Parallel()
	for want, texts := range map[string]map[string]string{
		"how to start a-svc:":                              {"a-svc": ""},
		"field path not found":                             {"a-svc": "path: /a"},
		"/same leads to a-svc and to b-svc; each path has": {"a-svc": "paths: [{path: /same}]", "b-svc": "paths: [{path: /same}]"},
	} {
		services, err := Find(write(t, texts))
		if err == nil {
			_, err = table(services)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
