// Render writes the OpenAPI documents of several services as one page that needs no server.
//
//	render -out FOLDER SERVICE=FILE…
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"streamgate/libs/apidocs"
)

func main() {
	out := flag.String("out", "", "folder to write to")
	flag.Parse()
	if err := render(*out, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

// page shows one document at a time, and loads them from the folder itself, since a page opened from a disk may fetch
// nothing.
const page = `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Streamgate API</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="swagger-ui.css">
  <style>nav { padding: 1rem; font: 1rem sans-serif } nav a { margin-right: 1.5rem }</style>
</head>
<body>
  <nav id="services"></nav>
  <div id="api"></div>
  <script src="swagger-ui-bundle.js"></script>
  <script src="documents.js"></script>
  <script>
    const names = Object.keys(documents);
    document.getElementById("services").innerHTML = names.map(name => "<a href='#" + name + "'>" + name + "</a>").join("");
    const show = () => {
      const name = names.find(name => location.hash === "#" + name) || names[0];
      SwaggerUIBundle({ spec: documents[name], dom_id: "#api", validatorUrl: null });
    };
    addEventListener("hashchange", show);
    show();
  </script>
</body>
</html>
`

func render(out string, services []string) error {
	if out == "" || len(services) == 0 {
		return errors.New("usage: render -out FOLDER SERVICE=FILE…")
	}
	if err := os.MkdirAll(out, 0o750); err != nil {
		return fmt.Errorf("folder: %w", err)
	}
	var documents strings.Builder
	documents.WriteString("const documents = {\n")
	for _, each := range services {
		service, file, _ := strings.Cut(each, "=")
		document, err := openapi3.NewLoader().LoadFromFile(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		text, err := json.Marshal(document, jsontext.EscapeForJS(true), json.Deterministic(true))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		fmt.Fprintf(&documents, "%q: %s,\n", service, text)
	}
	documents.WriteString("};\n")
	files := map[string]io.Reader{"index.html": strings.NewReader(page), "documents.js": strings.NewReader(documents.String())}
	for _, name := range apidocs.Assets() {
		text, err := apidocs.Asset(name)
		if err != nil {
			return err
		}
		files[name] = text
	}
	for name, text := range files {
		content, err := io.ReadAll(text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(out, name), content, 0o644); err != nil { //nolint:gosec // documentation may be read by all
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}
