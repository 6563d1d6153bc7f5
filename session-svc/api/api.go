// Package api has session-svc's OpenAPI document.
package api

import _ "embed"

// Spec is the document, OpenAPI 3.1 in YAML.
//
//go:embed openapi.yaml
var Spec []byte
