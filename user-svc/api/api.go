// Package api holds the OpenAPI document of user-svc.
package api

import _ "embed" // for the document

// Spec is the document, in YAML.
//
//go:embed openapi.yaml
var Spec []byte
